"""The sponsors page: who pays, by tier, since when; and who paid before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from portal.database import Instant
from portal.domain.charter import Charter
from portal.domain.electorate import Electorate, draw_up
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.tiers import Audience, Interval, Logo, LogoSize
from portal.models.figures import ProjectFigures
from portal.models.organizations import Organization, Picture
from portal.models.projects import CharterVersion, Project, read_charter
from portal.models.sponsorship import AMONG_PAST, ON_WALL, Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.queries.weights.electorate import load_paying_facts
from portal.queries.weights.kept import Kept, project_state, project_versions
from portal.statements import Prepared

WALL_PAGE = 200
_CHARTED = 1000
_PAST_PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WallSponsor(NamedTuple):
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
    and where there are more sponsors than a chart can show. What is made of it holds for as long as
    the page has the same ``state``.
    """

    name: str
    slug: str
    sponsors: int
    unnamed: int
    tiers: tuple[WallTier, ...]
    past: tuple[PastSponsor, ...]
    older_past: str | None
    electorate: Electorate | None
    state: Hashable


_electorates = Kept[Electorate]()

# Statements are built once: building one takes longer than running it.
_VERSION = (
    TierVersion.id,
    TierVersion.tier_id,
    TierVersion.name,
    TierVersion.price_minor,
    TierVersion.currency,
    TierVersion.interval,
    TierVersion.voting_weight,
    TierVersion.audience,
    TierVersion.benefits,
    Tier.slug,
    Tier.archived_at,
    exists().where(Sponsorship.tier_snapshot_id == TierVersion.id, ON_WALL),
)
_VERSIONS = Prepared(
    select(*_VERSION)
    .join(Tier, TierVersion.tier_id == Tier.id)
    .where(Tier.project_id == bindparam("project_id"))
    .order_by(TierVersion.number)
)
_newest = aliased(CharterVersion)
# The project once for each version of its tiers, and at least once.
_HEAD = Prepared(
    select(
        *_VERSION,
        Project.id.label("project_id"),
        Project.name.label("project_name"),
        ProjectFigures.sponsors,
        ProjectFigures.named_sponsors,
        *(getattr(CharterVersion, each.name) for each in fields(Charter)),
        CharterVersion.id.label("charter_id"),
        *(
            version.label(f"version_{number}")
            for number, version in enumerate(project_versions(Project.id))
        ),
    )
    .select_from(Project)
    .outerjoin(ProjectFigures, ProjectFigures.project_id == Project.id)
    .outerjoin(
        CharterVersion,
        CharterVersion.id
        == select(_newest.id)
        .where(_newest.project_id == Project.id)
        .order_by(_newest.number.desc())
        .limit(1)
        .correlate(Project)
        .scalar_subquery(),
    )
    .outerjoin(Tier, Tier.project_id == Project.id)
    .outerjoin(TierVersion, TierVersion.tier_id == Tier.id)
    .where(Project.slug == bindparam("slug"))
    .order_by(TierVersion.number)
)


class _Version(NamedTuple):
    """A version of a tier; ``sold`` says whether a named sponsor has bought it."""

    id: int
    tier_id: int
    name: str
    price_minor: int
    currency: str
    interval: Interval
    voting_weight: int
    audience: Audience
    benefits: list[dict[str, Any]]
    slug: str
    archived_at: datetime | None
    sold: bool


def get_sponsors_page(
    slug: str, *, now: datetime, after: str = "", before: str = ""
) -> SponsorsPage:
    """A project's wall, past sponsors and today's weights: three statements, five after a change.

    ``after`` goes on within one tier (``WallTier.after``), ``before`` with the past sponsors
    (``older_past``). NotFound for an unknown project.
    """
    rows = _HEAD.find_all(slug=slug)
    if not rows:
        raise NotFound("project")
    head = rows[0]
    project_id = head.project_id
    sponsors, named = head.sponsors or 0, head.named_sponsors or 0
    state = project_state((head.version_0, head.version_1), now)
    drawn = head.charter_id and sponsors <= _CHARTED and not (after or before)
    versions = [_Version._make(row[: len(_VERSION)]) for row in rows if row.id]
    past, older_past = _past(project_id, before)
    return SponsorsPage(
        name=head.project_name,
        slug=slug,
        sponsors=sponsors,
        unnamed=sponsors - named,
        tiers=_hang(versions, limit=WALL_PAGE, after=after),
        past=tuple(past),
        older_past=older_past,
        electorate=_electorates.get(
            project_id,
            state,
            lambda: draw_up(load_paying_facts(project_id, now=now), read_charter(head), now),
        )
        if drawn
        else None,
        state=state,
    )


def find_wall(project_id: int, *, limit: int) -> tuple[WallTier, ...]:
    """The named sponsors in good standing by tier, at most ``limit`` of each, in two statements.

    Tiers stand by weight, then price, the highest first, those without a sponsor too.
    """
    versions = map(_Version._make, _VERSIONS.find_all(project_id=project_id))
    return _hang(list(versions), limit=limit)


def _hang(versions: list[_Version], *, limit: int, after: str = "") -> tuple[WallTier, ...]:
    """The wall over all versions of the tiers, oldest first, in one statement.

    ``after`` (as ``WallTier.after``) shows one tier from there on; NotFound if it is malformed.
    """
    start = _parse(after) if after else None
    newest = {version.tier_id: version for version in versions}
    ranked = sorted(
        newest.values(), key=lambda each: (-each.voting_weight, -each.price_minor, each.id)
    )
    sold = {
        version.id: version.tier_id
        for version in versions
        if version.sold and (start is None or version.tier_id == start.tier_id)
    }
    found: defaultdict[int, list[WallSponsor]] = defaultdict(list)
    for tier_id, sponsor in _sponsors(sold, start, limit):
        found[tier_id].append(sponsor)
    return tuple(_wall_tier(version, found[version.tier_id], limit) for version in ranked)


def _wall_tier(version: _Version, sponsors: list[WallSponsor], limit: int) -> WallTier:
    shown = sponsors[:limit]
    logos = (benefit["size"] for benefit in version.benefits if benefit["kind"] == Logo.kind)
    return WallTier(
        slug=version.slug,
        name=version.name,
        price=Money(version.price_minor, version.currency),
        interval=version.interval,
        voting_weight=version.voting_weight,
        audience=version.audience,
        on_sale=version.archived_at is None,
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
    values: dict[str, Any] = {f"version_{each}": id_ for each, id_ in enumerate(sold)}
    values["limit"] = limit + 1
    if start is not None:
        values |= {"since": start.since, "id": start.id}
    for version_id, *sponsor in _on_wall(len(sold), further=start is not None).find_all(**values):
        yield sold[version_id], WallSponsor._make(sponsor)


@lru_cache(maxsize=64)
def _on_wall(versions: int, *, further: bool) -> Prepared:
    """The statement for so many versions; building it takes longer than running it."""
    walks = (_of_version(bindparam(f"version_{each}"), further=further) for each in range(versions))
    on_wall = aliased(Sponsorship, union_all(*walks).subquery())
    return Prepared(
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


def _of_version(version_id: BindParameter[int], *, further: bool) -> Select[Any]:
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
        .limit(bindparam("limit", type_=Integer))
    )
    if further:
        after = tuple_(bindparam("since", type_=Instant), bindparam("id", type_=Integer))
        query = query.where(tuple_(Sponsorship.active_since, Sponsorship.id) > after)
    return select(query.subquery())


def _past(project_id: int, before: str) -> tuple[list[PastSponsor], str | None]:
    """Those whose last sponsorship is over, the latest first, in one statement."""
    values: dict[str, Any] = {"project_id": project_id}
    if before:
        start = _parse(before)
        values |= {"until": start.since, "id": start.id}
    found = [PastSponsor(*row) for row in _past_ones(further=bool(before)).find_all(**values)]
    shown = found[:_PAST_PAGE]
    older = _Start(0, shown[-1].until, shown[-1].id).text if len(found) > _PAST_PAGE else None
    return shown, older


@cache
def _past_ones(*, further: bool) -> Prepared:
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
            Sponsorship.project_id == bindparam("project_id"),
            AMONG_PAST,
            Sponsorship.ended_at.is_not(None),
            ~exists().where(
                again.organization_id == Sponsorship.organization_id,
                again.project_id == Sponsorship.project_id,
                or_(*(again.term == each for each in GOOD_STANDING)),
            ),
        )
        .order_by(Sponsorship.ended_at.desc(), Sponsorship.id.desc())
        .limit(_PAST_PAGE + 1)
    )
    if further:
        start = tuple_(bindparam("until", type_=Instant), bindparam("id", type_=Integer))
        query = query.where(tuple_(Sponsorship.ended_at, Sponsorship.id) < start)
    return Prepared(query)
