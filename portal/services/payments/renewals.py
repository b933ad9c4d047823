"""Renewals: bring a sponsorship to what the processor says, and stop or resume at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from portal.database import db
from portal.domain.changes import ChangeKind, ChangeState
from portal.domain.documents import BILLED_CHANGE, OPEN_STATES, DocumentKind, DocumentState
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor, Permission, require
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    Collection,
    CommercialAction,
    Term,
    TermAction,
)
from portal.domain.tiers import Interval
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
    drop_change,
    give_up_change,
    make_change,
    note_answer,
    note_followed,
)
from portal.services.sponsorship.checkouts import tier_reference
from portal.services.sponsorship.open_changes import find_live_change, find_matching_change
from portal.services.sponsorship.payment_mail import mail_receipt
from portal.services.sponsorship.sponsorship_mail import (
    mail_collection,
    mail_missed_payment,
    mail_renewal_choice,
)
from portal.services.sponsorship.sponsorships import (
    find_sponsorship,
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


@dataclass(frozen=True, slots=True)
class RenewalWish:
    """A wish to stop or resume a renewal, as it is to be put to the processor."""

    renewal_id: str
    cancel: bool
    idempotency_key: str


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


def wish_renewal(
    actor: Actor, organization_id: int, reference: str, *, cancel: bool, site: str, now: datetime
) -> RenewalWish | None:
    """Note the wish to stop a sponsorship at the end of its term, or to let it go on.

    Nothing has changed yet: the processor is asked next, and its answer is what counts; None where
    our own invoices renew, and all is done. Refuses what does not renew, and a wish that is
    already fulfilled.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_CANCEL, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    one_time = sponsorship.tier_snapshot.interval is Interval.ONE_TIME
    if one_time or not sponsorship.renews or sponsorship.term not in GOOD_STANDING:
        raise Refusal("renewal.none", "This sponsorship does not renew, so it ends by itself.")
    if sponsorship.cancel_at_term_end is cancel:
        raise Conflict(
            "renewal.same",
            "This sponsorship already ends with its term."
            if cancel
            else "This sponsorship already goes on.",
        )
    event = note_event(
        sponsorship,
        "renewal",
        "renews" if cancel else "ends",
        "asked to end" if cancel else "asked to renew",
        "Asked to end with the term." if cancel else "Asked to go on after the term.",
        actor=actor,
        now=now,
    )
    db.session.flush()
    if sponsorship.renewal_id is None:
        _choose_renewal(sponsorship, stops=cancel, actor=actor, site=site, now=now)
        return None
    return RenewalWish(sponsorship.renewal_id, cancel, f"{reference}-renewal-{event.id}")


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
    ends_at = sponsorship.term_ends_at
    if ends_at is None or renewal.term_ends_at > ends_at:
        return True
    if change is None or change.kind is ChangeKind.UPGRADE:
        return False
    return renewal.term_starts_at >= change.effective_at


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

    The difference of a change is none.
    """
    settled = (
        select(Document.id)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(
            Document.sponsorship_id == sponsorship.id,
            Document.kind == DocumentKind.INVOICE,
            Document.term_starts_at >= renewal.term_starts_at - EARLY,
            Document.occasion.not_like(f"{BILLED_CHANGE}%"),
            DocumentStanding.state == DocumentState.PAID,
        )
    )
    if db.session.scalar(settled.limit(1)) is not None:
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
    ends_at = sponsorship.term_ends_at
    gone_on = ends_at is not None and renewal.term_ends_at > ends_at
    invoiced = renewal.collection is PortCollection.INVOICE
    return renewal.state is RenewalState.PAST_DUE or (
        renewal.state is RenewalState.ACTIVE
        and (invoiced or gone_on)
        and renewal.term_starts_at <= now - _HELD_BACK
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
    days = get_charter(sponsorship.project_id).grace_days
    invoiced = renewal.collection is PortCollection.INVOICE
    due_at = renewal.term_starts_at + timedelta(days=renewal.days_until_due or 0)
    sponsorship.grace_ends_at = due_at + timedelta(days=days)
    reason = "The invoice is not paid yet." if invoiced else "The renewal could not be charged."
    move_term(sponsorship, TermAction.MISS, reason, now=now)
    if invoiced and _has_open_invoice(sponsorship.id):
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
        _choose_renewal(sponsorship, stops=stops, actor=actor, site=site, now=now)


def _choose_renewal(
    sponsorship: Sponsorship, *, stops: bool, actor: Actor, site: str, now: datetime
) -> None:
    sponsorship.cancel_at_term_end = stops
    if stops:
        drop_change(sponsorship, "The sponsorship ends with its term.", actor=actor, now=now)
    event = note_event(
        sponsorship,
        "renewal",
        "renews" if stops else "ends",
        "ends" if stops else "renews",
        "It ends with the paid term." if stops else "It goes on after the paid term.",
        actor=actor,
        now=now,
    )
    db.session.flush()
    mail_renewal_choice(sponsorship, event.id, site=site, now=now)


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


def _has_open_invoice(sponsorship_id: int) -> bool:
    found = (
        select(Document.id)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(Document.sponsorship_id == sponsorship_id, DocumentStanding.state.in_(OPEN_STATES))
    )
    return db.session.scalar(found.limit(1)) is not None


def _another_runs(sponsorship: Sponsorship) -> bool:
    others = select(Sponsorship.id).where(
        Sponsorship.organization_id == sponsorship.organization_id,
        Sponsorship.project_id == sponsorship.project_id,
        Sponsorship.term.in_(RUNNING),
        Sponsorship.id != sponsorship.id,
    )
    return db.session.scalar(others) is not None
