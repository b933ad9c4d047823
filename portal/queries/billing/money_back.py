"""What the treasurer sees of one sponsor's money: payments, what went back, disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.changes import ChangeState
from portal.domain.documents import BILLED_CHANGE
from portal.domain.errors import NotFound
from portal.domain.ledger import Account
from portal.domain.money import Money
from portal.domain.money_back import DisputeStanding, RefundStanding
from portal.domain.sponsorship import GOOD_STANDING, Commercial, Term
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, Settlement
from portal.models.ledger import LedgerEntry
from portal.models.money_back import Dispute, Refund
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion

_GONE = (RefundStanding.ASKED, RefundStanding.PENDING, RefundStanding.DONE)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Money that went back, or is to."""

    money: Money
    state: RefundStanding
    reason: str
    asked_by: str
    asked_at: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """A payment that the payer's bank questions."""

    money: Money
    state: DisputeStanding
    reason: str
    opened_at: datetime
    answer_until: datetime | None


@dataclass(frozen=True, slots=True)
class PaidLine:
    """One payment: what is ``left`` of it, and whether giving all of it back ends standing.

    Where it paid the difference of an upgrade, standing goes back to ``steps_back`` instead: the
    tier's name and voting weight.
    """

    id: int
    money: Money
    left: Money
    paid_at: datetime
    processor: str
    tier_name: str
    ends_standing: bool
    steps_back: tuple[str, int] | None
    refunds: tuple[RefundLine, ...]
    disputes: tuple[DisputeLine, ...]


@dataclass(frozen=True, slots=True)
class SponsorMoneyPage:
    """One sponsorship's money, the newest payment first.

    ``credit`` is what the organization paid too much at the project and nothing has used.
    """

    reference: str
    name: str
    tier_name: str
    voting_weight: int
    term: Term
    commercial: Commercial
    credit: Money
    payments: tuple[PaidLine, ...]


def find_sponsor_money(project_id: int, reference: str, *, now: datetime) -> SponsorMoneyPage:
    """The payments of a project's sponsorship, in seven statements; refuses another project's."""
    row = db.session.scalar(
        select(Sponsorship)
        .options(joinedload(Sponsorship.organization), joinedload(Sponsorship.tier_snapshot))
        .where(Sponsorship.project_id == project_id, Sponsorship.reference == reference)
    )
    if row is None:
        raise NotFound("sponsorship")
    buyer: Organization = row.organization
    payments = db.session.scalars(
        select(Payment)
        .options(joinedload(Payment.tier_snapshot))
        .where(Payment.sponsorship_id == row.id)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
    ).all()
    ids = [payment.id for payment in payments]
    refunds = db.session.scalars(
        select(Refund).where(Refund.payment_id.in_(ids)).order_by(Refund.id)
    ).all()
    disputes = db.session.scalars(
        select(Dispute).where(Dispute.payment_id.in_(ids)).order_by(Dispute.id)
    ).all()
    runs, upgraded = row.term in GOOD_STANDING, _upgraded(ids)
    credit = db.session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
            LedgerEntry.project_id == project_id,
            LedgerEntry.account == Account.CREDIT,
            LedgerEntry.organization_id == row.organization_id,
            LedgerEntry.currency == row.tier_snapshot.currency,
        )
    )
    return SponsorMoneyPage(
        reference=row.reference,
        name=buyer.name,
        tier_name=row.tier_snapshot.name,
        voting_weight=row.tier_snapshot.voting_weight,
        term=row.term,
        commercial=row.commercial,
        credit=Money(max(0, -int(credit or 0)), row.tier_snapshot.currency),
        payments=tuple(
            _line(
                payment,
                [each for each in refunds if each.payment_id == payment.id],
                [each for each in disputes if each.payment_id == payment.id],
                ends=runs and payment.term_ends_at > now,
                before=upgraded.get(payment.id),
            )
            for payment in payments
        ),
    )


def _upgraded(payments: list[int]) -> dict[int, TierVersion]:
    """For payments of an upgrade's difference, whole or in part, the tier before it."""
    by_invoice = (
        select(Settlement.payment_id, Document.occasion)
        .join(Document, Document.id == Settlement.invoice_id)
        .where(Settlement.payment_id.in_(payments), Document.occasion.startswith(BILLED_CHANGE))
        .subquery()
    )
    rows = db.session.execute(
        select(
            SponsorshipChange,
            func.coalesce(by_invoice.c.payment_id, SponsorshipChange.payment_id),
        )
        .options(joinedload(SponsorshipChange.before))
        .outerjoin(by_invoice, by_invoice.c.occasion == BILLED_CHANGE + SponsorshipChange.reference)
        .where(
            SponsorshipChange.state == ChangeState.DONE,
            SponsorshipChange.payment_id.in_(payments) | by_invoice.c.payment_id.is_not(None),
        )
    )
    return {payment_id: change.before for change, payment_id in rows}


def _line(
    payment: Payment,
    refunds: list[Refund],
    disputes: list[Dispute],
    *,
    ends: bool,
    before: TierVersion | None,
) -> PaidLine:
    gone = sum(each.amount_minor for each in refunds if each.state in _GONE)
    gone += sum(
        each.amount_minor
        for each in disputes
        if each.state in (DisputeStanding.OPEN, DisputeStanding.LOST)
    )
    return PaidLine(
        id=payment.id,
        money=Money(payment.amount_minor, payment.currency),
        left=Money(max(0, payment.amount_minor - gone), payment.currency),
        paid_at=payment.paid_at,
        processor=payment.processor,
        tier_name=payment.tier_snapshot.name,
        ends_standing=ends and before is None,
        steps_back=(before.name, before.voting_weight) if ends and before else None,
        refunds=tuple(
            RefundLine(
                Money(each.amount_minor, each.currency),
                each.state,
                each.reason,
                each.asked_by,
                each.asked_at,
                each.problem,
            )
            for each in refunds
        ),
        disputes=tuple(
            DisputeLine(
                Money(each.amount_minor, each.currency),
                each.state,
                each.reason,
                each.opened_at,
                each.answer_until,
            )
            for each in disputes
        ),
    )
