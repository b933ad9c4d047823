"""What the pages of a purchase show: who may buy, and what buying does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.changes import LIVE_CHANGE
from portal.domain.errors import NotFound, Obstacle
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor, OrganizationRole, Permission, may
from portal.domain.sponsorship import (
    GOOD_STANDING,
    RUNNING,
    Buyer,
    Commercial,
    Offer,
    Term,
    add_terms,
    buyer_obstacles,
    offer_obstacles,
    seasoned_at,
)
from portal.domain.tiers import Audience, Interval, TierTerms
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.changes import SponsorshipChange
from portal.models.organizations import Membership, Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.queries.weights.electorate import NEWCOMER, find_share_with, get_charter

MYSELF = "-"
_LIVE = (CheckoutStatus.STARTED, CheckoutStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Choice:
    """A buyer the reader could act for, and why not; ``slug`` MYSELF is an organization of one."""

    organization_id: int
    slug: str
    name: str
    kind: OrganizationKind
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """What buying now does: when the next payment falls due, and what becomes of the vote."""

    next_payment_at: datetime | None
    term_ends_at: datetime
    share_now: Fraction
    share_then: Fraction
    weight_from: datetime


@dataclass(frozen=True, slots=True)
class BuyPage:
    """A tier on its way to be bought; ``chosen`` and ``effects`` once a buyer is chosen."""

    project_id: int
    project_slug: str
    project_name: str
    tier_slug: str
    version: int
    terms: TierTerms
    obstacles: tuple[Obstacle, ...]
    choices: tuple[Choice, ...]
    chosen: Choice | None
    effects: Effects | None

    @property
    def by_invoice(self) -> bool:
        """Whether the chosen buyer may be offered an invoice; people pay by card."""
        return self.chosen is not None and self.chosen.kind is OrganizationKind.COMPANY

    @property
    def blocked(self) -> tuple[Obstacle, ...]:
        """Why the chosen buyer cannot buy this tier now; empty if it can."""
        return (*self.obstacles, *(self.chosen.obstacles if self.chosen else ()))


def find_buy_page(
    actor: Actor, project_slug: str, tier_slug: str, buyer: str | None, *, now: datetime
) -> BuyPage:
    """The page on which a tier is bought, in four statements, or nine once a buyer is chosen.

    ``buyer`` is the slug of one of the actor's organizations, or MYSELF; a single possible buyer
    counts as chosen. Refuses what does not exist with ``NotFound``.
    """
    row = db.session.execute(
        select(Project, Tier, TierVersion)
        .join(Tier, Tier.project_id == Project.id)
        .join(TierVersion, TierVersion.tier_id == Tier.id)
        .where(Project.slug == project_slug, Tier.slug == tier_slug)
        .order_by(TierVersion.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound("tier")
    project, tier, version = row
    choices = _choices(actor, project.id, version.audience)
    chosen = next((choice for choice in choices if choice.slug == buyer), None)
    if buyer and chosen is None:
        raise NotFound("organization")
    if chosen is None and len(choices) == 1:
        chosen = choices[0]
    offer = Offer(
        audience=version.audience,
        capacity=version.capacity,
        taken=_count_taken(tier.id, besides=chosen.organization_id if chosen else NEWCOMER),
        sold_from=version.sold_from,
        sold_until=version.sold_until,
        archived=tier.archived_at is not None,
    )
    return BuyPage(
        project_id=project.id,
        project_slug=project.slug,
        project_name=project.name,
        tier_slug=tier.slug,
        version=version.number,
        terms=version.terms,
        obstacles=tuple(offer_obstacles(offer, today=now.date())),
        choices=choices,
        chosen=chosen,
        effects=_effects(project.id, chosen, version.terms, now=now) if chosen else None,
    )


def find_own_organization(person_id: int | None) -> int | None:
    """The organization of one that is the person's own; not one a colleague let them into.

    It is its first owner's: once handed over, and left, it is its next owner's (S10).
    """
    earlier = aliased(Membership)
    handed_on = (
        select(earlier.id)
        .where(
            earlier.organization_id == Membership.organization_id,
            earlier.role == OrganizationRole.OWNER,
            earlier.id < Membership.id,
        )
        .exists()
    )
    return db.session.scalar(
        select(Organization.id)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(
            Organization.kind == OrganizationKind.PERSON,
            Membership.person_id == person_id,
            Membership.role == OrganizationRole.OWNER,
            ~handed_on,
        )
        .order_by(Organization.id)
        .limit(1)
    )


def _choices(actor: Actor, project_id: int, audience: Audience) -> tuple[Choice, ...]:
    """The actor's organizations, those that may buy first, and the actor as a person."""
    rows = db.session.execute(
        select(Organization, Sponsorship.term, Sponsorship.commercial, TierVersion.name)
        .outerjoin(
            Sponsorship,
            and_(
                Sponsorship.organization_id == Organization.id,
                Sponsorship.project_id == project_id,
                Sponsorship.term.in_(RUNNING),
            ),
        )
        .outerjoin(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(Organization.id.in_(actor.organizations))
        .order_by(Organization.name)
    ).all()
    choices = []
    for organization, term, commercial, tier_name in rows:
        buyer = Buyer(
            kind=organization.kind,
            may_buy=may(
                actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization.id
            ),
            running=tier_name
            if term in GOOD_STANDING or commercial is Commercial.INVOICED
            else None,
        )
        if audience is Audience.ORGANIZATION and organization.kind is OrganizationKind.PERSON:
            continue
        obstacles = tuple(buyer_obstacles(audience, buyer))
        choices.append(
            Choice(
                organization.id, organization.slug, organization.name, organization.kind, obstacles
            )
        )
    if audience is Audience.PERSON and find_own_organization(actor.person_id) is None:
        choices.append(Choice(NEWCOMER, MYSELF, actor.name, OrganizationKind.PERSON, ()))
    return tuple(sorted(choices, key=lambda choice: bool(choice.obstacles)))


def _count_taken(tier_id: int, *, besides: int) -> int:
    """Places that others hold: in good standing, or with a checkout on its way (S7)."""
    buying = (
        select(Checkout.id)
        .where(Checkout.sponsorship_id == Sponsorship.id, Checkout.status.in_(_LIVE))
        .exists()
    )
    moving = (
        select(SponsorshipChange.sponsorship_id)
        .join(TierVersion, TierVersion.id == SponsorshipChange.after_id)
        .where(SponsorshipChange.state.in_(LIVE_CHANGE), TierVersion.tier_id == tier_id)
    )
    count = db.session.scalar(
        select(func.count())
        .select_from(Sponsorship)
        .join(TierVersion, TierVersion.id == Sponsorship.tier_snapshot_id)
        .where(
            (TierVersion.tier_id == tier_id) | Sponsorship.id.in_(moving),
            Sponsorship.organization_id != besides,
            or_(
                Sponsorship.term.in_(GOOD_STANDING),
                and_(
                    Sponsorship.term == Term.PENDING,
                    or_(buying, Sponsorship.commercial == Commercial.INVOICED),
                ),
            ),
        )
    )
    return count or 0


def _effects(project_id: int, chosen: Choice, terms: TierTerms, *, now: datetime) -> Effects:
    share = find_share_with(
        project_id,
        chosen.organization_id,
        voting_weight=terms.voting_weight,
        audience=terms.audience,
        now=now,
    )
    ends_at = add_terms(now, terms.interval)
    return Effects(
        next_payment_at=None if terms.interval is Interval.ONE_TIME else ends_at,
        term_ends_at=ends_at,
        share_now=share.now,
        share_then=share.then,
        weight_from=seasoned_at(now, get_charter(project_id).seasoning_days),
    )
