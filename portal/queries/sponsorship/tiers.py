"""Tiers: those on sale for the public, and the editor's view with what runs on each version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.chambers import Power
from portal.domain.money import Money
from portal.domain.sponsorship import GOOD_STANDING, RUNNING, Offer, offer_obstacles
from portal.domain.tiers import TierTerms
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.queries.weights.electorate import find_weight_classes

_LIVE = (CheckoutStatus.STARTED, CheckoutStatus.OPEN)

# Places taken of a tier that has so many and no more: sponsorships in good standing, and purchases
# on their way. Where there is no limit nothing is counted.
_SOLD = aliased(TierVersion)
_TAKEN = case(
    (
        TierVersion.capacity.is_not(None),
        select(func.count(Sponsorship.id))
        .join(_SOLD, Sponsorship.tier_snapshot_id == _SOLD.id)
        .where(
            _SOLD.tier_id == Tier.id,
            Sponsorship.term.in_(RUNNING),
            or_(
                Sponsorship.term.in_(GOOD_STANDING),
                exists().where(
                    Checkout.sponsorship_id == Sponsorship.id, Checkout.status.in_(_LIVE)
                ),
            ),
        )
        .scalar_subquery(),
    )
)


@dataclass(frozen=True, slots=True)
class TierOnSale:
    """A tier as a buyer sees it: what it sells, places left, and the share of the vote it gives.

    ``version_id`` is the tier snapshot that a purchase freezes. ``places_left`` None is no limit.
    ``share`` is what one new sponsor would hold of its house today, exact; ``power`` what that
    would be worth in a vote, None where the house is too large for it to be computed.
    """

    slug: str
    version_id: int
    terms: TierTerms
    places_left: int | None
    share: Fraction
    power: Power | None

    @property
    def price(self) -> Money:
        """Price of one term."""
        return self.terms.price


@dataclass(frozen=True, slots=True)
class TierInEditor:
    """A tier as its editors see it, with how many sponsorships run on all its versions."""

    slug: str
    number: int
    terms: TierTerms
    archived_at: datetime | None
    running: int
    share: Fraction


@dataclass(frozen=True, slots=True)
class VersionInEditor:
    """One version of a tier, and how many sponsorships run on it."""

    number: int
    terms: TierTerms
    created_at: datetime
    running: int


@dataclass(frozen=True, slots=True)
class TierHistory:
    """One tier with its versions, the newest first."""

    slug: str
    archived_at: datetime | None
    versions: tuple[VersionInEditor, ...]

    @property
    def newest(self) -> VersionInEditor:
        """The version that is sold."""
        return self.versions[0]


def list_tiers_on_sale(project_id: int, *, now: datetime) -> tuple[TierOnSale, ...]:
    """What can be bought today, in the project's order; full tiers included, with no place left.

    Two statements, or five after a change, whatever the number of tiers and sponsors.
    """
    newest = _newest_versions(project_id, _TAKEN, archived=False)
    if not newest:
        return ()
    standing = find_weight_classes(project_id, now=now)
    on_sale = []
    for slug, _tier_id, _archived_at, version, taken in newest:
        terms = version.terms
        # Being full does not take a tier off the page, so it is not asked here.
        offer = Offer(terms.audience, None, 0, terms.sold_from, terms.sold_until, archived=False)
        if offer_obstacles(offer, today=now.date()):
            continue
        left = None if terms.capacity is None else max(0, terms.capacity - (taken or 0))
        offered = terms.voting_weight, terms.audience
        share, power = standing.newcomers_share(*offered), standing.newcomers_power(*offered)
        on_sale.append(TierOnSale(slug, version.id, terms, left, share, power))
    return tuple(on_sale)


def list_tiers_in_editor(project_id: int, *, now: datetime) -> tuple[TierInEditor, ...]:
    """All tiers, those on sale first, with what runs on them and the share they would give."""
    running = _running(project_id)
    standing = find_weight_classes(project_id, now=now)
    tiers = [
        TierInEditor(
            slug,
            version.number,
            version.terms,
            archived_at,
            running[tier_id],
            standing.newcomers_share(version.voting_weight, version.audience),
        )
        for slug, tier_id, archived_at, version in _newest_versions(project_id, archived=True)
    ]
    return tuple(sorted(tiers, key=lambda tier: tier.archived_at is not None))


def find_tier(project_id: int, slug: str) -> TierHistory | None:
    """One tier with all its versions and how many sponsorships run on each, in three statements."""
    tier = db.session.scalar(select(Tier).where(Tier.project_id == project_id, Tier.slug == slug))
    if tier is None:
        return None
    rows = db.session.execute(
        select(TierVersion, func.count(Sponsorship.id))
        .outerjoin(
            Sponsorship,
            (Sponsorship.tier_snapshot_id == TierVersion.id) & Sponsorship.term.in_(GOOD_STANDING),
        )
        .where(TierVersion.tier_id == tier.id)
        .group_by(TierVersion.id)
        .order_by(TierVersion.number.desc())
    )
    versions = tuple(
        VersionInEditor(version.number, version.terms, version.created_at, running)
        for version, running in rows
    )
    return TierHistory(tier.slug, tier.archived_at, versions)


def find_newcomers(
    project_id: int, offers: Sequence[TierTerms], *, now: datetime
) -> list[tuple[Fraction, Power | None]]:
    """The share of its house, and the power, of one new sponsor today in each of several tiers."""
    standing = find_weight_classes(project_id, now=now)
    offered = [(terms.voting_weight, terms.audience) for terms in offers]
    return [(standing.newcomers_share(*each), standing.newcomers_power(*each)) for each in offered]


def _newest_versions(
    project_id: int, *further: ColumnElement[Any], archived: bool
) -> Sequence[Row[*tuple[Any, ...]]]:
    newest = (
        select(TierVersion.tier_id, func.max(TierVersion.number).label("number"))
        .group_by(TierVersion.tier_id)
        .subquery()
    )
    statement = (
        select(Tier.slug, Tier.id, Tier.archived_at, TierVersion, *further)
        .join(newest, newest.c.tier_id == Tier.id)
        .join(
            TierVersion,
            (TierVersion.tier_id == Tier.id) & (TierVersion.number == newest.c.number),
        )
        .where(Tier.project_id == project_id)
        .order_by(Tier.position, Tier.id)
    )
    if not archived:
        statement = statement.where(Tier.archived_at.is_(None))
    return db.session.execute(statement).all()


def _running(project_id: int) -> Counter[int]:
    """Sponsorships in good standing, by tier."""
    rows = db.session.execute(
        select(TierVersion.tier_id, func.count())
        .join(Sponsorship, Sponsorship.tier_snapshot_id == TierVersion.id)
        .where(Sponsorship.project_id == project_id, Sponsorship.term.in_(GOOD_STANDING))
        .group_by(TierVersion.tier_id)
    )
    return Counter(dict(rows.all()))
