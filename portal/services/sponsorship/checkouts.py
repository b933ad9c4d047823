"""Start to buy a tier by hosted checkout: our row first, then the processor is called.

A purchase is three steps, each of which may be the last one before a crash. ``start_checkout`` is
committed first; the processor is called with our reference as idempotency key; then what it
answered is kept, and settled, by ``services.settlement``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.changes import LIVE_CHANGE
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import Actor, Permission, may, require
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
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.changes import SponsorshipChange
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.ports.payments import CheckoutRequest
from portal.services.audit import record_change
from portal.services.sponsorship.letters import sponsorship_url
from portal.services.sponsorship.sponsorships import lock_organization

LIVE = (CheckoutStatus.STARTED, CheckoutStatus.OPEN)


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
    organization = lock_organization(organization_id)
    tier = lock_tier(project_id, tier_slug)
    snapshot = get_current_version(tier.id)
    if snapshot.number != version:
        raise Conflict(
            "buy.version", "This tier was changed while you looked. See what it offers now."
        )
    running = find_running(organization_id, project_id)
    live = _find_live(running.id) if running else None
    if live is not None and live.tier_snapshot_id == snapshot.id:
        return as_started(live, site)
    if live is not None:
        raise Conflict(
            "buy.other_tier", "A checkout for another tier is open in your organization. Try again."
        )
    refuse_obstacles(actor, organization, tier, snapshot, running, now=now)
    sponsorship = running or begin_quoted(organization, project_id, now=now)
    sponsorship.tier_snapshot = snapshot
    checkout = Checkout(
        reference=new_reference("co"),
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
    return as_started(checkout, site)


def find_other_checkout(
    organization_id: int, project_id: int, tier_slug: str, *, site: str
) -> StartedCheckout | None:
    """A live checkout that stands in the way: for another tier, or another version of this one."""
    running = find_running(organization_id, project_id)
    live = _find_live(running.id) if running else None
    if live is None:
        return None
    tier = db.session.scalar(
        select(Tier).where(Tier.project_id == project_id, Tier.slug == tier_slug)
    )
    if tier is not None and get_current_version(tier.id).id == live.tier_snapshot_id:
        return None
    return as_started(live, site)


def count_taken(tier_id: int, *, besides: int | None = None) -> int:
    """Places that are taken: good standing, a live checkout or change, an open invoice (S7)."""
    held = (
        select(Checkout.id)
        .where(Checkout.sponsorship_id == Sponsorship.id, Checkout.status.in_(LIVE))
        .exists()
    )
    invoiced = Sponsorship.commercial == Commercial.INVOICED
    after = aliased(TierVersion)
    moving = (
        select(SponsorshipChange.id)
        .join(after, after.id == SponsorshipChange.after_id)
        .where(
            SponsorshipChange.sponsorship_id == Sponsorship.id,
            SponsorshipChange.state.in_(LIVE_CHANGE),
            after.tier_id == tier_id,
        )
        .exists()
    )
    count = db.session.scalar(
        select(func.count())
        .select_from(Sponsorship)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(
            Sponsorship.id != (besides or 0),
            Sponsorship.term.in_(GOOD_STANDING)
            | ((Sponsorship.term == Term.PENDING) & (held | invoiced)),
            (TierVersion.tier_id == tier_id) | moving,
        )
    )
    return count or 0


def refuse_obstacles(
    actor: Actor,
    organization: Organization,
    tier: Tier,
    snapshot: TierVersion,
    running: Sponsorship | None,
    *,
    now: datetime,
) -> None:
    """Refuse a purchase by the first of its obstacles."""
    offer = Offer(
        audience=snapshot.audience,
        capacity=snapshot.capacity,
        taken=count_taken(tier.id, besides=running.id if running else None),
        sold_from=snapshot.sold_from,
        sold_until=snapshot.sold_until,
        archived=tier.archived_at is not None,
    )
    paid = running is not None and is_taken(running)
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


def begin_quoted(
    organization: Organization, project_id: int, *, now: datetime, processor: str = "stripe"
) -> Sponsorship:
    """A sponsorship that nobody has paid yet."""
    return Sponsorship(
        reference=new_reference("sp"),
        organization=organization,
        project=db.session.get_one(Project, project_id),
        commercial=Commercial.QUOTED,
        term=Term.PENDING,
        publication=Publication.HIDDEN,
        processor=processor,
        created_at=now,
    )


def as_started(checkout: Checkout, site: str) -> StartedCheckout:
    """A checkout as it is put to the processor, the same at every attempt."""
    snapshot, sponsorship = checkout.tier_snapshot, checkout.sponsorship
    organization, project = sponsorship.organization, sponsorship.project
    page = sponsorship_url(site, sponsorship)
    return StartedCheckout(
        checkout.reference,
        CheckoutRequest(
            reference=checkout.reference,
            project=project.slug,
            tier_reference=tier_reference(snapshot),
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


def is_taken(running: Sponsorship) -> bool:
    """Whether a sponsorship stands in the way of another purchase: begun, or invoiced."""
    return running.term is not Term.PENDING or running.commercial is Commercial.INVOICED


def tier_reference(version: TierVersion) -> str:
    """A version of a tier as processors know it."""
    return f"{version.tier.project.slug}.{version.tier.slug}.{version.number}"


def lock_tier(project_id: int, slug: str) -> Tier:
    """A tier, locked: whoever buys it now waits for whoever came first."""
    tier = db.session.scalar(
        select(Tier)
        .where(Tier.project_id == project_id, Tier.slug == slug)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if tier is None:
        raise NotFound("tier")
    return tier


def get_current_version(tier_id: int) -> TierVersion:
    """The version on sale."""
    return db.session.scalars(
        select(TierVersion)
        .where(TierVersion.tier_id == tier_id)
        .order_by(TierVersion.number.desc())
        .limit(1)
    ).one()


def find_running(organization_id: int, project_id: int) -> Sponsorship | None:
    """The one sponsorship of an organization that is not over, if there is one (S3)."""
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


def new_reference(kind: str) -> str:
    """A public id that nobody can guess."""
    return f"{kind}_{secrets.token_hex(8)}"
