"""Change a running sponsorship: to a dearer tier now, to any other with the next term (S3).

A change is three steps, each of which may be the last before a crash: ``ask_change`` is committed
first; the processor is called with our reference as idempotency key; then ``note_answer`` keeps
what it answered. ``settle_change`` makes the change once the processor has, whoever looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.database import db
from portal.domain.changes import (
    LIVE_CHANGE,
    ChangeAction,
    ChangeKind,
    ChangeState,
    Proration,
    Standing,
    change_obstacles,
    kind_of_change,
    next_change,
    prorate,
)
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor, Permission, may, require
from portal.domain.sponsorship import Offer, offer_obstacles
from portal.models.changes import SponsorshipChange
from portal.models.documents import next_invoice
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.ports.payments import (
    ChangeRequest,
    ChangeSeen,
    InvoiceSeen,
    PaymentGateway,
)
from portal.services.sponsorship.change_mail import mail_change
from portal.services.sponsorship.checkouts import (
    count_taken,
    get_current_version,
    lock_tier,
    new_reference,
    tier_reference,
)
from portal.services.sponsorship.letters import day_text
from portal.services.sponsorship.open_changes import (
    AskedChange,
    as_asked,
    as_request,
    find_live_change,
    is_step_back,
    lock_change,
)
from portal.services.sponsorship.sponsorships import (
    find_sponsorship,
    is_disputed,
    note_event,
)


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """A change that was taken back, as the processor is to be told."""

    reference: str
    renewal_id: str


def get_preview_request(
    actor: Actor, organization_id: int, reference: str, tier_slug: str
) -> ChangeRequest:
    """What to ask of the processor to learn the exact amount of an upgrade; changes nothing."""
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    tier = lock_tier(sponsorship.project_id, tier_slug)
    return as_request(sponsorship, get_current_version(tier.id), reference)


def ask_change(
    actor: Actor,
    organization_id: int,
    reference: str,
    tier_slug: str,
    *,
    version: int,
    due: Money,
    site: str,
    now: datetime,
) -> AskedChange | None:
    """Note that a sponsorship is to move to a tier, and hold a place in it.

    ``version`` and ``due`` are what was shown and confirmed: ``Conflict`` where the tier is another
    by now, or the amount is not that of the days left, but for a processor's rounding. Refuses
    every obstacle of ``change_obstacles`` and ``offer_obstacles``. An announced price gives way.
    None where no processor renews: ``order_change`` bills an upgrade, and our own next invoice
    asks for any other price. Refuses then once that invoice is out, with ``change.billed``.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    tier = lock_tier(sponsorship.project_id, tier_slug)
    after = get_current_version(tier.id)
    if after.number != version:
        raise Conflict(
            "change.version", "This tier was changed while you looked. See what it offers now."
        )
    live = find_live_change(sponsorship.id)
    may_buy = may(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    standing = standing_of(sponsorship, live, may_change=may_buy)
    offer = Offer(
        audience=after.audience,
        capacity=after.capacity,
        taken=count_taken(tier.id, besides=sponsorship.id),
        sold_from=after.sold_from,
        sold_until=after.sold_until,
        archived=tier.archived_at is not None,
    )
    if sponsorship.renewal_id is None and after.interval is not sponsorship.tier_snapshot.interval:
        raise Refusal("change.interval", "By bank transfer the tier keeps its interval.")
    same = sponsorship.tier_snapshot.tier_id == tier.id
    for obstacle in (
        *change_obstacles(standing, after.terms, same_tier=same),
        *offer_obstacles(offer, today=now.date()),
    ):
        raise Refusal(obstacle.code, obstacle.message)
    if live is not None:
        _move(live, ChangeAction.WITHDRAW, "Another change was asked for.", actor=actor, now=now)
        db.session.flush()
    change = _new_change(sponsorship, after, due, actor=actor, now=now)
    db.session.add(change)
    db.session.flush()
    when = "now" if change.kind is ChangeKind.UPGRADE else "with the next term"
    note_event(
        sponsorship,
        "tier",
        change.before.name[:40],
        "asked",
        f"Asked to move to {after.name} {when}.",
        actor=actor,
        now=now,
    )
    if sponsorship.renewal_id is None:
        if change.kind is not ChangeKind.UPGRADE:
            _schedule(change, site=site, now=now)
        return None
    return as_asked(change)


def withdraw_change(
    actor: Actor, organization_id: int, reference: str, *, site: str, now: datetime
) -> Unscheduled | None:
    """Take back a change that waits for the next term; the tier stays as it is.

    Returns what the processor is to forget, None if it knows nothing of it. Refuses what is not
    scheduled, and a price that the maintainers announced.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    change = find_live_change(sponsorship.id)
    if change is None or change.kind is not ChangeKind.DOWNGRADE or is_step_back(change):
        raise Refusal("change.none", "There is no change that could be taken back.")
    _move(change, ChangeAction.WITHDRAW, "The change was taken back.", actor=actor, now=now)
    # Settled only when the processor has forgotten it too.
    change.settled_at = None if sponsorship.renewal_id else now
    mail_change(change, site=site, now=now)
    return Unscheduled(change.reference, sponsorship.renewal_id) if sponsorship.renewal_id else None


def note_released(reference: str, *, now: datetime) -> None:
    """Note that the processor has forgotten a change that was taken back."""
    change = lock_change(reference)
    if change.state is ChangeState.WITHDRAWN:
        change.settled_at = now


def put_to_processor(gateway: PaymentGateway, asked: AskedChange) -> ChangeSeen:
    """Ask the processor for a change, now or with the next term; the same key every time."""
    request, key = asked.request, asked.request.reference
    if asked.restores:
        return ChangeSeen(gateway.restore_tier(request, idempotency_key=key), None)
    if asked.at is None:
        return ChangeSeen(gateway.schedule_change(request, idempotency_key=key), None)
    return gateway.change_renewal(request, at=asked.at, idempotency_key=key)


def note_billed(change: SponsorshipChange, *, now: datetime) -> None:
    """Our own invoice asks for the difference; the tier moves when it is paid."""
    reason = "An invoice asks for the difference."
    _move(change, ChangeAction.BILL, reason, actor=SYSTEM, now=now)


def note_answer(reference: str, invoice: InvoiceSeen | None, *, site: str, now: datetime) -> None:
    """Keep what the processor answered to a change; an event may have been quicker."""
    change = lock_change(reference)
    if invoice is not None and change.processor_invoice_id is None:
        change.processor_invoice_id, change.pay_url = invoice.invoice_id, invoice.url or ""
    if change.state is not ChangeState.ASKED or is_step_back(change):
        return
    if change.kind is ChangeKind.UPGRADE:
        _move(change, ChangeAction.BILL, "The difference is invoiced.", actor=SYSTEM, now=now)
    else:
        _schedule(change, site=site, now=now)


def _schedule(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    reason = f"{change.after.name} follows on {day_text(change.effective_at)}."
    _move(change, ChangeAction.SCHEDULE, reason, actor=SYSTEM, now=now)
    if change.kind is ChangeKind.DOWNGRADE:
        mail_change(change, site=site, now=now)


def note_followed(sponsorship: Sponsorship, tier_charged: str | None, *, now: datetime) -> None:
    """Settle a step back that holds with us, once the processor charges the same tier."""
    change = find_live_change(sponsorship.id)
    if change and is_step_back(change) and tier_charged == tier_reference(change.after):
        reason = f"The processor charges {change.after.name} from the next term on."
        _move(change, ChangeAction.MAKE, reason, actor=SYSTEM, now=now)


def make_due_change(reference: str, *, site: str, now: datetime) -> None:
    """Make a change whose day has come, where no processor does; anything else stays as it is."""
    change = lock_change(reference)
    by_clock = change.sponsorship.renewal_id is None and change.effective_at <= now
    if by_clock and change.state is ChangeState.SCHEDULED:
        make_change(change, site=site, now=now)


def give_up_change(reference: str, problem: str, *, now: datetime) -> None:
    """Close a change that the processor refused for good; nothing was charged."""
    change = lock_change(reference)
    if change.state in LIVE_CHANGE:
        _move(change, ChangeAction.FAIL, problem, actor=SYSTEM, now=now)


def drop_change(sponsorship: Sponsorship, reason: str, *, actor: Actor, now: datetime) -> None:
    """A sponsorship ends: what was to change with its next term no longer will."""
    change = find_live_change(sponsorship.id)
    if change is not None:
        waiting = change.state is ChangeState.WAITING
        action = ChangeAction.FAIL if waiting else ChangeAction.WITHDRAW
        _move(change, action, reason, actor=actor, now=now)


def make_change(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """The new tier holds: its weight counts in every vote whose record date is still to come."""
    sponsorship = change.sponsorship
    sponsorship.tier_snapshot = change.after
    _move(change, ChangeAction.MAKE, f"The tier is {change.after.name} now.", actor=SYSTEM, now=now)
    mail_change(change, site=site, now=now)


def standing_of(
    sponsorship: Sponsorship, live: SponsorshipChange | None, *, may_change: bool
) -> Standing:
    """What the rules of a change need to know of a sponsorship."""
    blocks = live is not None and live.kind is not ChangeKind.REPRICE
    return Standing(
        may_change=may_change,
        term=sponsorship.term,
        terms=sponsorship.tier_snapshot.terms,
        renews=sponsorship.renews,
        ends=sponsorship.cancel_at_term_end,
        disputed=is_disputed(sponsorship.id),
        billed=db.session.scalar(next_invoice(sponsorship)) is not None,
        live=f"A change to {live.after.name} is on its way." if live and blocks else None,
    )


def prorated(sponsorship: Sponsorship, after: TierVersion, *, now: datetime) -> Proration:
    """What moving to a dearer tier costs for the rest of the paid term."""
    before = sponsorship.tier_snapshot
    if sponsorship.term_starts_at is None or sponsorship.term_ends_at is None:
        raise Refusal("change.term", "The paid term does not cover this day.")
    return prorate(
        Money(before.price_minor, before.currency),
        Money(after.price_minor, after.currency),
        term_starts_at=sponsorship.term_starts_at,
        term_ends_at=sponsorship.term_ends_at,
        at=now,
        by_card=sponsorship.renewal_id is not None,
    )


def _new_change(
    sponsorship: Sponsorship, after: TierVersion, due: Money, *, actor: Actor, now: datetime
) -> SponsorshipChange:
    before = sponsorship.tier_snapshot
    kind = kind_of_change(before.terms, after.terms)
    proration = prorated(sponsorship, after, now=now)
    upgrade = kind is ChangeKind.UPGRADE
    if not (proration.allows(due) if upgrade else due.amount_minor == 0):
        raise Conflict(
            "change.amount", "The amount is another one by now. Look at it again, then confirm."
        )
    return SponsorshipChange(
        reference=new_reference("ch"),
        sponsorship=sponsorship,
        before=before,
        after=after,
        kind=kind,
        state=ChangeState.ASKED,
        effective_at=proration.at if upgrade else sponsorship.term_ends_at,
        due_minor=due.amount_minor,
        currency=after.currency,
        asked_by=actor.name,
        asked_at=now,
    )


def _move(
    change: SponsorshipChange, action: ChangeAction, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Move a change by its table, and note why in the sponsorship's history."""
    change.state = next_change(change.state, action)
    if change.state not in LIVE_CHANGE:
        change.settled_at = now
    if action is ChangeAction.FAIL:
        change.problem = reason[:300]
    note_event(
        change.sponsorship,
        "tier",
        change.before.name[:40],
        change.state,
        reason,
        actor=actor,
        now=now,
    )
