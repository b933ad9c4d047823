"""Buy a tier by hosted checkout: our row first, then the processor, then what came of it.

A purchase is three steps, each of which may be the last one before a crash. ``start_checkout`` is
committed first; the processor is called with our reference as idempotency key; ``record_opened``
keeps the answer. ``converge_checkout`` brings our rows to what the processor says, whoever asks:
the payer's return, an event, or the reconciler.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor, Permission, may, require
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    Buyer,
    Commercial,
    Offer,
    Publication,
    Term,
    buyer_obstacles,
    offer_obstacles,
)
from portal.domain.tiers import Interval
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.ports.payments import CheckoutOpened, CheckoutRequest, CheckoutSeen, CheckoutState
from portal.services.audit import record_change
from portal.services.sponsorship_mail import amount_text, mail_mismatch, sponsorship_url
from portal.services.sponsorships import activate, lock_sponsorship

LIVE = (CheckoutStatus.STARTED, CheckoutStatus.OPEN)

# Processors forget idempotency keys after a day: later, a repeated call could open a second page.
_KEY_LIVES = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class StartedCheckout:
    """A live checkout: what to ask of the processor, and what it answered so far.

    ``reference`` is ours and serves as idempotency key; ``processor_checkout_id`` and ``url`` are
    None and empty until the processor's answer is kept.
    """

    reference: str
    request: CheckoutRequest
    processor_checkout_id: str | None
    url: str


def start_checkout(
    actor: Actor,
    project_id: int,
    tier_slug: str,
    organization_id: int,
    *,
    version: int,
    site: str,
    now: datetime,
) -> StartedCheckout:
    """Reserve a place in a tier for an organization, before the processor is called.

    Whoever starts again while a checkout of the same tier is live gets that one. Refuses a tier
    that changed since ``version`` was shown, every obstacle of ``offer_obstacles`` and
    ``buyer_obstacles``, and a second tier while a checkout for another is live.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    if actor.person_id is None:
        raise NotFound("person")
    # Always the organization first: one order of locks, no deadlock.
    organization = _lock_organization(organization_id)
    tier = _lock_tier(project_id, tier_slug)
    snapshot = _current_version(tier.id)
    if snapshot.number != version:
        raise Conflict(
            "buy.version", "This tier was changed while you looked. See what it offers now."
        )
    running = _find_running(organization_id, project_id)
    live = _find_live(running.id) if running else None
    if live is not None and live.tier_snapshot_id == snapshot.id:
        return _started(live, site)
    if live is not None:
        raise Conflict(
            "buy.other_tier", "A checkout for another tier is open in your organization. Try again."
        )
    _refuse_obstacles(actor, organization, tier, snapshot, running, now=now)
    sponsorship = running or _quote(organization, project_id, now=now)
    sponsorship.tier_snapshot = snapshot
    checkout = Checkout(
        reference=_new_reference("co"),
        sponsorship=sponsorship,
        tier_snapshot=snapshot,
        status=CheckoutStatus.STARTED,
        started_by=actor.name,
        payer_email=db.session.get_one(Person, actor.person_id).email,
        started_at=now,
    )
    db.session.add(checkout)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict(
            "buy.twice", "Somebody of your organization started this a moment ago. Try again."
        ) from error
    record_change(
        "checkout:tier:started",
        f"{organization.name} started a checkout for {snapshot.name}.",
        actor=actor,
        now=now,
        organization_id=organization_id,
        project_id=project_id,
        details={"checkout": checkout.reference, "sponsorship": sponsorship.reference},
    )
    return _started(checkout, site)


def find_other_checkout(
    organization_id: int, project_id: int, tier_slug: str, *, site: str
) -> StartedCheckout | None:
    """A live checkout that stands in the way: for another tier, or another version of this one."""
    running = _find_running(organization_id, project_id)
    live = _find_live(running.id) if running else None
    if live is None:
        return None
    tier = db.session.scalar(
        select(Tier).where(Tier.project_id == project_id, Tier.slug == tier_slug)
    )
    if tier is not None and _current_version(tier.id).id == live.tier_snapshot_id:
        return None
    return _started(live, site)


def record_opened(reference: str, opened: CheckoutOpened) -> str:
    """Keep the processor's page; returns its address, also if an event was quicker."""
    checkout = _lock_checkout(Checkout.reference == reference)
    if checkout is None:
        raise NotFound("checkout")
    if checkout.status is CheckoutStatus.STARTED:
        checkout.status = CheckoutStatus.OPEN
    if checkout.processor_checkout_id in (None, opened.checkout_id):
        checkout.processor_checkout_id = opened.checkout_id
        checkout.url, checkout.expires_at = opened.url, opened.expires_at
    return opened.url


def abandon_checkout(reference: str, problem: str, *, now: datetime) -> None:
    """Close a checkout that never got a page, because the processor refused it for good."""
    checkout = _lock_checkout(Checkout.reference == reference)
    if checkout is not None and checkout.status is CheckoutStatus.STARTED:
        _close(checkout, CheckoutStatus.EXPIRED, problem, now=now)


def converge_checkout(seen: CheckoutSeen, *, site: str, now: datetime) -> bool:
    """Bring our rows to what the processor says of a checkout; harmless when repeated.

    Activates once the payment is there and equals the tier snapshot in amount and currency; what
    differs is kept as mismatched, audited and told to the treasurer. False if it is not ours.
    """
    checkout = _lock_checkout(
        (Checkout.processor_checkout_id == seen.checkout_id)
        if seen.reference is None
        else (Checkout.reference == seen.reference)
    )
    if checkout is None:
        return False
    if checkout.processor_checkout_id is None:
        checkout.processor_checkout_id = seen.checkout_id
    if checkout.status in (CheckoutStatus.COMPLETED, CheckoutStatus.MISMATCHED):
        return True
    if seen.state is CheckoutState.EXPIRED and checkout.status in LIVE:
        _close(checkout, CheckoutStatus.EXPIRED, "The page was left without paying.", now=now)
    elif seen.state is CheckoutState.COMPLETE and seen.payment is not None:
        problem = _mismatch(checkout, seen)
        if problem:
            _close(checkout, CheckoutStatus.MISMATCHED, problem, now=now)
            mail_mismatch(checkout, site=site, now=now)
        else:
            checkout.status = CheckoutStatus.COMPLETED
            # Before anything is read again: the live checkout makes room for what follows.
            db.session.flush()
            activate(checkout.sponsorship, seen, seen.payment, site=site, now=now)
    return True


def find_unanswered(*, site: str, now: datetime, age: timedelta) -> list[StartedCheckout]:
    """Checkouts older than ``age`` whose call was never answered, while its key still holds."""
    return [
        _started(checkout, site)
        for checkout in _live(CheckoutStatus.STARTED)
        if now - _KEY_LIVES < checkout.started_at <= now - age
    ]


def find_forgotten(*, now: datetime) -> list[str]:
    """References of checkouts that never got an answer and are too old to ask again."""
    return [
        checkout.reference
        for checkout in _live(CheckoutStatus.STARTED)
        if checkout.started_at <= now - _KEY_LIVES
    ]


def find_open(*, now: datetime, age: timedelta) -> list[tuple[str, bool]]:
    """Processor's ids of open checkouts older than ``age``, and whether each is still wanted.

    One is unwanted when its sponsorship has begun through another: nobody shall pay twice.
    """
    return [
        (checkout.processor_checkout_id, checkout.sponsorship.term is Term.PENDING)
        for checkout in _live(CheckoutStatus.OPEN)
        if checkout.processor_checkout_id is not None and checkout.started_at <= now - age
    ]


def count_taken(tier_id: int, *, besides: int | None = None) -> int:
    """Places of a tier that are taken: good standing, or held by a live checkout (S7)."""
    held = (
        select(Checkout.id)
        .where(Checkout.sponsorship_id == Sponsorship.id, Checkout.status.in_(LIVE))
        .exists()
    )
    count = db.session.scalar(
        select(func.count())
        .select_from(Sponsorship)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(
            TierVersion.tier_id == tier_id,
            Sponsorship.id != (besides or 0),
            Sponsorship.term.in_(GOOD_STANDING) | ((Sponsorship.term == Term.PENDING) & held),
        )
    )
    return count or 0


def _refuse_obstacles(
    actor: Actor,
    organization: Organization,
    tier: Tier,
    snapshot: TierVersion,
    running: Sponsorship | None,
    *,
    now: datetime,
) -> None:
    offer = Offer(
        audience=snapshot.audience,
        capacity=snapshot.capacity,
        taken=count_taken(tier.id, besides=running.id if running else None),
        sold_from=snapshot.sold_from,
        sold_until=snapshot.sold_until,
        archived=tier.archived_at is not None,
    )
    paid = running is not None and running.term is not Term.PENDING
    buyer = Buyer(
        kind=organization.kind,
        may_buy=may(
            actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization.id
        ),
        running=running.tier_snapshot.name if running is not None and paid else None,
    )
    for obstacle in (
        *buyer_obstacles(offer.audience, buyer),
        *offer_obstacles(offer, today=now.date()),
    ):
        raise Refusal(obstacle.code, obstacle.message)


def _mismatch(checkout: Checkout, seen: CheckoutSeen) -> str:
    """What is wrong with a paid checkout, in a sentence; empty if all is as sold."""
    snapshot = checkout.tier_snapshot
    price = Money(snapshot.price_minor, snapshot.currency)
    if seen.payment is not None and seen.payment.money != price:
        return f"{amount_text(seen.payment.money)} was paid, {amount_text(price)} is the price."
    if (seen.renewal is None) is not (snapshot.interval is Interval.ONE_TIME):
        return "What was paid does not renew as the tier does."
    if seen.renewal is not None and seen.renewal.price != price:
        return f"It renews at {amount_text(seen.renewal.price)}, not at {amount_text(price)}."
    if checkout.processor_checkout_id != seen.checkout_id:
        return f"It was paid on a second page of the processor, {seen.checkout_id}."
    if checkout.sponsorship.term is not Term.PENDING:
        return "The sponsorship had begun by another payment: this one is paid twice."
    return ""


def _close(checkout: Checkout, status: CheckoutStatus, problem: str, *, now: datetime) -> None:
    checkout.status, checkout.problem = status, problem[:300]
    sponsorship = checkout.sponsorship
    record_change(
        f"checkout:payment:{status}",
        f"Checkout of {sponsorship.organization.name} for {checkout.tier_snapshot.name}: {problem}",
        actor=SYSTEM,
        now=now,
        organization_id=sponsorship.organization_id,
        project_id=sponsorship.project_id,
        details={"checkout": checkout.reference, "processor": checkout.processor_checkout_id},
    )


def _quote(organization: Organization, project_id: int, *, now: datetime) -> Sponsorship:
    return Sponsorship(
        reference=_new_reference("sp"),
        organization=organization,
        project=db.session.get_one(Project, project_id),
        commercial=Commercial.QUOTED,
        term=Term.PENDING,
        publication=Publication.HIDDEN,
        processor="stripe",
        created_at=now,
    )


def _started(checkout: Checkout, site: str) -> StartedCheckout:
    snapshot, sponsorship = checkout.tier_snapshot, checkout.sponsorship
    organization, project = sponsorship.organization, sponsorship.project
    page = sponsorship_url(site, sponsorship)
    return StartedCheckout(
        checkout.reference,
        CheckoutRequest(
            reference=checkout.reference,
            project=project.slug,
            tier_reference=f"{project.slug}.{snapshot.tier.slug}.{snapshot.number}",
            tier_name=f"{project.name}: {snapshot.name}",
            price=Money(snapshot.price_minor, snapshot.currency),
            interval=snapshot.interval,
            payer_name=organization.legal_name or organization.name,
            payer_email=checkout.payer_email,
            payer_reference=f"organization-{organization.id}",
            payer_id=organization.processor_payer_id,
            success_url=f"{page}?checkout={checkout.reference}",
            cancel_url=f"{page}?left={checkout.reference}",
        ),
        checkout.processor_checkout_id,
        checkout.url,
    )


def _lock_checkout(criterion: ColumnElement[bool]) -> Checkout | None:
    """Lock a checkout by its organization and sponsorship, in the order every purchase takes."""
    query = select(Checkout).where(criterion)
    found = db.session.scalar(query)
    if found is None:
        return None
    _lock_organization(found.sponsorship.organization_id)
    lock_sponsorship(found.sponsorship_id)
    return db.session.scalar(query, execution_options={"populate_existing": True})


def _lock_organization(organization_id: int) -> Organization:
    """Lock FOR NO KEY UPDATE: others may still refer to the row, but not change it."""
    return db.session.get_one(
        Organization, organization_id, with_for_update={"key_share": True}, populate_existing=True
    )


def _lock_tier(project_id: int, slug: str) -> Tier:
    tier = db.session.scalar(
        select(Tier)
        .where(Tier.project_id == project_id, Tier.slug == slug)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if tier is None:
        raise NotFound("tier")
    return tier


def _current_version(tier_id: int) -> TierVersion:
    return db.session.scalars(
        select(TierVersion)
        .where(TierVersion.tier_id == tier_id)
        .order_by(TierVersion.number.desc())
        .limit(1)
    ).one()


def _find_running(organization_id: int, project_id: int) -> Sponsorship | None:
    return db.session.scalar(
        select(Sponsorship).where(
            Sponsorship.organization_id == organization_id,
            Sponsorship.project_id == project_id,
            Sponsorship.term.in_(RUNNING),
        )
    )


def _find_live(sponsorship_id: int) -> Checkout | None:
    return db.session.scalar(
        select(Checkout).where(Checkout.sponsorship_id == sponsorship_id, Checkout.status.in_(LIVE))
    )


def _live(status: CheckoutStatus) -> Sequence[Checkout]:
    return db.session.scalars(
        select(Checkout).where(Checkout.status == status).order_by(Checkout.id)
    ).all()


def _new_reference(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(8)}"
