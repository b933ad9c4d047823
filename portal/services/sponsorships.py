"""Move a sponsorship through its states: activate, renew, grace, lapse, cancel, end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor, Permission, require
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    CommercialAction,
    Publication,
    PublicationAction,
    Term,
    TermAction,
    add_terms,
    next_commercial,
    next_publication,
    next_term,
    seasoned_at,
)
from portal.models.billing import Payment
from portal.models.projects import CharterVersion
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.ports.payments import CheckoutSeen, PaymentSeen, RenewalSeen, RenewalState
from portal.services.audit import record_change
from portal.services.sponsorship_mail import (
    amount_text,
    mail_lapse,
    mail_missed_payment,
    mail_new_sponsor,
    mail_receipt,
    mail_renewal_choice,
)

# A processor may take the money moments before it notes the start of the term it pays.
_EARLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RenewalWish:
    """A wish to stop or resume a renewal, as it is to be put to the processor."""

    renewal_id: str
    cancel: bool
    idempotency_key: str


def lock_sponsorship(sponsorship_id: int) -> Sponsorship:
    """Read a sponsorship as it is now, and keep others from moving it until the commit."""
    return db.session.get_one(
        Sponsorship, sponsorship_id, with_for_update=True, populate_existing=True
    )


def find_sponsorship(organization_id: int, reference: str) -> Sponsorship:
    """Lock an organization's sponsorship by its reference; refuses another organization's."""
    found = db.session.scalar(
        select(Sponsorship.id).where(
            Sponsorship.reference == reference, Sponsorship.organization_id == organization_id
        )
    )
    if found is None:
        raise NotFound("sponsorship")
    return lock_sponsorship(found)


def note_event(
    sponsorship: Sponsorship,
    dimension: str,
    before: str,
    after: str,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> SponsorshipEvent:
    """Keep one change of a sponsorship in its history, and in the audit list of both sides."""
    event = SponsorshipEvent(
        sponsorship_id=sponsorship.id,
        dimension=dimension,
        before=before,
        after=after,
        reason=reason[:300],
        actor=actor.name or "visitor",
        at=now,
    )
    db.session.add(event)
    record_change(
        f"sponsorship:{dimension}:{after}",
        f"{sponsorship.organization.name} at {sponsorship.project.name}: {reason}",
        actor=actor,
        now=now,
        organization_id=sponsorship.organization_id,
        project_id=sponsorship.project_id,
        details={"reference": sponsorship.reference, "before": before, "after": after},
    )
    return event


def activate(
    sponsorship: Sponsorship, seen: CheckoutSeen, payment: PaymentSeen, *, site: str, now: datetime
) -> None:
    """Begin the term that a completed checkout paid; the caller compared price and tier.

    Refuses by the state tables whatever is not pending, so that it happens once.
    """
    tier = sponsorship.tier_snapshot
    if seen.renewal is None:
        starts_at, ends_at = payment.paid_at, add_terms(payment.paid_at, tier.interval)
    else:
        starts_at, ends_at = seen.renewal.term_starts_at, seen.renewal.term_ends_at
    sponsorship.active_since = payment.paid_at
    sponsorship.term_starts_at, sponsorship.term_ends_at = starts_at, ends_at
    sponsorship.renewal_id = seen.renewal.renewal_id if seen.renewal else None
    _move_term(sponsorship, TermAction.ACTIVATE, f"The term of {tier.name} has begun.", now=now)
    if sponsorship.organization.processor_payer_id is None:
        sponsorship.organization.processor_payer_id = seen.payer_id
    row = _add_payment(sponsorship, payment, starts_at, ends_at)
    _move_money(sponsorship, CommercialAction.PAY, f"Paid {_paid(payment)}.", now=now)
    if not sponsorship.is_private and sponsorship.publication is Publication.HIDDEN:
        move_publication(
            sponsorship,
            PublicationAction.SUBMIT,
            "Name, link and logo wait for approval.",
            actor=SYSTEM,
            now=now,
        )
    db.session.flush()
    mail_receipt(sponsorship, row, weight_from=_weight_from(sponsorship), site=site, now=now)
    mail_new_sponsor(sponsorship, site=site, now=now)


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
    price = _price(sponsorship)
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
        mail_receipt(sponsorship, row, weight_from=_weight_from(sponsorship), site=site, now=now)
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


def find_grace_over(*, now: datetime) -> list[int]:
    """Ids of sponsorships whose days of grace have run out."""
    return _ids(Sponsorship.term == Term.GRACE, Sponsorship.grace_ends_at <= now)


def lapse(sponsorship_id: int, *, site: str, now: datetime) -> None:
    """Let a sponsorship lapse once its grace is over; anything else stays as it is."""
    sponsorship = lock_sponsorship(sponsorship_id)
    over = sponsorship.grace_ends_at is not None and sponsorship.grace_ends_at <= now
    if sponsorship.term is not Term.GRACE or not over:
        return
    sponsorship.ended_at = sponsorship.grace_ends_at
    _move_term(sponsorship, TermAction.LAPSE, "No payment arrived within the grace.", now=now)
    mail_lapse(sponsorship, site=site, now=now)


def find_terms_over(*, now: datetime) -> list[int]:
    """Ids of active sponsorships that do not renew and whose term has passed."""
    return _ids(
        Sponsorship.term == Term.ACTIVE,
        Sponsorship.term_ends_at <= now,
        or_(Sponsorship.cancel_at_term_end, Sponsorship.renewal_id.is_(None)),
    )


def end_term(sponsorship_id: int, *, now: datetime) -> None:
    """End a sponsorship that does not renew once its term has passed; else nothing."""
    sponsorship = lock_sponsorship(sponsorship_id)
    renews = sponsorship.renewal_id is not None and not sponsorship.cancel_at_term_end
    over = sponsorship.term_ends_at is not None and sponsorship.term_ends_at <= now
    if sponsorship.term is not Term.ACTIVE or renews or not over:
        return
    sponsorship.ended_at = sponsorship.term_ends_at
    _move_term(sponsorship, TermAction.END, "The paid term is over.", now=now)


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


def move_publication(
    sponsorship: Sponsorship, action: PublicationAction, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Move the publication state by its table, and note why."""
    before = sponsorship.publication
    sponsorship.publication = next_publication(before, action)
    note_event(
        sponsorship, "publication", before, sponsorship.publication, reason, actor=actor, now=now
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
    _move_money(sponsorship, CommercialAction.PAY, "The renewal was paid.", now=now)
    _move_term(sponsorship, TermAction.RENEW, "The next term is paid.", now=now)


def _miss(sponsorship: Sponsorship, renewal: RenewalSeen, *, site: str, now: datetime) -> None:
    """Begin the grace that the charter gives, counted from the first unpaid day."""
    ends_at = sponsorship.term_ends_at
    if ends_at is not None and renewal.term_starts_at < ends_at:
        return
    days = _charter(sponsorship.project_id).grace_days
    sponsorship.grace_ends_at = renewal.term_starts_at + timedelta(days=days)
    _move_term(sponsorship, TermAction.MISS, "The renewal could not be charged.", now=now)
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
    price, kept = _price(sponsorship), []
    for seen in (seen for seen in payments if seen.payment_id not in known):
        starts_at, ends_at = renewal.term_starts_at, renewal.term_ends_at
        if seen.paid_at < starts_at - _EARLY:
            starts_at, ends_at = sponsorship.term_ends_at or starts_at, starts_at
        row = _add_payment(sponsorship, seen, starts_at, ends_at)
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


def _add_payment(
    sponsorship: Sponsorship, seen: PaymentSeen, starts_at: datetime, ends_at: datetime
) -> Payment:
    row = Payment(
        sponsorship_id=sponsorship.id,
        tier_snapshot=sponsorship.tier_snapshot,
        term_starts_at=starts_at,
        term_ends_at=ends_at,
        amount_minor=seen.money.amount_minor,
        currency=seen.money.currency,
        processor=sponsorship.processor,
        processor_payment_id=seen.payment_id,
        receipt_url=seen.receipt_url or "",
        paid_at=seen.paid_at,
    )
    db.session.add(row)
    return row


def _move_term(sponsorship: Sponsorship, action: TermAction, reason: str, *, now: datetime) -> None:
    before = sponsorship.term
    sponsorship.term = next_term(before, action)
    note_event(sponsorship, "term", before, sponsorship.term, reason, actor=SYSTEM, now=now)


def _move_money(
    sponsorship: Sponsorship, action: CommercialAction, reason: str, *, now: datetime
) -> None:
    before = sponsorship.commercial
    sponsorship.commercial = next_commercial(before, action)
    note_event(
        sponsorship, "commercial", before, sponsorship.commercial, reason, actor=SYSTEM, now=now
    )


def _another_runs(sponsorship: Sponsorship) -> bool:
    others = select(Sponsorship.id).where(
        Sponsorship.organization_id == sponsorship.organization_id,
        Sponsorship.project_id == sponsorship.project_id,
        Sponsorship.term.in_(RUNNING),
        Sponsorship.id != sponsorship.id,
    )
    return db.session.scalar(others) is not None


def _charter(project_id: int) -> CharterVersion:
    return db.session.scalars(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one()


def _weight_from(sponsorship: Sponsorship) -> datetime:
    since = sponsorship.active_since
    if since is None:
        raise Conflict("sponsorship.pending", "This sponsorship has not begun yet.")
    return seasoned_at(since, _charter(sponsorship.project_id).seasoning_days)


def _price(sponsorship: Sponsorship) -> Money:
    tier = sponsorship.tier_snapshot
    return Money(tier.price_minor, tier.currency)


def _paid(payment: PaymentSeen) -> str:
    return amount_text(payment.money)


def _ids(*criteria: ColumnElement[bool]) -> list[int]:
    query = select(Sponsorship.id).where(*criteria).order_by(Sponsorship.id)
    return list(db.session.scalars(query))
