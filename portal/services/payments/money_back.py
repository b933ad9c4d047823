"""Give money back: the treasurer asks, the processor pays, our rows converge (MONEY 4, 5).

``ask_refund`` is committed first; the processor is called with our reference as idempotency key;
``converge_refund`` keeps what it says, also of refunds that were begun at the processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.ledger import (
    Account,
    Cause,
    credit_note,
    credit_refunded,
    refund,
    refund_with_credit,
)
from portal.domain.money import Money
from portal.domain.money_back import (
    DisputeStanding,
    RefundAction,
    RefundStanding,
    check_refund,
    next_refund,
)
from portal.domain.permissions import SYSTEM, Actor, Permission, require
from portal.domain.text import clean_line
from portal.models.billing import Payment
from portal.models.documents import Document, Settlement
from portal.models.money_back import Dispute, Refund
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import RefundRequest, RefundSeen, RefundState
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.invoices import credit_of
from portal.services.books.ledger import Occasion, find_transaction, post_transaction, read_posting
from portal.services.books.payment_postings import find_payer
from portal.services.sponsorship.checkouts import new_reference
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.lost_payments import follow_lost_payment
from portal.services.sponsorship.payment_mail import mail_refund
from portal.services.sponsorship.sponsorships import lock_sponsorship, note_event

# Processors forget idempotency keys after a day.
_KEY_LIVES = timedelta(hours=23)
_GONE = (RefundStanding.ASKED, RefundStanding.PENDING, RefundStanding.DONE)
_BY_PROCESSOR = "stripe"


def ask_refund(
    actor: Actor,
    project_id: int,
    payment_id: int,
    amount: Money,
    *,
    reason: str,
    site: str,
    now: datetime,
) -> RefundRequest | None:
    """Note that money of a payment is to be given back; returns what to ask of the processor.

    None where the money did not come by the processor: the treasurer sends it by bank, and it is
    booked at once. Refuses an empty reason, and more than is left of the payment.
    """
    require(actor, Permission.PROJECT_REFUND_GIVE, project_id=project_id)
    payment = _lock_payment(project_id, payment_id)
    why = clean_line(reason, max_length=200)
    if not why:
        raise Refusal("refund.reason", "Say why: the sponsor reads it.", field="reason")
    paid = Money(payment.amount_minor, payment.currency)
    check_refund(amount, paid=paid, gone_minor=count_gone(payment.id))
    row = Refund(
        reference=new_reference("rf"),
        payment=payment,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        state=RefundStanding.ASKED,
        reason=why,
        asked_by=actor.name,
        asked_at=now,
    )
    db.session.add(row)
    db.session.flush()
    note_event(
        payment.sponsorship,
        "refund",
        "paid",
        "asked",
        f"A refund of {amount_text(amount)} was asked for: {why}",
        actor=actor,
        now=now,
    )
    if payment.processor != _BY_PROCESSOR:
        _settle(row, out_of=Account.BANK, actor=actor, site=site, now=now)
        return None
    return _request(row)


def converge_refund(seen: RefundSeen, *, site: str, now: datetime, actor: Actor = SYSTEM) -> bool:
    """Bring our rows to what the processor says of a refund; harmless when repeated.

    One that was begun at the processor becomes a row of ours. False if it is of no payment we
    know. Money that bought nothing was the payer's credit, and leaves it.
    """
    payment_id = db.session.scalar(
        select(Payment.id).where(
            Payment.processor == _BY_PROCESSOR, Payment.processor_payment_id == seen.payment_id
        )
    )
    if payment_id is None:
        return _post_stray(seen, actor=actor, now=now)
    payment = _lock_payment(None, payment_id)
    row = _find(seen) or _adopt(seen, payment, now=now)
    row.processor_refund_id = seen.refund_id
    if row.state in (RefundStanding.DONE, RefundStanding.FAILED):
        return True
    match seen.state:
        case RefundState.SUCCEEDED:
            _settle(row, out_of=Account.CARD_CLEARING, actor=actor, site=site, now=now)
        case RefundState.FAILED:
            _fail(row, "The processor could not pay it back.", now=now)
        case _ if row.state is RefundStanding.ASKED:
            row.state = next_refund(row.state, RefundAction.ACCEPT)
    return True


def give_up_refund(reference: str, problem: str, *, now: datetime) -> None:
    """Close a refund that the processor refused for good; nothing was given back."""
    row = db.session.scalars(select(Refund).where(Refund.reference == reference)).one()
    _lock_payment(None, row.payment_id)
    db.session.refresh(row)
    if row.state is RefundStanding.ASKED:
        _fail(row, problem, now=now)


def find_unanswered_refunds(*, now: datetime, age: timedelta) -> list[RefundRequest]:
    """Refunds older than ``age`` whose call was never answered, while its key still holds."""
    rows = db.session.scalars(
        select(Refund).where(
            Refund.state == RefundStanding.ASKED,
            Refund.asked_at <= now - age,
            Refund.asked_at > now - _KEY_LIVES,
        )
    )
    return [_request(row) for row in rows]


def find_open_refunds() -> list[str]:
    """The processor's ids of refunds that are on their way."""
    found = db.session.scalars(
        select(Refund.processor_refund_id).where(Refund.state == RefundStanding.PENDING)
    )
    return [each for each in found if each is not None]


def count_gone(payment_id: int, *, besides: int | None = None) -> int:
    """What of a payment was given back, is on its way back, or was taken by a dispute."""
    back = db.session.scalar(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment_id, Refund.state.in_(_GONE), Refund.id != (besides or 0)
        )
    )
    taken = db.session.scalar(
        select(func.coalesce(func.sum(Dispute.amount_minor), 0)).where(
            Dispute.payment_id == payment_id,
            Dispute.state.in_((DisputeStanding.OPEN, DisputeStanding.LOST)),
        )
    )
    return int(back or 0) + int(taken or 0)


def _settle(row: Refund, *, out_of: Account, actor: Actor, site: str, now: datetime) -> None:
    """The money went back: a credit note, the ledger, and the end of standing if all is gone."""
    payment, sponsorship = row.payment, row.payment.sponsorship
    money = Money(row.amount_minor, row.currency)
    row.state = next_refund(row.state, RefundAction.PAY)
    row.settled_at = now
    db.session.flush()
    _post(row, money, out_of=out_of, actor=actor, site=site, now=now)
    left = payment.amount_minor - count_gone(payment.id)
    note_event(
        sponsorship,
        "refund",
        "asked",
        "done" if left else "done in full",
        f"{amount_text(money)} was given back: {row.reason}",
        actor=actor,
        now=now,
    )
    mail_refund(sponsorship, row.id, money, row.reason, site=site, now=now)
    reason = "A payment of this term was given back in full."
    follow_lost_payment(payment, reason, left_minor=left, actor=actor, site=site, now=now)


def _post(
    row: Refund, money: Money, *, out_of: Account, actor: Actor, site: str, now: datetime
) -> None:
    """Income is taken back and the money leaves; what bought nothing was the payer's credit.

    Of a payment that was more than its invoice, the credit that is left goes back first.
    """
    payment, sponsorship = row.payment, row.payment.sponsorship
    buyer = sponsorship.organization_id
    invoice = _find_invoice(payment.id)
    known = find_transaction(f"payment:{payment.processor}:{payment.processor_payment_id}")
    if invoice is not None:
        credit = _credit_left(payment, money)
        rest = money - credit
        if rest.amount_minor:
            credit_invoice(
                SYSTEM,
                sponsorship.project_id,
                invoice,
                amount=rest,
                reason=row.reason,
                site=site,
                now=now,
            )
        postings = {Cause.REFUND: refund_with_credit(rest, credit, buyer, out_of=out_of)}
    elif known is not None and _is_credit(known):
        postings = {Cause.REFUND: credit_refunded(money, buyer, out_of=out_of)}
    else:
        tier_id = payment.tier_snapshot.tier_id
        postings = {
            Cause.CREDIT_NOTE: credit_note(money, buyer, tier_id=tier_id, open_minor=0),
            Cause.REFUND: refund(money, out_of=out_of),
        }
    for cause, posting in postings.items():
        post_transaction(
            sponsorship.project_id,
            posting,
            key=f"{cause}:{row.reference}",
            cause=cause,
            actor=actor,
            now=now,
            occasion=Occasion(reference=row.reference, sponsorship_id=sponsorship.id),
        )


def _find_invoice(payment_id: int) -> str | None:
    """The reference of the invoice that a payment settled: its credit note is a document."""
    return db.session.scalar(
        select(Document.reference)
        .join(Settlement, Settlement.invoice_id == Document.id)
        .where(Settlement.payment_id == payment_id)
        .order_by(Document.id)
        .limit(1)
    )


def _post_stray(seen: RefundSeen, *, actor: Actor, now: datetime) -> bool:
    """Money that bought nothing goes back: it was the payer's credit. False if it is not ours."""
    owner = find_payer(seen.payment_id)
    if owner is not None and seen.state is RefundState.SUCCEEDED:
        post_transaction(
            owner.project_id,
            credit_refunded(seen.money, owner.organization_id),
            key=f"{Cause.REFUND}:{_BY_PROCESSOR}:{seen.refund_id}",
            cause=Cause.REFUND,
            actor=actor,
            now=now,
            occasion=Occasion(reference=seen.refund_id, sponsorship_id=owner.id),
        )
    return owner is not None


def _is_credit(transaction_id: int) -> bool:
    return bool(_on_credit(transaction_id))


def _on_credit(transaction_id: int) -> int:
    """What a transaction put onto the payer's credit, in minor units; less than 0: took off."""
    lines = read_posting(transaction_id).lines
    return -sum(line.money.amount_minor for line in lines if line.account is Account.CREDIT)


def _credit_left(payment: Payment, money: Money) -> Money:
    """How much of what is given back of a payment is credit that it made and nothing has used."""
    refunds = db.session.scalars(select(Refund.reference).where(Refund.payment_id == payment.id))
    keys = [f"payment:{payment.processor}:{payment.processor_payment_id}"]
    keys += [f"{Cause.REFUND}:{reference}" for reference in refunds]
    made = sum(_on_credit(found) for key in keys if (found := find_transaction(key)) is not None)
    sponsorship = payment.sponsorship
    credit = credit_of(sponsorship.project_id, sponsorship.organization_id, money.currency)
    least = min(made, credit.amount_minor, money.amount_minor)
    return Money(max(0, least), money.currency)


def _fail(row: Refund, problem: str, *, now: datetime) -> None:
    row.state = next_refund(row.state, RefundAction.FAIL)
    row.settled_at, row.problem = now, problem[:300]
    note_event(
        row.payment.sponsorship,
        "refund",
        "asked",
        "failed",
        f"A refund failed: {problem}",
        actor=SYSTEM,
        now=now,
    )


def _find(seen: RefundSeen) -> Refund | None:
    by_reference = Refund.reference == (seen.reference or "")
    return db.session.scalar(
        select(Refund)
        .where(by_reference | (Refund.processor_refund_id == seen.refund_id))
        .execution_options(populate_existing=True)
    )


def _adopt(seen: RefundSeen, payment: Payment, *, now: datetime) -> Refund:
    """A refund that somebody began at the processor's own desk."""
    row = Refund(
        reference=new_reference("rf"),
        payment=payment,
        amount_minor=seen.money.amount_minor,
        currency=seen.money.currency,
        state=RefundStanding.ASKED,
        reason="Given back at the processor.",
        processor_refund_id=seen.refund_id,
        asked_by="the processor",
        asked_at=now,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _lock_payment(project_id: int | None, payment_id: int) -> Payment:
    """A payment, locked by its sponsorship, which all that moves its money shares."""
    payment = db.session.get(Payment, payment_id)
    if payment is None:
        raise NotFound("payment")
    sponsorship: Sponsorship = lock_sponsorship(payment.sponsorship_id)
    if project_id is not None and sponsorship.project_id != project_id:
        raise NotFound("payment")
    return payment


def _request(row: Refund) -> RefundRequest:
    return RefundRequest(
        row.reference, row.payment.processor_payment_id, Money(row.amount_minor, row.currency)
    )


@dataclass(frozen=True, slots=True)
class EndedRenewal:
    """A recurring charge that the processor is still to be told to end."""

    renewal_id: str
    idempotency_key: str


def find_renewals_to_end() -> list[EndedRenewal]:
    """Recurring charges whose sponsorship has ended at once."""
    rows = db.session.scalars(
        select(Sponsorship)
        .where(Sponsorship.ends_renewal, Sponsorship.renewal_id.is_not(None))
        .order_by(Sponsorship.id)
    )
    return [EndedRenewal(row.renewal_id or "", f"{row.reference}-end") for row in rows]


def note_renewal_ended(renewal_id: str) -> None:
    """Note that the processor charges no more."""
    found = select(Sponsorship.id).where(Sponsorship.renewal_id == renewal_id)
    lock_sponsorship(db.session.scalars(found).one()).ends_renewal = False
