"""Renewals: bring a sponsorship to what the processor says of its terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import and_, or_, select

from portal.database import db
from portal.domain.changes import ChangeKind, ChangeState
from portal.domain.documents import BILLED_CHANGE, OPEN_STATES, DocumentKind, DocumentState
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    Collection,
    CommercialAction,
    Term,
    TermAction,
)
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, DocumentStanding
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import (
    ChangeSeen,
    InvoiceSeen,
    PaymentSeen,
    RenewalSeen,
    RenewalState,
)
from portal.ports.payments import Collection as PortCollection
from portal.services.billing.online_invoices import converge_invoice
from portal.services.payments.renewal_payments import EARLY, keep_payments
from portal.services.sponsorship.change_mail import mail_unpaid_difference
from portal.services.sponsorship.changes import (
    give_up_change,
    make_change,
    note_answer,
    note_followed,
)
from portal.services.sponsorship.checkouts import tier_reference
from portal.services.sponsorship.open_changes import find_live_change, find_matching_change
from portal.services.sponsorship.payment_mail import mail_receipt
from portal.services.sponsorship.renewal_choice import choose_renewal
from portal.services.sponsorship.sponsorship_mail import (
    mail_collection,
    mail_missed_payment,
)
from portal.services.sponsorship.sponsorships import (
    get_charter,
    lock_sponsorship,
    move_money,
    move_term,
    note_event,
    price_of,
    weight_from,
)
from portal.services.sponsorship.term_reminders import plan_reminders

# Younger changes may not be on the view that was just fetched.
_PENDING = timedelta(minutes=10)
# A processor issues the invoice of a new term only some time after it began.
_HELD_BACK = timedelta(hours=2)
# For about so long a processor goes on trying to charge.
_RETRIED = timedelta(days=90)


def converge_renewal(
    renewal: RenewalSeen,
    payments: Sequence[PaymentSeen],
    *,
    site: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Bring a sponsorship to what the processor says of its renewal; harmless when repeated.

    Whether a term is paid rests on payments, ours and the processor's together: what was seen
    before another payment arrived can therefore never undo it. Payments of another amount or
    currency than the tier snapshot's are kept and audited, but extend nothing.
    """
    found = db.session.scalar(
        select(Sponsorship.id).where(Sponsorship.renewal_id == renewal.renewal_id)
    )
    if found is None:
        return
    sponsorship = lock_sponsorship(found)
    note_followed(sponsorship, renewal.tier_reference, now=now)
    change = find_matching_change(sponsorship, renewal)
    new_term = _is_new(sponsorship, renewal, change)
    if change is not None and change.kind is not ChangeKind.UPGRADE and new_term:
        make_change(change, site=site, now=now)
        change = None
    price = _price(sponsorship, change)
    rows = keep_payments(sponsorship, renewal, payments, price, now=now)
    if change is not None and _is_covered(change):
        make_change(change, site=site, now=now)
    if _is_paid(sponsorship, renewal, price):
        if change is not None and new_term:
            _catch_up(change, site=site, now=now)
        _renew(sponsorship, renewal, fresh=bool(rows), now=now)
    elif _is_missed(sponsorship, renewal, now=now):
        _miss(sponsorship, renewal, site=site, now=now)
    for row in rows:
        mail_receipt(sponsorship, row, weight_from=weight_from(sponsorship), site=site, now=now)
    _note_collection(sponsorship, renewal, actor=actor, site=site, now=now)
    _note_renewal_choice(sponsorship, renewal, actor=actor, site=site, now=now)
    _note_unpaid_change(sponsorship, renewal, site=site, now=now)


def take_answer(reference: str, seen: ChangeSeen, *, site: str, now: datetime) -> None:
    """Keep what the processor answered to a change, bill what it asks, and converge to it."""
    note_answer(reference, seen.invoice, site=site, now=now)
    if seen.invoice is not None:
        converge_invoice(seen.invoice, seen.renewal, site=site, now=now)
    payments = seen.invoice.payments if seen.invoice else ()
    converge_renewal(seen.renewal, payments, site=site, now=now)


def find_renewals(*, now: datetime, overdue: bool = False) -> list[str]:
    """Renewals to look at again: all that run or lapsed lately, or those whose paid term is over.

    A processor may still charge what has lapsed here, and its event may be lost.
    """
    lately = and_(Sponsorship.term == Term.LAPSED, Sponsorship.ended_at > now - _RETRIED)
    standing = Sponsorship.term.in_(GOOD_STANDING)
    rows = db.session.scalars(
        select(Sponsorship.renewal_id)
        .where(
            Sponsorship.renewal_id.is_not(None),
            and_(standing, Sponsorship.term_ends_at <= now) if overdue else or_(standing, lately),
        )
        .order_by(Sponsorship.id)
    )
    return [renewal_id for renewal_id in rows if renewal_id is not None]


def find_unkept(seen: Sequence[InvoiceSeen]) -> list[str]:
    """Renewals of ours for which the processor took a payment that we do not have.

    However long ago a term lapsed: its next one may be charged, and the event be lost.
    """
    charged = {
        payment.payment_id: invoice.renewal_id
        for invoice in seen
        for payment in invoice.payments
        if invoice.renewal_id
    }
    kept = db.session.scalars(
        select(Payment.processor_payment_id).where(Payment.processor_payment_id.in_(charged))
    )
    missing = set(charged) - set(kept)
    ours = db.session.scalars(
        select(Sponsorship.renewal_id)
        .where(Sponsorship.renewal_id.in_({charged[each] for each in missing}))
        .order_by(Sponsorship.id)
    )
    return [renewal_id for renewal_id in ours if renewal_id is not None]


def _note_collection(
    sponsorship: Sponsorship, renewal: RenewalSeen, *, actor: Actor, site: str, now: datetime
) -> None:
    """Take over how the next terms are paid; nothing else moves with it (S4)."""
    collection = Collection(renewal.collection)
    if sponsorship.collection is collection:
        return
    before, sponsorship.collection = sponsorship.collection, collection
    event = note_event(
        sponsorship,
        "collection",
        before,
        collection,
        f"The next terms are paid by {collection}.",
        actor=actor,
        now=now,
    )
    db.session.flush()
    mail_collection(sponsorship, event.id, site=site, now=now)


def _is_new(
    sponsorship: Sponsorship, renewal: RenewalSeen, change: SponsorshipChange | None
) -> bool:
    """Whether the processor has gone on to a term that we have not, or not with its change.

    A transfer that the treasurer recorded may have extended the term before.
    """
    if _has_gone_on(sponsorship, renewal):
        return True
    if change is None or change.kind is ChangeKind.UPGRADE:
        return False
    return renewal.term_starts_at >= change.effective_at


def _has_gone_on(sponsorship: Sponsorship, renewal: RenewalSeen) -> bool:
    """Whether the processor's term ends after the one that we have."""
    ends_at = sponsorship.term_ends_at
    return ends_at is None or renewal.term_ends_at > ends_at


def _price(sponsorship: Sponsorship, change: SponsorshipChange | None) -> Money:
    """What a term costs at the processor now, by what was sold."""
    if change is None:
        return price_of(sponsorship)
    return Money(change.after.price_minor, change.after.currency)


def _is_covered(change: SponsorshipChange) -> bool:
    """Whether an upgrade that the processor made has been paid for the rest of the term."""
    return change.due_minor == 0 or change.payment_id is not None


def _catch_up(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """An upgrade whose difference was never paid holds from the first term paid at its price."""
    if change.state is not ChangeState.DONE:
        make_change(change, site=site, now=now)


def _is_paid(sponsorship: Sponsorship, renewal: RenewalSeen, price: Money) -> bool:
    """Whether a payment of the term's price is there, or our invoice for the term is settled.

    The difference of a change is neither.
    """
    if _find_invoice(sponsorship, renewal, [DocumentState.PAID]) is not None:
        return True
    differences = select(SponsorshipChange.payment_id).where(
        SponsorshipChange.sponsorship_id == sponsorship.id,
        SponsorshipChange.payment_id.is_not(None),
    )
    known = db.session.scalars(
        select(Payment).where(
            Payment.sponsorship_id == sponsorship.id, Payment.id.not_in(differences)
        )
    )
    return any(
        Money(row.amount_minor, row.currency) == price
        and row.paid_at >= renewal.term_starts_at - EARLY
        for row in known
    )


def _is_missed(sponsorship: Sponsorship, renewal: RenewalSeen, *, now: datetime) -> bool:
    """Whether a payment is missing: a card that failed, or an invoice of a term that has begun.

    Who moves to a card while that invoice is open still owes it.
    """
    if sponsorship.term is not Term.ACTIVE:
        return False
    owed = renewal.collection is PortCollection.INVOICE or _has_gone_on(sponsorship, renewal)
    return renewal.state is RenewalState.PAST_DUE or (
        renewal.state is RenewalState.ACTIVE and owed and renewal.term_starts_at <= now - _HELD_BACK
    )


def _renew(sponsorship: Sponsorship, renewal: RenewalSeen, *, fresh: bool, now: datetime) -> None:
    """Extend the term to what is paid; a lapsed sponsorship comes back, and seasons anew."""
    ends_at = sponsorship.term_ends_at
    if ends_at is not None and renewal.term_ends_at <= ends_at:
        return
    if sponsorship.term not in GOOD_STANDING:
        if sponsorship.term is not Term.LAPSED or _another_runs(sponsorship):
            if fresh:
                note_event(
                    sponsorship,
                    "problem",
                    sponsorship.term,
                    sponsorship.term,
                    "A payment arrived for a sponsorship that no longer runs; refund it by hand.",
                    actor=SYSTEM,
                    now=now,
                )
            return
        sponsorship.active_since = now
        sponsorship.ended_at = None
    sponsorship.term_starts_at = renewal.term_starts_at
    sponsorship.term_ends_at = renewal.term_ends_at
    sponsorship.grace_ends_at = None
    move_money(sponsorship, CommercialAction.PAY, "The renewal was paid.", now=now)
    move_term(sponsorship, TermAction.RENEW, "The next term is paid.", now=now)
    plan_reminders(sponsorship, now=now)


def _miss(sponsorship: Sponsorship, renewal: RenewalSeen, *, site: str, now: datetime) -> None:
    """Begin the grace that the charter gives, counted from the day the payment was due."""
    ends_at = sponsorship.term_ends_at
    if ends_at is not None and renewal.term_starts_at < ends_at:
        return
    invoice = _find_invoice(sponsorship, renewal, OPEN_STATES)
    invoiced = renewal.collection is PortCollection.INVOICE or invoice is not None
    due_at = renewal.term_starts_at + timedelta(days=renewal.days_until_due or 0)
    if invoice is not None and invoice.due_on is not None:
        due_at = max(due_at, datetime.combine(invoice.due_on, time.min, UTC))
    days = get_charter(sponsorship.project_id).grace_days
    sponsorship.grace_ends_at = due_at + timedelta(days=days)
    reason = "The invoice is not paid yet." if invoiced else "The renewal could not be charged."
    move_term(sponsorship, TermAction.MISS, reason, now=now)
    if invoice is not None:
        # It has reminders of its own.
        return
    plan_reminders(sponsorship, failed_at=due_at, now=now)
    if invoiced:
        return
    mail_missed_payment(sponsorship, site=site, now=now)


def _note_renewal_choice(
    sponsorship: Sponsorship, renewal: RenewalSeen, *, actor: Actor, site: str, now: datetime
) -> None:
    """Take over whether the renewal stops; one that ended at the processor has stopped."""
    stops = renewal.cancel_at_term_end or renewal.state is RenewalState.ENDED
    if sponsorship.cancel_at_term_end is not stops and sponsorship.term in GOOD_STANDING:
        choose_renewal(sponsorship, stops=stops, actor=actor, site=site, now=now)


def _note_unpaid_change(
    sponsorship: Sponsorship, renewal: RenewalSeen, *, site: str, now: datetime
) -> None:
    """An upgrade that a card did not pay in time is forgotten by the processor, and by us."""
    change = find_live_change(sponsorship.id)
    if change is None or change.state is not ChangeState.WAITING or renewal.change_pending:
        return
    if (
        renewal.collection is PortCollection.CARD
        and renewal.tier_reference == tier_reference(change.before)
        and change.asked_at <= now - _PENDING
    ):
        give_up_change(change.reference, "The difference was not paid.", now=now)
        mail_unpaid_difference(change, site=site, now=now)


def _find_invoice(
    sponsorship: Sponsorship, renewal: RenewalSeen, states: Sequence[DocumentState]
) -> Document | None:
    """Our invoice for the processor's term, if it is in one of these states.

    That for the difference of a change is none.
    """
    return db.session.scalar(
        select(Document)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(
            Document.sponsorship_id == sponsorship.id,
            Document.kind == DocumentKind.INVOICE,
            Document.term_starts_at >= renewal.term_starts_at - EARLY,
            Document.occasion.not_like(f"{BILLED_CHANGE}%"),
            DocumentStanding.state.in_(states),
        )
        .order_by(Document.due_on.desc())
        .limit(1)
    )


def _another_runs(sponsorship: Sponsorship) -> bool:
    others = select(Sponsorship.id).where(
        Sponsorship.organization_id == sponsorship.organization_id,
        Sponsorship.project_id == sponsorship.project_id,
        Sponsorship.term.in_(RUNNING),
        Sponsorship.id != sponsorship.id,
    )
    return db.session.scalar(others) is not None
