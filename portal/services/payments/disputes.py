"""Payments that a payer's bank questions: weight rests, comes back, or ends (MONEY 5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.ledger import (
    Cause,
    Posting,
    correction,
    dispute_opened,
    dispute_won,
    processor_fee,
)
from portal.domain.money import Money
from portal.domain.money_back import DisputeAction, DisputeStanding, next_dispute
from portal.domain.permissions import SYSTEM
from portal.models.billing import Payment
from portal.models.money_back import Dispute
from portal.ports.payments import DisputeSeen, DisputeState
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.payments.stray_disputes import converge_stray_dispute
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.lost_payments import follow_lost_payment
from portal.services.sponsorship.payment_mail import mail_dispute
from portal.services.sponsorship.sponsorships import lock_sponsorship, note_event

_BY_PROCESSOR = "stripe"


def converge_dispute(seen: DisputeSeen, *, site: str, now: datetime) -> bool:
    """Bring our rows to what the processor says of a dispute; harmless when repeated.

    Whatever step was not seen is made up for: a dispute that was lost before we heard of it is
    opened, and then lost. False if it is of no payment we know.
    """
    payment = db.session.scalar(
        select(Payment).where(
            Payment.processor == _BY_PROCESSOR, Payment.processor_payment_id == seen.payment_id
        )
    )
    if payment is None:
        return converge_stray_dispute(seen, site=site, now=now)
    lock_sponsorship(payment.sponsorship_id)
    row = db.session.scalar(
        select(Dispute)
        .where(Dispute.processor_dispute_id == seen.dispute_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        row = _keep(seen, payment)
    if row.state in (DisputeStanding.WON, DisputeStanding.LOST):
        return True
    row.answer_until = seen.answer_until
    taken = seen.state in (DisputeState.OPEN, DisputeState.LOST)
    if taken and row.state is DisputeStanding.WARNED:
        _open(row, seen, site=site, now=now)
    if seen.state is DisputeState.WON:
        _win(row, seen, site=site, now=now)
    elif seen.state is DisputeState.LOST:
        _lose(row, site=site, now=now)
    return True


def find_open_disputes() -> list[str]:
    """The processor's ids of disputes that are not decided yet."""
    undecided = (DisputeStanding.WARNED, DisputeStanding.OPEN)
    return list(
        db.session.scalars(select(Dispute.processor_dispute_id).where(Dispute.state.in_(undecided)))
    )


def _keep(seen: DisputeSeen, payment: Payment) -> Dispute:
    row = Dispute(
        sponsorship=payment.sponsorship,
        payment=payment,
        processor_dispute_id=seen.dispute_id,
        amount_minor=seen.money.amount_minor,
        currency=seen.money.currency,
        state=DisputeStanding.WARNED,
        reason=seen.reason[:120],
        opened_at=seen.opened_at,
        answer_until=seen.answer_until,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _open(row: Dispute, seen: DisputeSeen, *, site: str, now: datetime) -> None:
    money = Money(row.amount_minor, row.currency)
    _move(row, DisputeAction.OPEN, f"{amount_text(money)} is disputed.", now=now)
    _post(row, "opened", Cause.DISPUTE, dispute_opened(money), now=now)
    if seen.fee is not None and seen.fee.amount_minor:
        row.fee_minor = seen.fee.amount_minor
        _post(row, "fee", Cause.FEE, processor_fee(seen.fee), now=now)
    mail_dispute(
        row.sponsorship,
        row.id,
        f"A payment to {row.sponsorship.project.name} is disputed",
        [
            f"The payer's bank questions the payment of {amount_text(money)}.",
            (
                "Until that is settled the sponsorship carries no voting weight in votes that"
                " open. If the dispute is withdrawn or won, the weight is back; if it is lost,"
                " the sponsorship ends."
            ),
        ],
        site=site,
        now=now,
    )


def _win(row: Dispute, seen: DisputeSeen, *, site: str, now: datetime) -> None:
    """The money is back; a fee stays away where the processor still names it."""
    money = Money(row.amount_minor, row.currency)
    taken = row.state is DisputeStanding.OPEN
    _move(row, DisputeAction.WIN, "The dispute is settled: the payment stands.", now=now)
    if not taken:
        return
    _post(row, "won", Cause.DISPUTE, dispute_won(money), now=now)
    if row.fee_minor and seen.fee is None:
        fee = processor_fee(Money(row.fee_minor, row.currency))
        _post(row, "fee_back", Cause.FEE, correction(fee), now=now)
    mail_dispute(
        row.sponsorship,
        row.id,
        f"The dispute about {row.sponsorship.project.name} is settled",
        [f"The payment of {amount_text(money)} stands. The voting weight counts again."],
        site=site,
        now=now,
    )


def _lose(row: Dispute, *, site: str, now: datetime) -> None:
    money = Money(row.amount_minor, row.currency)
    _move(row, DisputeAction.LOSE, f"The dispute is lost: {amount_text(money)} is gone.", now=now)
    reason = "A payment of this term was taken back by the payer's bank."
    follow_lost_payment(row.payment, reason, left_minor=0, actor=SYSTEM, site=site, now=now)


def _post(row: Dispute, step: str, cause: Cause, posting: Posting, *, now: datetime) -> None:
    post_transaction(
        row.sponsorship.project_id,
        posting,
        key=f"dispute:{row.processor_dispute_id}:{step}",
        cause=cause,
        actor=SYSTEM,
        now=now,
        occasion=Occasion(reference=row.processor_dispute_id, sponsorship_id=row.sponsorship_id),
    )


def _move(row: Dispute, action: DisputeAction, reason: str, *, now: datetime) -> None:
    before = row.state
    row.state = next_dispute(before, action)
    if row.state in (DisputeStanding.WON, DisputeStanding.LOST):
        row.settled_at = now
    note_event(row.sponsorship, "dispute", before, row.state, reason, actor=SYSTEM, now=now)
