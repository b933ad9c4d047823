"""The demonstration's treasury: a seller, an agreement, invoices, a refund, a statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import BANK
from portal.domain.money import Money
from portal.domain.permissions import Actor, OrganizationRole
from portal.domain.sellers import Seller
from portal.models.billing import Payment
from portal.models.documents import Document
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.billing.bank_imports import begin_import, read_portion, upload_statement
from portal.services.billing.invoice_calendar import bill_next_term
from portal.services.billing.quotes import accept_quote, quote_tier
from portal.services.billing.sellers import save_seller, write_agreement
from portal.services.demonstration import texts
from portal.services.demonstration.cast import INVOICED
from portal.services.demonstration.people import Companies
from portal.services.payments.money_back import ask_refund

_SELLER = Seller(
    legal_name="Kelpline Foundation e.V.",
    address="Am Speicher 4\n20457 Hamburg",
    country="DE",
    tax_id="DE136695976",
    email="treasurer@kelpline.example",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    charges_tax=True,
    tax_rate=19_000,
    prefix="KELP",
)


def set_up_treasury(treasurer: Actor, project_id: int, *, now: datetime) -> None:
    """Say who sells and what buyers agree on, before the first sale."""
    save_seller(treasurer, project_id, _SELLER, now=now)
    write_agreement(treasurer, project_id, texts.AGREEMENT, number=1, now=now)


def play_treasury(
    treasurer: Actor,
    project_id: int,
    companies: Companies,
    tiers: dict[str, TierVersion],
    *,
    site: str,
    now: datetime,
) -> None:
    """Companies that buy by invoice, the next term of one that does, and a bank statement."""
    _give_back(treasurer, companies.by_name["Pinemoss Health"], site=site, now=now)
    _bill(companies.by_name["Brackwater Freight"], site=site, now=now)
    numbers = {}
    for seed in INVOICED:
        company, tier = companies.found(seed), tiers[seed.tier]
        numbers[seed.name] = _order(
            companies.casters[seed.name],
            company,
            tier,
            site=site,
            now=now - timedelta(days=seed.days_ago),
        )
    yesterday = now - timedelta(days=1)
    statement = texts.STATEMENT.format(
        day=f"{yesterday:%d.%m.%Y}", reference=numbers["Petrel Optics"].payment_reference
    )
    import_id = upload_statement(
        treasurer, project_id, statement.encode(), "statement-46.csv", now=yesterday
    )
    begin_import(treasurer, project_id, import_id, day_order="dmy", decimal=",", now=yesterday)
    read_portion(import_id)


def _give_back(treasurer: Actor, company: Organization, *, site: str, now: datetime) -> None:
    """Part of its payment, for help that it was promised and did not get."""
    payment = db.session.scalars(
        select(Payment).join(Sponsorship).where(Sponsorship.organization_id == company.id)
    ).one()
    ask_refund(
        treasurer,
        payment.sponsorship.project_id,
        payment.id,
        Money(40_000, payment.currency),
        reason="Eight hours of support that we could not give.",
        site=site,
        now=now - timedelta(days=65),
    )


def _bill(company: Organization, *, site: str, now: datetime) -> None:
    """Its next term is near: the invoice for it went out."""
    stake = db.session.scalars(
        select(Sponsorship).where(Sponsorship.organization_id == company.id)
    ).one()
    company.tax_id = "SE123456789701"
    stake.processor, stake.po_number = BANK, "PO-2291"
    db.session.flush()
    bill_next_term(stake.id, site=site, now=now - timedelta(days=3))


def _order(
    caster: Actor, company: Organization, tier: TierVersion, *, site: str, now: datetime
) -> Document:
    """A quote, accepted by the company's owner, who casts its ballots too."""
    owner = replace(caster, organizations={company.id: frozenset({OrganizationRole.OWNER})})
    quote = quote_tier(
        owner, tier.tier.project_id, tier.tier.slug, company.id, version=tier.number, now=now
    )
    reference = accept_quote(
        owner, company.id, quote, agreement=1, po_number="", site=site, now=now
    )
    return db.session.scalars(select(Document).where(Document.reference == reference)).one()
