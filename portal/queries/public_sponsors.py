"""The sponsors page: who pays, by tier, since when; and who paid before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, select, tuple_, union_all
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.electorate import Electorate, draw_up
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.tiers import Audience, Interval, Logo, LogoSize
from portal.models.figures import ProjectFigures
from portal.models.organizations import Organization, Picture
from portal.models.projects import CharterVersion, Project
from portal.models.sponsorship import AMONG_PAST, ON_WALL, Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.queries.electorate import load_paying_facts

WALL_PAGE = 200
_CHARTED = 1000
_PAST_PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WallSponsor:
    """A named sponsor in good standing; ``picture`` is the SHA-256 of its approved logo."""

    id: int
    organization: str
    name: str
    website: str | None
    picture: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class WallTier:
    """A tier with its named sponsors, longest first; ``on_sale`` is False once it is archived.

    What is said of the tier is its newest version; each sponsor keeps what it bought. ``size`` is
    that of its logos, None where the tier has none.
    ``after`` leads to its further sponsors.
    """

    slug: str
    name: str
    price: Money
    interval: Interval
    voting_weight: int
    audience: Audience
    on_sale: bool
    size: LogoSize | None
    sponsors: tuple[WallSponsor, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class PastSponsor:
    """A named sponsor whose term is over."""

    id: int
    organization: str
    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SponsorsPage:
    """A project's sponsors. ``unnamed`` counts those who stay private or are not approved yet.

    ``electorate`` is what a vote opened now would freeze of those who pay; None on further pages,
    and where there are more sponsors than a chart can show.
    """

    name: str
    slug: str
    sponsors: int
    unnamed: int
    tiers: tuple[WallTier, ...]
    past: tuple[PastSponsor, ...]
    older_past: str | None
    electorate: Electorate | None


def get_sponsors_page(
    slug: str, *, now: datetime, after: str = "", before: str = ""
) -> SponsorsPage:
    """A project's wall, its past sponsors and today's weights, in six statements.

    ``after`` goes on within one tier (``WallTier.after``), ``before`` with the past sponsors
    (``older_past``). NotFound for an unknown project.
    """
    row = db.session.execute(
        select(
            Project.id,
            Project.name,
            ProjectFigures.sponsors,
            ProjectFigures.named_sponsors,
            CharterVersion,
        )
        .outerjoin(ProjectFigures, ProjectFigures.project_id == Project.id)
        .outerjoin(CharterVersion, CharterVersion.project_id == Project.id)
        .where(Project.slug == slug)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound("project")
    sponsors, named, charter = row.sponsors or 0, row.named_sponsors or 0, row.CharterVersion
    drawn = charter and sponsors <= _CHARTED and not (after or before)
    past, older_past = _past(row.id, before)
    return SponsorsPage(
        name=row.name,
        slug=slug,
        sponsors=sponsors,
        unnamed=sponsors - named,
        tiers=find_wall(row.id, limit=WALL_PAGE, after=after),
        past=tuple(past),
        older_past=older_past,
        electorate=draw_up(load_paying_facts(row.id, now=now), charter.charter, now)
        if drawn
        else None,
    )


def find_wall(project_id: int, *, limit: int, after: str = "") -> tuple[WallTier, ...]:
    """The named sponsors in good standing by tier, at most ``limit`` of each, in two statements.

    Tiers stand by weight, then price, the highest first, those without a sponsor too. ``after`` (as
    ``WallTier.after``) shows one tier from there on; NotFound if it is malformed.
    """
    start = _parse(after) if after else None
    versions = db.session.execute(
        select(
            TierVersion,
            Tier,
            exists().where(Sponsorship.tier_snapshot_id == TierVersion.id, ON_WALL).label("sold"),
        )
        .join(Tier, TierVersion.tier_id == Tier.id)
        .where(Tier.project_id == project_id)
        .order_by(TierVersion.number)
    ).all()
    newest = {tier.id: (version, tier) for version, tier, _sold in versions}
    ranked = sorted(
        newest.values(), key=lambda each: (-each[0].voting_weight, -each[0].price_minor, each[0].id)
    )
    sold = {
        version.id: version.tier_id
        for version, _tier, sold in versions
        if sold and (start is None or version.tier_id == start.tier_id)
    }
    found: defaultdict[int, list[WallSponsor]] = defaultdict(list)
    for tier_id, sponsor in _sponsors(sold, start, limit):
        found[tier_id].append(sponsor)
    return tuple(_wall_tier(version, tier, found[tier.id], limit) for version, tier in ranked)


def _wall_tier(
    version: TierVersion, tier: Tier, sponsors: list[WallSponsor], limit: int
) -> WallTier:
    shown = sponsors[:limit]
    logos = (benefit["size"] for benefit in version.benefits if benefit["kind"] == Logo.kind)
    return WallTier(
        slug=tier.slug,
        name=version.name,
        price=Money(version.price_minor, version.currency),
        interval=version.interval,
        voting_weight=version.voting_weight,
        audience=version.audience,
        on_sale=tier.archived_at is None,
        size=next((LogoSize(size) for size in logos), None),
        sponsors=tuple(shown),
        after=_Start(version.tier_id, shown[-1].since, shown[-1].id).text
        if len(sponsors) > limit
        else None,
    )


@dataclass(frozen=True, slots=True)
class _Start:
    """The sponsor after which a tier goes on: tier, instant, sponsorship."""

    tier_id: int
    since: datetime
    id: int

    @property
    def text(self) -> str:
        micros = (self.since - _EPOCH) // timedelta(microseconds=1)
        return f"{self.tier_id}.{micros}.{self.id}"


def _parse(after: str) -> _Start:
    try:
        tier_id, micros, sponsorship_id = map(int, after.split("."))
        return _Start(tier_id, _EPOCH + timedelta(microseconds=micros), sponsorship_id)
    except (ValueError, OverflowError):
        raise NotFound from None


def _sponsors(
    sold: Mapping[int, int], start: _Start | None, limit: int
) -> Iterator[tuple[int, WallSponsor]]:
    """The longest sponsors of each version, with their tier, one walk of an index per version."""
    if not sold:
        return
    on_wall = aliased(
        Sponsorship, union_all(*(_of_version(each, start, limit) for each in sold)).subquery()
    )
    rows = db.session.execute(
        select(
            on_wall.tier_snapshot_id,
            on_wall.id,
            Organization.slug,
            on_wall.approved_name,
            on_wall.approved_website,
            Picture.sha256,
            on_wall.active_since,
        )
        .join(Organization, on_wall.organization_id == Organization.id)
        .outerjoin(Picture, on_wall.approved_picture_id == Picture.id)
        .order_by(on_wall.active_since, on_wall.id)
    )
    for version_id, *values in rows:
        sponsor: list[Any] = values
        yield sold[version_id], WallSponsor(*sponsor)


def _of_version(version_id: int, start: _Start | None, limit: int) -> Select[Any]:
    query = (
        select(
            Sponsorship.id,
            Sponsorship.tier_snapshot_id,
            Sponsorship.organization_id,
            Sponsorship.approved_name,
            Sponsorship.approved_website,
            Sponsorship.approved_picture_id,
            Sponsorship.active_since,
        )
        .where(Sponsorship.tier_snapshot_id == version_id, ON_WALL)
        .order_by(Sponsorship.active_since, Sponsorship.id)
        .limit(limit + 1)
    )
    if start is not None:
        query = query.where(
            tuple_(Sponsorship.active_since, Sponsorship.id) > (start.since, start.id)
        )
    limited = query.subquery()
    return select(limited)


def _past(project_id: int, before: str) -> tuple[list[PastSponsor], str | None]:
    """Those whose last sponsorship is over, the latest first, in one statement."""
    again = aliased(Sponsorship)
    query = (
        select(
            Sponsorship.id,
            Organization.slug,
            Sponsorship.approved_name,
            Sponsorship.active_since,
            Sponsorship.ended_at,
        )
        .join(Organization, Sponsorship.organization_id == Organization.id)
        .where(
            Sponsorship.project_id == project_id,
            AMONG_PAST,
            Sponsorship.ended_at.is_not(None),
            ~exists().where(
                again.organization_id == Sponsorship.organization_id,
                again.project_id == project_id,
                again.term.in_(GOOD_STANDING),
            ),
        )
        .order_by(Sponsorship.ended_at.desc(), Sponsorship.id.desc())
        .limit(_PAST_PAGE + 1)
    )
    if before:
        start = _parse(before)
        query = query.where(tuple_(Sponsorship.ended_at, Sponsorship.id) < (start.since, start.id))
    rows: Sequence[Any] = db.session.execute(query).all()
    found = [PastSponsor(*row) for row in rows]
    shown = found[:_PAST_PAGE]
    older = _Start(0, shown[-1].until, shown[-1].id).text if len(found) > _PAST_PAGE else None
    return shown, older
