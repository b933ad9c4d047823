"""Sellers, buyers and invoices for tests, made through the verbs that people use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.documents import BANK, DocumentKind
from portal.domain.money import Money
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sellers import BillingData, Seller
from portal.models.documents import Document
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.billing.bank_payments import Arrival, record_payment
from portal.services.billing.quotes import accept_quote, quote_tier
from portal.services.billing.sellers import save_billing_data, save_seller, write_agreement
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_tier,
)

SITE = "http://localhost"
SELLER = Seller(
    legal_name="Kelpline e.V.",
    address="Hafenstraße 1\n20457 Hamburg",
    country="DE",
    tax_id="DE136695976",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    charges_tax=True,
    tax_rate=19_000,
    prefix="KELP",
)
BUYER = BillingData("Acme BV", "Keizersgracht 1\n1015 AB Amsterdam", "NL", "NL004495445B01")


@dataclass
class Trade:
    """A project that sells by invoice, its treasurer, and a company that buys."""

    project: Project
    tier: TierVersion
    treasurer: Actor
    organization: Organization
    buyer: Actor

    def quote(self, *, now: datetime = NOW) -> str:
        with transaction():
            return quote_tier(
                self.buyer, self.project.id, self.tier.tier.slug, self.organization.id,
                version=self.tier.number, now=now,
            )  # fmt: skip

    def order(self, *, now: datetime = NOW, po_number: str = "PO 77") -> Document:
        """Quote and accept; the invoice."""
        quote = self.quote(now=now)
        with transaction():
            reference = accept_quote(
                self.buyer, self.organization.id, quote, agreement=1, po_number=po_number,
                site=SITE, now=now,
            )  # fmt: skip
        return self.document(reference)

    def pay(
        self, invoice: Document, minor: int | None = None, *, on: date | None = None,
        reference: str = "statement 12", source: str = BANK, seen_open: int | None = None,
        now: datetime = NOW, actor: Actor | None = None,
    ) -> Money:  # fmt: skip
        seen = self.document(invoice.reference).standing.open_minor
        amount = Money(seen if minor is None else minor, invoice.currency)
        arrival = Arrival(
            amount, on or now.date(), reference, source, seen if seen_open is None else seen_open
        )
        with transaction():
            return record_payment(
                actor or self.treasurer, self.project.id, invoice.reference, arrival,
                site=SITE, now=now,
            )  # fmt: skip

    def document(self, reference: str) -> Document:
        return db.session.scalars(
            select(Document)
            .where(Document.reference == reference)
            .execution_options(populate_existing=True)
        ).one()

    def documents(self, kind: DocumentKind) -> list[Document]:
        return list(
            db.session.scalars(
                select(Document)
                .where(Document.project_id == self.project.id, Document.kind == kind)
                .order_by(Document.id)
            )
        )

    @property
    def stake(self) -> Sponsorship:
        return db.session.scalars(
            select(Sponsorship)
            .where(Sponsorship.organization_id == self.organization.id)
            .execution_options(populate_existing=True)
        ).one()


def make_trade(
    *, seller: Seller = SELLER, buyer: BillingData = BUYER, currency: str = "EUR", **tier: Any
) -> Trade:
    """Everything that buying by invoice needs; a tier at 1190.00 unless given."""
    keeper, contact = make_person("Priya"), make_person("Ilse")
    project = make_project(roles={keeper: [ProjectRole.TREASURER]})
    version = make_tier(project, **{"price_minor": 119_000, "currency": currency} | tier)
    organization = make_organization(roles={contact: [OrganizationRole.BILLING]})
    trade = Trade(project, version, actor_of(keeper), organization, actor_of(contact))
    with transaction():
        save_seller(trade.treasurer, project.id, seller, now=NOW)
        write_agreement(trade.treasurer, project.id, "We agree.", number=1, now=NOW)
        save_billing_data(trade.buyer, organization.id, buyer, now=NOW)
    return trade


def days(count: int) -> timedelta:
    return timedelta(days=count)
