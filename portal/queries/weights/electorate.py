"""Who would be entitled in a vote of a project at an instant; every preview asks here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import ColumnElement, Exists, and_, exists, func, or_, select

from portal.database import db
from portal.domain.chambers import Power
from portal.domain.charter import Charter, House, merge_classes
from portal.domain.electorate import (
    ContributorFact,
    Electorate,
    Facts,
    MaintainerFact,
    SponsorFact,
    draw_up,
    find_obstacle,
    house_of,
    share_of,
)
from portal.domain.errors import NotFound
from portal.domain.money_back import DisputeStanding
from portal.domain.newcomers import newcomers_power, newcomers_share, with_sponsor
from portal.domain.permissions import PROJECT_POLICY, Permission
from portal.domain.sponsorship import GOOD_STANDING, RUNNING
from portal.domain.tiers import Audience, Interval
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.money_back import Dispute
from portal.models.organizations import Organization
from portal.models.projects import CharterVersion, Maintainership
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.queries.weights.kept import Kept, project_state, project_versions

NEWCOMER = 0  # no organization has this id
_REMEMBERED = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ShareChange:
    """An organization's share of its house's weight: today, and with another tier."""

    now: Fraction
    then: Fraction


def find_standing(project_id: int, *, now: datetime, merged: bool = False) -> Electorate:
    """The electorate as a vote opened now would freeze it, in five statements.

    ``merged`` gives everybody the same weight, as a secret vote may. Refuses a project that does
    not exist with ``NotFound``. Those left out include whoever lapsed or ended within the last
    year.
    """
    charter = get_charter(project_id)
    facts = load_facts(project_id, now=now)
    return draw_up(facts, merge_classes(charter) if merged else charter, now)


def find_share_with(
    project_id: int, organization_id: int, *, voting_weight: int, audience: Audience, now: datetime
) -> ShareChange:
    """What a tier would do to an organization's share of the vote, once it counts.

    The organization may be a sponsor already (its tier is replaced), related to one, or new.
    """
    charter = get_charter(project_id)
    facts = load_facts(project_id, now=now, organization_id=organization_id)
    then = with_sponsor(facts, organization_id, raw=voting_weight, audience=audience, at=now)
    return ShareChange(
        now=share_of(draw_up(facts, charter, now), organization_id),
        then=share_of(draw_up(then, charter, now), organization_id),
    )


def get_charter(project_id: int) -> Charter:
    """The charter in force for the next vote; refuses with ``NotFound``."""
    return _footing(project_id).charter


class _Footing(NamedTuple):
    """The charter in force, and the versions of what public pages show of the project."""

    charter: Charter
    versions: tuple[int | None, ...]


def _footing(project_id: int) -> _Footing:
    row = db.session.execute(
        select(CharterVersion, *project_versions(project_id))
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound("charter")
    newest, *versions = row
    return _Footing(newest.charter, tuple(versions))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many electors of each house have each raw weight today, under the charter in force."""

    charter: Charter
    classes: Mapping[House, Mapping[Fraction, int]]

    def newcomers_share(self, weight: int, audience: Audience) -> Fraction:
        """The share of its house that one new sponsor would hold, once it counts."""
        house = House.SUPPORTERS if audience is Audience.PERSON else House.SPONSORS
        return newcomers_share(self.classes[house], self.charter, weight)

    def newcomers_power(self, weight: int, audience: Audience) -> Power | None:
        """The power that one new sponsor would have in its house; None if it is too large."""
        house = House.SUPPORTERS if audience is Audience.PERSON else House.SPONSORS
        return newcomers_power(self.classes[house], self.charter, weight)


_standings = Kept[Standing]()


def find_weight_classes(project_id: int, *, now: datetime) -> Standing:
    """Today's weights without the names behind them, in one statement, or three after a change."""
    charter, versions = _footing(project_id)
    return _standings.get(
        project_id,
        project_state(versions, now),
        lambda: Standing(charter, _weight_classes(project_id, charter, now)),
    )


def _weight_classes(
    project_id: int, charter: Charter, now: datetime
) -> dict[House, Counter[Fraction]]:
    """Count electors by raw weight: all sponsors by groups, then the related ones once each."""
    classes: dict[House, Counter[Fraction]] = {house: Counter() for house in _PAYING}
    for fact, sponsors in _alike(project_id, charter, now):
        if find_obstacle(fact, charter, now) is None:
            classes[house_of(fact)][Fraction(fact.raw)] += sponsors
    related = select(Organization.id).where(Organization.parent_id.is_not(None))
    parents = select(Organization.parent_id).where(Organization.parent_id.is_not(None))
    facts = _sponsors(project_id, now, Organization.id.in_(related.union(parents)))
    if not facts:
        return classes
    for fact in facts:
        if find_obstacle(fact, charter, now) is None:
            classes[house_of(fact)][Fraction(fact.raw)] -= 1
    merged = draw_up(Facts(facts, (), _parents(project_id, None)), charter, now)
    for chamber in (merged.sponsors, merged.supporters):
        classes[chamber.house].update(elector.raw for elector in chamber.electors)
    return classes


_PAYING = (House.SPONSORS, House.SUPPORTERS)


def _alike(project_id: int, charter: Charter, now: datetime) -> Iterator[tuple[SponsorFact, int]]:
    """One fact for all sponsorships that the rules cannot tell apart now, and how many these are.

    They stand on the same side of every instant that the rules ask for.
    """
    renews = and_(~Sponsorship.cancel_at_term_end, TierVersion.interval != Interval.ONE_TIME)
    grace = timedelta(days=charter.grace_days)
    open_disputes = (
        select(Dispute.sponsorship_id)
        .where(Dispute.state == DisputeStanding.OPEN)
        .distinct()
        .subquery()
    )
    alike = (
        TierVersion.voting_weight,
        TierVersion.audience,
        Sponsorship.commercial,
        Sponsorship.term,
        renews.label("renews"),
        open_disputes.c.sponsorship_id.is_not(None).label("disputed"),
    )
    sides = (
        Sponsorship.active_since <= now - timedelta(days=charter.seasoning_days),
        Sponsorship.term_ends_at <= now,
        Sponsorship.term_ends_at <= now - grace,
        Sponsorship.grace_ends_at <= now,
    )
    rows = db.session.execute(
        select(
            *alike,
            func.min(Sponsorship.active_since).label("active_since"),
            func.min(Sponsorship.term_ends_at).label("term_ends_at"),
            func.min(Sponsorship.grace_ends_at).label("grace_ends_at"),
            func.count().label("sponsors"),
        )
        .join(TierVersion, Sponsorship.tier_snapshot_id == TierVersion.id)
        .outerjoin(open_disputes, open_disputes.c.sponsorship_id == Sponsorship.id)
        .where(Sponsorship.project_id == project_id, Sponsorship.term.in_(GOOD_STANDING))
        .group_by(*alike, *sides)
    )
    for row in rows:
        fact = SponsorFact(
            organization_id=NEWCOMER,
            name="",
            public_name=None,
            raw=row.voting_weight,
            audience=row.audience,
            commercial=row.commercial,
            term=row.term,
            active_since=row.active_since,
            renews=bool(row.renews),
            term_ends_at=row.term_ends_at,
            grace_ends_at=row.grace_ends_at,
            disputed=bool(row.disputed),
        )
        yield fact, row.sponsors


def disputed_now() -> Exists:
    """Whether a payment of the sponsorship at hand is disputed and undecided."""
    return exists().where(
        Dispute.sponsorship_id == Sponsorship.id, Dispute.state == DisputeStanding.OPEN
    )


def load_paying_facts(project_id: int, *, now: datetime) -> Facts:
    """The facts of those who pay, in two statements: for what a stake gives today."""
    return Facts(_sponsors(project_id, now), (), _parents(project_id, None))


def load_facts(project_id: int, *, now: datetime, organization_id: int | None = None) -> Facts:
    """What the rules of the electorate need to know, in four statements.

    ``organization_id`` names an organization whose relations are wanted though it may not be a
    sponsor yet.
    """
    return Facts(
        _sponsors(project_id, now),
        _maintainers(project_id),
        _parents(project_id, organization_id),
        _contributors(project_id),
    )


def _sponsors(
    project_id: int, now: datetime, *criteria: ColumnElement[bool]
) -> tuple[SponsorFact, ...]:
    rows = db.session.execute(
        select(
            Sponsorship.organization_id,
            Organization.name,
            Sponsorship.approved_name,
            Sponsorship.is_private,
            TierVersion.voting_weight,
            TierVersion.audience,
            TierVersion.interval,
            Sponsorship.commercial,
            Sponsorship.term,
            Sponsorship.active_since,
            Sponsorship.cancel_at_term_end,
            Sponsorship.term_ends_at,
            Sponsorship.grace_ends_at,
            disputed_now().label("disputed"),
        )
        .join(Organization, Sponsorship.organization_id == Organization.id)
        .join(TierVersion, Sponsorship.tier_snapshot_id == TierVersion.id)
        .where(
            Sponsorship.project_id == project_id,
            *criteria,
            or_(
                Sponsorship.term.in_(RUNNING),
                and_(Sponsorship.ended_at > now - _REMEMBERED, Sponsorship.ended_at <= now),
            ),
        )
        .order_by(Sponsorship.id)
    )
    newest: dict[int, SponsorFact] = {}
    for row in rows:
        known = newest.get(row.organization_id)
        # What is running counts; of several that are over, the last one.
        if known is None or known.term not in RUNNING:
            newest[row.organization_id] = SponsorFact(
                organization_id=row.organization_id,
                name=row.name,
                public_name=None if row.is_private else row.approved_name,
                raw=row.voting_weight,
                audience=row.audience,
                commercial=row.commercial,
                term=row.term,
                active_since=row.active_since,
                renews=not row.cancel_at_term_end and row.interval is not Interval.ONE_TIME,
                term_ends_at=row.term_ends_at,
                grace_ends_at=row.grace_ends_at,
                disputed=bool(row.disputed),
            )
    return tuple(newest.values())


def _maintainers(project_id: int) -> tuple[MaintainerFact, ...]:
    rows = db.session.execute(
        select(Person.id, Person.name)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(
            Maintainership.project_id == project_id,
            Maintainership.role.in_(PROJECT_POLICY[Permission.PROJECT_BALLOT_CAST]),
        )
        .distinct()
    )
    return tuple(MaintainerFact(row.id, row.name) for row in rows)


def _contributors(project_id: int) -> tuple[ContributorFact, ...]:
    rows = db.session.execute(
        select(Person.id, Person.name, Contributor.is_named)
        .join(Contributor, Contributor.person_id == Person.id)
        .where(Contributor.project_id == project_id, Contributor.ended_at.is_(None))
    )
    return tuple(
        ContributorFact(row.id, row.name, row.name if row.is_named else None) for row in rows
    )


def _parents(project_id: int, organization_id: int | None) -> dict[int, int]:
    """From each sponsor upwards through its parents, whether these are sponsors or not."""
    sponsors = select(Sponsorship.organization_id).where(
        Sponsorship.project_id == project_id, Sponsorship.term.in_(RUNNING)
    )
    chain = (
        select(Organization.id, Organization.parent_id)
        .where(
            or_(Organization.id.in_(sponsors), Organization.id == organization_id),
            Organization.parent_id.is_not(None),
        )
        .cte("chain", recursive=True)
    )
    above = select(Organization.id, Organization.parent_id).join(
        chain, Organization.id == chain.c.parent_id
    )
    # UNION, not UNION ALL: a circle of parents ends where it began.
    rows = db.session.execute(select(chain.union(above)))
    return {row.id: row.parent_id for row in rows if row.parent_id is not None}
