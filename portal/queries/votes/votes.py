"""The page of a ballot, for whoever casts it: only one's own ballot, and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.charter import House, PrivacyMode
from portal.domain.errors import NotFound, Obstacle
from portal.domain.papers import BallotPaper
from portal.domain.rules import Tie, read_terms
from portal.domain.votes import VotePhase, ballot_obstacles, phase
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote
from portal.queries.weights.powers import HousePower, list_powers


@dataclass(frozen=True, slots=True)
class OwnBallot:
    """An elector's current ballot, for those who may cast it."""

    reference: str
    choice: dict[str, Any]
    reason: str
    conflict: str
    cast_at: datetime


@dataclass(frozen=True, slots=True)
class EarlierBallot:
    """A superseded ballot of one's own: its receipt and when it counted."""

    reference: str
    cast_at: datetime
    superseded_at: datetime


@dataclass(frozen=True, slots=True)
class Seat:
    """The elector somebody casts for: weights in thousandths, power None in very large houses.

    ``public_name`` is what the roll call will show, None for no name.
    """

    house: House
    members: tuple[str, ...]
    raw: Fraction
    weight: int
    share: Fraction
    power: Fraction | None
    public_name: str | None


@dataclass(frozen=True, slots=True)
class BallotPage:
    """A vote with one's own seat and ballot; ``seat`` is None for who is no elector.

    ``cast`` and ``electors`` are numbers only; ``credits`` are those of a quadratic vote.
    ``powers`` are of the heaviest electors, for maintainers alone before the close.
    """

    id: int
    project_slug: str
    project_name: str
    number: int
    title: str
    summary: str
    body: str
    question: str
    fingerprint: str
    rules: dict[str, Any]
    powers: tuple[HousePower, ...]
    paper: BallotPaper
    tie: Tie
    credits: int
    privacy: PrivacyMode
    reason_required: bool
    opens_at: datetime
    closes_at: datetime
    phase: VotePhase
    electors: int
    cast: int
    seat: Seat | None
    ballot: OwnBallot | None
    earlier: tuple[EarlierBallot, ...]
    obstacles: tuple[Obstacle, ...]


def get_ballot_page(organization_id: int, vote_id: int, *, now: datetime) -> BallotPage:
    """The ballot of an organization's elector; NotFound where the organization has none."""
    page = _ballot_page(
        vote_id,
        Elector.organizations.any(ElectorOrganization.organization_id == organization_id),
        now,
    )
    if page is None or page.seat is None:
        raise NotFound("vote")
    return page


def get_maintainer_ballot_page(
    project_id: int, vote_id: int, person_id: int, *, now: datetime
) -> BallotPage:
    """A vote on its project's desk, with the ballot of a maintainer who is an elector."""
    page = _ballot_page(vote_id, Elector.person_id == person_id, now, project_id)
    if page is None:
        raise NotFound("vote")
    return page


def get_contributor_ballot_page(
    project_id: int, vote_id: int, person_id: int, *, now: datetime
) -> BallotPage:
    """A contributor's own ballot; NotFound in a vote that froze without them."""
    page = _ballot_page(
        vote_id, Elector.person_id == person_id, now, project_id, shows_powers=False
    )
    if page is None or page.seat is None:
        raise NotFound("vote")
    return page


def _ballot_page(
    vote_id: int,
    which: ColumnElement[bool],
    now: datetime,
    project_id: int | None = None,
    *,
    shows_powers: bool = True,
) -> BallotPage | None:
    """A vote with one's own seat; ``project_id`` is set where the seat is a person's."""
    query = (
        select(Vote, Project.slug, Project.name, Proposal.number)
        .join(Project, Project.id == Vote.project_id)
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .where(Vote.id == vote_id)
    )
    if project_id is not None:
        query = query.where(Vote.project_id == project_id)
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    vote, slug, name, number = found
    elector = db.session.scalar(select(Elector).where(Elector.vote_id == vote_id, which))
    ballots = [] if elector is None else _own_ballots(elector.id)
    current = next((each for each in ballots if each.superseded_at is None), None)
    electors, cast = _numbers(vote_id)
    terms = read_terms(vote.terms)
    text = vote.terms["proposal"]
    return BallotPage(
        id=vote.id,
        project_slug=slug,
        project_name=name,
        number=number,
        title=text["title"],
        summary=text["summary"],
        body=text["body"],
        question=vote.question,
        fingerprint=vote.fingerprint,
        rules=vote.terms,
        powers=()
        if project_id is None or not shows_powers
        else list_powers(vote.id, terms.threshold),
        paper=terms.paper,
        tie=terms.tie,
        credits=0 if elector is None else terms.paper.allow(elector.weight).credits,
        privacy=terms.privacy,
        reason_required=terms.reason_required,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        phase=phase(vote.state, vote.closes_at, now=now),
        electors=electors,
        cast=cast,
        seat=None if elector is None else _seat(elector),
        ballot=None
        if current is None
        else OwnBallot(
            current.reference, current.choice, current.reason, current.conflict, current.cast_at
        ),
        earlier=tuple(
            EarlierBallot(each.reference, each.cast_at, each.superseded_at)
            for each in ballots
            if each.superseded_at is not None
        ),
        obstacles=tuple(_obstacles(vote, elector, now)),
    )


def _obstacles(vote: Vote, elector: Elector | None, now: datetime) -> list[Obstacle]:
    if elector is None:
        return [Obstacle("vote.not_elector", "You are not among the electors of this vote.")]
    return ballot_obstacles(
        vote.state, vote.opens_at, vote.closes_at, voided_at=elector.voided_at, now=now
    )


def _own_ballots(elector_id: int) -> list[Ballot]:
    """The newest ballots of one elector, the current one first."""
    return list(
        db.session.scalars(
            select(Ballot)
            .where(Ballot.elector_id == elector_id)
            .order_by(Ballot.id.desc())
            .limit(20)
        )
    )


def _numbers(vote_id: int) -> tuple[int, int]:
    """How many electors a vote has, and how many ballots are in."""
    electors = select(func.count()).where(Elector.vote_id == vote_id).scalar_subquery()
    cast = (
        select(func.count())
        .where(Ballot.vote_id == vote_id, Ballot.superseded_at.is_(None))
        .scalar_subquery()
    )
    row = db.session.execute(select(electors.label("electors"), cast.label("cast"))).one()
    return row.electors, row.cast


def _seat(elector: Elector) -> Seat:
    names = db.session.scalars(
        select(Organization.name)
        .join(ElectorOrganization, ElectorOrganization.organization_id == Organization.id)
        .where(ElectorOrganization.elector_id == elector.id)
        .order_by(ElectorOrganization.id)
    )
    total = db.session.scalar(
        select(func.sum(Elector.weight)).where(
            Elector.vote_id == elector.vote_id, Elector.house == elector.house
        )
    )
    return Seat(
        house=elector.house,
        members=tuple(names),
        raw=elector.raw_weight,
        weight=elector.weight,
        share=Fraction(elector.weight, int(total or 1)),
        power=None if elector.banzhaf is None else Fraction(elector.banzhaf),
        public_name=elector.public_name,
    )
