"""Who would be entitled in a vote of a project at an instant; every preview asks here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import and_, or_, select

from portal.database import db
from portal.domain.charter import Charter
from portal.domain.electorate import (
    Electorate,
    Facts,
    MaintainerFact,
    SponsorFact,
    draw_up,
    share_of,
    with_sponsor,
)
from portal.domain.errors import NotFound
from portal.domain.permissions import PROJECT_POLICY, Permission
from portal.domain.sponsorship import RUNNING, Publication
from portal.domain.tiers import Audience, Interval
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import CharterVersion, Maintainership
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion

NEWCOMER = 0  # no organization has this id
_REMEMBERED = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class ShareChange:
    """An organization's share of its house's weight: today, and with another tier."""

    now: Fraction
    then: Fraction


def find_standing(project_id: int, *, now: datetime) -> Electorate:
    """The electorate as a vote opened now would freeze it, in four statements.

    Refuses a project that does not exist with ``NotFound``. Those left out include whoever lapsed
    or ended within the last year.
    """
    return draw_up(load_facts(project_id, now=now), get_charter(project_id), now)


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
    newest = db.session.scalar(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound("charter")
    return newest.charter


def load_paying_facts(project_id: int, *, now: datetime) -> Facts:
    """The facts without the maintainers, in two statements: for what a stake gives today."""
    return Facts(_sponsors(project_id, now), (), _parents(project_id, None))


def load_facts(project_id: int, *, now: datetime, organization_id: int | None = None) -> Facts:
    """What the rules of the electorate need to know, in three statements.

    ``organization_id`` names an organization whose relations are wanted though it may not be a
    sponsor yet.
    """
    return Facts(
        _sponsors(project_id, now),
        _maintainers(project_id),
        _parents(project_id, organization_id),
    )


def _sponsors(project_id: int, now: datetime) -> tuple[SponsorFact, ...]:
    rows = db.session.execute(
        select(
            Sponsorship.organization_id,
            Organization.name,
            Sponsorship.approved_name,
            Sponsorship.publication,
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
        )
        .join(Organization, Sponsorship.organization_id == Organization.id)
        .join(TierVersion, Sponsorship.tier_snapshot_id == TierVersion.id)
        .where(
            Sponsorship.project_id == project_id,
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
                public_name=None
                if row.is_private or row.publication is not Publication.PUBLISHED
                else row.approved_name,
                raw=row.voting_weight,
                audience=row.audience,
                commercial=row.commercial,
                term=row.term,
                active_since=row.active_since,
                renews=not row.cancel_at_term_end and row.interval is not Interval.ONE_TIME,
                term_ends_at=row.term_ends_at,
                grace_ends_at=row.grace_ends_at,
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
