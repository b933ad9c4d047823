"""A treasurer's desk: what needs doing today, money per month, and rows for bookkeeping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.ledger import Account, Cause
from portal.domain.money import Money
from portal.domain.sponsorship import Term
from portal.models.bank_imports import BankLine, LineState
from portal.models.billing import Checkout, CheckoutStatus, Payment
from portal.models.documents import AgreementVersion, Document, Settlement
from portal.models.figures import LedgerMonth
from portal.models.ledger import LedgerEntry
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.queries.billing.documents import DocumentLine, list_open_invoices

_SOON = timedelta(days=60)
_SHOWN = 20
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class StakeLine:
    """A sponsorship that needs a look; ``at`` is when its grace or its term ends."""

    reference: str
    organization: str
    tier: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class CreditLine:
    """What an organization paid too much; ``reference`` is its newest sponsorship."""

    reference: str
    organization: str
    amount: Money


@dataclass(frozen=True, slots=True)
class ToMatch:
    """An incoming payment of a bank statement that no invoice has yet."""

    id: int
    booked_on: date
    amount: Money
    payer: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Month:
    """Money of one month, ``2026-11``: what came in, and what was billed."""

    month: str
    received: Money
    earned: Money


@dataclass(frozen=True, slots=True)
class TreasuryDesk:
    """What needs the treasurer today, and what stands."""

    overdue: tuple[DocumentLine, ...]
    waiting: tuple[DocumentLine, ...]
    to_match: tuple[ToMatch, ...]
    to_match_count: int
    failing: tuple[StakeLine, ...]
    expiring: tuple[StakeLine, ...]
    mismatches: tuple[StakeLine, ...]
    credits: tuple[CreditLine, ...]
    months: tuple[Month, ...]
    open_total: Money
    overdue_total: Money


def find_treasury_desk(project_id: int, currency: str, *, now: datetime) -> TreasuryDesk:
    """The treasurer's day, in eight statements."""
    invoices = list_open_invoices(now=now, project_id=project_id)
    overdue = tuple(each for each in invoices if each.state == "overdue")
    waiting = tuple(each for each in invoices if each.state != "overdue")
    return TreasuryDesk(
        overdue=overdue,
        waiting=waiting,
        to_match=list_to_match(project_id, limit=_SHOWN),
        to_match_count=count_to_match(project_id),
        failing=_failing(project_id),
        expiring=_expiring(project_id, now=now),
        mismatches=_mismatches(project_id),
        credits=_credits(project_id),
        months=_months(project_id, currency, now=now),
        open_total=_sum(invoices, currency),
        overdue_total=_sum(overdue, currency),
    )


def list_to_match(project_id: int, *, limit: int) -> tuple[ToMatch, ...]:
    """Incoming payments that wait for an invoice, the newest first."""
    rows = db.session.scalars(
        select(BankLine)
        .where(BankLine.project_id == project_id, BankLine.state == LineState.TO_MATCH)
        .order_by(BankLine.booked_on.desc(), BankLine.id.desc())
        .limit(limit)
    )
    return tuple(
        ToMatch(row.id, row.booked_on, Money(row.amount_minor, row.currency), row.payer,
                row.purpose)
        for row in rows
    )  # fmt: skip


def count_to_match(project_id: int) -> int:
    """How many incoming payments wait for an invoice."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(BankLine)
            .where(BankLine.project_id == project_id, BankLine.state == LineState.TO_MATCH)
        )
        or 0
    )


def find_agreements(project_id: int) -> tuple[tuple[int, str, str, datetime], ...]:
    """Versions of the agreement, the newest first: number, text, by whom, when."""
    rows = db.session.scalars(
        select(AgreementVersion)
        .where(AgreementVersion.project_id == project_id)
        .order_by(AgreementVersion.number.desc())
    )
    return tuple((row.number, row.text, row.written_by, row.written_at) for row in rows)


DOCUMENT_COLUMNS = (
    "number", "kind", "issued_on", "due_on", "organization", "buyer_tax_id", "buyer_country",
    "currency", "net", "tax", "total", "tax_rate_percent", "tax_treatment", "purchase_order",
    "payment_reference", "state", "open", "belongs_to",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "paid_on", "organization", "tier", "currency", "amount", "method", "reference", "invoice",
    "term_from", "term_to",
)  # fmt: skip


def stream_documents(project_id: int) -> Iterator[tuple[str, ...]]:
    """A project's documents for bookkeeping, oldest first, read a thousand at a time."""
    yield DOCUMENT_COLUMNS
    rows = db.session.scalars(
        select(Document)
        .options(joinedload(Document.standing), joinedload(Document.organization))
        .where(Document.project_id == project_id)
        .order_by(Document.id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        money = [
            str(Money(minor, row.currency).decimal)
            for minor in (row.net_minor, row.tax_minor, row.total_minor)
        ]
        yield (
            row.number, row.kind.value, row.issued_on.isoformat(),
            row.due_on.isoformat() if row.due_on else "", row.snapshot["buyer"]["legal_name"],
            row.snapshot["buyer"]["tax_id"], row.snapshot["buyer"]["country"], row.currency,
            *money, str(Money(row.tax_rate, "KWD").decimal), row.treatment.value, row.po_number,
            row.payment_reference, row.standing.state.value,
            str(Money(row.standing.open_minor, row.currency).decimal), row.snapshot["follows"],
        )  # fmt: skip


def stream_payments(project_id: int) -> Iterator[tuple[str, ...]]:
    """A project's payments for bookkeeping, oldest first, read a thousand at a time."""
    yield PAYMENT_COLUMNS
    rows = db.session.execute(
        select(Payment, Organization.name, TierVersion.name, Document.number)
        .join(Sponsorship, Sponsorship.id == Payment.sponsorship_id)
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .join(TierVersion, TierVersion.id == Payment.tier_snapshot_id)
        .outerjoin(Settlement, Settlement.payment_id == Payment.id)
        .outerjoin(Document, Document.id == Settlement.invoice_id)
        .where(Sponsorship.project_id == project_id)
        .order_by(Payment.paid_at, Payment.id)
        .execution_options(yield_per=1000)
    )
    for payment, organization, tier, invoice in rows:
        yield (
            payment.paid_at.date().isoformat(), organization, tier, payment.currency,
            str(Money(payment.amount_minor, payment.currency).decimal), payment.processor,
            payment.processor_payment_id, invoice or "",
            payment.term_starts_at.date().isoformat(), payment.term_ends_at.date().isoformat(),
        )  # fmt: skip


def _failing(project_id: int) -> tuple[StakeLine, ...]:
    rows = db.session.execute(
        select(Sponsorship.reference, Organization.name, TierVersion.name,
               Sponsorship.grace_ends_at)
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(Sponsorship.project_id == project_id, Sponsorship.term == Term.GRACE)
        .order_by(Sponsorship.grace_ends_at)
        .limit(_SHOWN)
    )  # fmt: skip
    return tuple(StakeLine(*row, "") for row in rows)


def _expiring(project_id: int, *, now: datetime) -> tuple[StakeLine, ...]:
    rows = db.session.scalars(
        select(Sponsorship)
        .options(joinedload(Sponsorship.organization), joinedload(Sponsorship.tier_snapshot))
        .where(
            Sponsorship.project_id == project_id,
            Sponsorship.term == Term.ACTIVE,
            Sponsorship.term_ends_at <= now + _SOON,
        )
        .order_by(Sponsorship.term_ends_at)
        .limit(_SHOWN)
    )
    return tuple(
        StakeLine(
            row.reference,
            row.organization.name,
            row.tier_snapshot.name,
            row.term_ends_at,
            "renews" if row.renews and not row.cancel_at_term_end else "ends",
        )
        for row in rows
    )


def _mismatches(project_id: int) -> tuple[StakeLine, ...]:
    rows = db.session.scalars(
        select(Checkout)
        .join(Sponsorship, Sponsorship.id == Checkout.sponsorship_id)
        .options(
            joinedload(Checkout.sponsorship).joinedload(Sponsorship.organization),
            joinedload(Checkout.tier_snapshot),
        )
        .where(Sponsorship.project_id == project_id, Checkout.status == CheckoutStatus.MISMATCHED)
        .order_by(Checkout.id.desc())
        .limit(_SHOWN)
    )
    return tuple(
        StakeLine(
            row.reference,
            row.sponsorship.organization.name,
            row.tier_snapshot.name,
            row.started_at,
            row.problem,
        )
        for row in rows
    )


def _credits(project_id: int) -> tuple[CreditLine, ...]:
    newest = (
        select(Sponsorship.reference)
        .where(
            Sponsorship.organization_id == LedgerEntry.organization_id,
            Sponsorship.project_id == project_id,
        )
        .order_by(Sponsorship.id.desc())
        .limit(1)
        .correlate(LedgerEntry)
        .scalar_subquery()
    )
    total = func.sum(LedgerEntry.amount_minor)
    rows = db.session.execute(
        select(newest, Organization.name, LedgerEntry.currency, total)
        .join(Organization, Organization.id == LedgerEntry.organization_id)
        .where(LedgerEntry.project_id == project_id, LedgerEntry.account == Account.CREDIT)
        .group_by(LedgerEntry.organization_id, Organization.name, LedgerEntry.currency)
        .having(total < 0)
        .order_by(Organization.name)
    )
    return tuple(
        CreditLine(reference, name, Money(-int(amount), currency))
        for reference, name, currency, amount in rows
        if reference is not None
    )


def _months(project_id: int, currency: str, *, now: datetime) -> tuple[Month, ...]:
    """The last twelve months by the ledger: payments in, and income with its tax."""
    months = _last_months(now)
    cash = LedgerMonth.account.in_((Account.BANK, Account.CARD_CLEARING))
    earned = LedgerMonth.account.in_((Account.INCOME_TIERS, Account.INCOME_GIFTS, Account.TAX))
    paid = LedgerMonth.cause.in_((Cause.PAYMENT, Cause.GIFT))
    rows = db.session.execute(
        select(
            LedgerMonth.month,
            func.sum(case((cash & paid, LedgerMonth.amount_minor), else_=0)),
            func.sum(case((earned, -LedgerMonth.amount_minor), else_=0)),
        )
        .where(
            LedgerMonth.project_id == project_id,
            LedgerMonth.currency == currency,
            LedgerMonth.month >= months[0],
        )
        .group_by(LedgerMonth.month)
    )
    found = {month: (int(received or 0), int(billed or 0)) for month, received, billed in rows}
    return tuple(
        Month(month, *(Money(minor, currency) for minor in found.get(month, (0, 0))))
        for month in months
    )


def _last_months(now: datetime) -> list[str]:
    count = now.year * 12 + now.month - 1
    return [
        f"{number // 12:04d}-{number % 12 + 1:02d}"
        for number in range(count - _MONTHS + 1, count + 1)
    ]


def _sum(invoices: tuple[DocumentLine, ...], currency: str) -> Money:
    return Money(
        sum(each.open.amount_minor for each in invoices if each.open.currency == currency), currency
    )
