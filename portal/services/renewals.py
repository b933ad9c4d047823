"""Renewals: bring a sponsorship to what the processor says, and stop or resume at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor, Permission, require
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    CommercialAction,
    Term,
    TermAction,
)
from portal.models.billing import Payment
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import PaymentSeen, RenewalSeen, RenewalState
from portal.services.sponsorship_mail import (
    amount_text,
    mail_missed_payment,
    mail_receipt,
    mail_renewal_choice,
)
from portal.services.sponsorships import (
    add_payment,
    find_sponsorship,
    get_charter,
    lock_sponsorship,
    move_money,
    move_term,
    note_event,
    price_of,
    weight_from,
)

# A processor may take the money moments before it notes the start of the term it pays.
_EARLY = timedelta(hours=1)


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
    rows = _keep_payments(sponsorship, renewal, payments, now=now)
    known = db.session.scalars(select(Payment).where(Payment.sponsorship_id == sponsorship.id))
    price = price_of(sponsorship)
    paid = any(
        Money(row.amount_minor, row.currency) == price
        and row.paid_at >= renewal.term_starts_at - _EARLY
        for row in known
    )
    if paid:
        _renew(sponsorship, renewal, fresh=bool(rows), now=now)
    elif renewal.state is RenewalState.PAST_DUE and sponsorship.term is Term.ACTIVE:
        _miss(sponsorship, renewal, site=site, now=now)
    for row in rows:
        mail_receipt(sponsorship, row, weight_from=weight_from(sponsorship), site=site, now=now)
    _note_renewal_choice(sponsorship, renewal, actor=actor, site=site, now=now)


def wish_renewal(
    actor: Actor, organization_id: int, reference: str, *, cancel: bool, now: datetime
) -> RenewalWish:
    """Note the wish to stop a sponsorship at the end of its term, or to let it go on.

    Nothing has changed yet: the processor is asked next, and its answer is what counts. Refuses
    what does not renew, and a wish that is already fulfilled.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_CANCEL, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    if sponsorship.renewal_id is None or sponsorship.term not in GOOD_STANDING:
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
    return RenewalWish(sponsorship.renewal_id, cancel, f"{reference}-renewal-{event.id}")


def find_renewals(*, overdue_at: datetime | None = None) -> list[str]:
    """Renewals to look at again: all that run, or those whose paid term is over at an instant."""
    criteria: list[ColumnElement[bool]] = [
        Sponsorship.renewal_id.is_not(None),
        Sponsorship.term.in_(GOOD_STANDING),
    ]
    if overdue_at is not None:
        criteria.append(Sponsorship.term_ends_at <= overdue_at)
    rows = db.session.scalars(
        select(Sponsorship.renewal_id).where(*criteria).order_by(Sponsorship.id)
    )
    return [renewal_id for renewal_id in rows if renewal_id is not None]


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


def _miss(sponsorship: Sponsorship, renewal: RenewalSeen, *, site: str, now: datetime) -> None:
    """Begin the grace that the charter gives, counted from the first unpaid day."""
    ends_at = sponsorship.term_ends_at
    if ends_at is not None and renewal.term_starts_at < ends_at:
        return
    days = get_charter(sponsorship.project_id).grace_days
    sponsorship.grace_ends_at = renewal.term_starts_at + timedelta(days=days)
    move_term(sponsorship, TermAction.MISS, "The renewal could not be charged.", now=now)
    mail_missed_payment(sponsorship, site=site, now=now)


def _note_renewal_choice(
    sponsorship: Sponsorship, renewal: RenewalSeen, *, actor: Actor, site: str, now: datetime
) -> None:
    """Take over whether the renewal stops; one that ended at the processor has stopped."""
    stops = renewal.cancel_at_term_end or renewal.state is RenewalState.ENDED
    if sponsorship.cancel_at_term_end is stops or sponsorship.term not in GOOD_STANDING:
        return
    sponsorship.cancel_at_term_end = stops
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


def _keep_payments(
    sponsorship: Sponsorship,
    renewal: RenewalSeen,
    payments: Sequence[PaymentSeen],
    *,
    now: datetime,
) -> list[Payment]:
    """Keep the payments that are new to us; returns those that match the price."""
    known = set(
        db.session.scalars(
            select(Payment.processor_payment_id).where(
                Payment.processor == sponsorship.processor,
                Payment.processor_payment_id.in_([seen.payment_id for seen in payments]),
            )
        )
    )
    price, kept = price_of(sponsorship), []
    for seen in (seen for seen in payments if seen.payment_id not in known):
        starts_at, ends_at = renewal.term_starts_at, renewal.term_ends_at
        if seen.paid_at < starts_at - _EARLY:
            starts_at, ends_at = sponsorship.term_ends_at or starts_at, starts_at
        row = add_payment(sponsorship, seen, starts_at, ends_at)
        if seen.money == price:
            kept.append(row)
        else:
            note_event(
                sponsorship,
                "problem",
                amount_text(price),
                amount_text(seen.money),
                f"A renewal paid {amount_text(seen.money)}, but the price is"
                f" {amount_text(price)}; it extends nothing.",
                actor=SYSTEM,
                now=now,
            )
    db.session.flush()
    return kept


def _another_runs(sponsorship: Sponsorship) -> bool:
    others = select(Sponsorship.id).where(
        Sponsorship.organization_id == sponsorship.organization_id,
        Sponsorship.project_id == sponsorship.project_id,
        Sponsorship.term.in_(RUNNING),
        Sponsorship.id != sponsorship.id,
    )
    return db.session.scalar(others) is not None
