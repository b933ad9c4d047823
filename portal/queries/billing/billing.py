"""A billing contact's desk: documents, what is due next, and how each sponsorship is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.documents import BANK
from portal.domain.errors import Obstacle
from portal.domain.ledger import Account
from portal.domain.money import Money
from portal.domain.sellers import BillingData, Seller, seller_obstacles
from portal.domain.sponsorship import RUNNING, Collection, Term
from portal.domain.tiers import Interval
from portal.models.documents import SellerRow
from portal.models.ledger import LedgerEntry
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.queries.billing.card_receipts import CardReceipt, list_card_receipts
from portal.queries.billing.documents import DocumentLine, list_documents, list_open_invoices


@dataclass(frozen=True, slots=True)
class Paid:
    """How a sponsorship is paid, and what is paid next; ``method`` names the way."""

    reference: str
    project: str
    tier: str
    price: Money
    interval: Interval
    term: Term
    method: str
    po_number: str
    next_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Credit:
    """What was paid too much at a project; ``email`` is the seller's, if there is one."""

    project: str
    amount: Money
    email: str


@dataclass(frozen=True, slots=True)
class BillingDesk:
    """Everything about money that concerns an organization."""

    data: BillingData
    open: tuple[DocumentLine, ...]
    documents: tuple[DocumentLine, ...]
    older: int | None
    receipts: tuple[CardReceipt, ...]
    paid: tuple[Paid, ...]
    credits: tuple[Credit, ...]


def find_billing_desk(
    organization_id: int, *, before: int | None = None, now: datetime
) -> BillingDesk:
    """The desk of an organization's billing contact, in six statements."""
    organization = db.session.get_one(Organization, organization_id)
    documents, older = list_documents(now=now, organization_id=organization_id, before=before)
    return BillingDesk(
        data=BillingData(
            organization.legal_name,
            organization.address,
            organization.country,
            organization.tax_id,
        ),
        open=list_open_invoices(now=now, organization_id=organization_id),
        documents=documents,
        older=older,
        receipts=list_card_receipts(organization_id),
        paid=_paid(organization_id),
        credits=_credits(organization_id),
    )


def get_billing_data(organization_id: int) -> BillingData:
    """What documents say of a buyer."""
    organization = db.session.get_one(Organization, organization_id)
    return BillingData(
        organization.legal_name, organization.address, organization.country, organization.tax_id
    )


def find_invoice_obstacles(project_id: int) -> tuple[Obstacle, ...]:
    """Why nobody can buy by invoice from a project now; empty if they can."""
    seller = find_seller(project_id)
    return tuple(seller_obstacles(seller))


def find_seller(project_id: int) -> Seller | None:
    """The seller of a project, if it has said who that is."""
    row = db.session.scalar(select(SellerRow).where(SellerRow.project_id == project_id))
    return row.seller if row else None


def _paid(organization_id: int) -> tuple[Paid, ...]:
    rows = db.session.scalars(
        select(Sponsorship)
        .options(joinedload(Sponsorship.project), joinedload(Sponsorship.tier_snapshot))
        .where(Sponsorship.organization_id == organization_id, Sponsorship.term.in_(RUNNING))
        .order_by(Sponsorship.id)
    )
    return tuple(_one_paid(row, row.tier_snapshot) for row in rows)


def _one_paid(row: Sponsorship, tier: TierVersion) -> Paid:
    renews = row.renews and not row.cancel_at_term_end and row.term is not Term.PENDING
    return Paid(
        reference=row.reference,
        project=row.project.name,
        tier=tier.name,
        price=Money(tier.price_minor, tier.currency),
        interval=tier.interval,
        term=row.term,
        method=_method(row),
        po_number=row.po_number,
        next_at=row.term_ends_at if renews else None,
        ends_at=row.term_ends_at,
    )


def _method(row: Sponsorship) -> str:
    if row.processor != BANK and row.collection is Collection.INVOICE:
        return "online"
    return "card" if row.renewal_id else ("bank" if row.processor == BANK else row.processor)


def _credits(organization_id: int) -> tuple[Credit, ...]:
    rows = db.session.execute(
        select(
            Project.name,
            SellerRow.email,
            LedgerEntry.currency,
            func.sum(LedgerEntry.amount_minor),
        )
        .join(Project, Project.id == LedgerEntry.project_id)
        .outerjoin(SellerRow, SellerRow.project_id == Project.id)
        .where(
            LedgerEntry.organization_id == organization_id,
            LedgerEntry.account == Account.CREDIT,
        )
        .group_by(Project.name, SellerRow.email, LedgerEntry.currency)
        .having(func.sum(LedgerEntry.amount_minor) < 0)
        .order_by(Project.name)
    )
    return tuple(
        Credit(name, Money(-int(total), currency), email or "")
        for name, email, currency, total in rows
    )
