"""A project's overview page, and the frame that all of its public pages share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select

from portal.database import db
from portal.domain.decisions import DecisionKind, RoadmapState
from portal.domain.errors import NotFound
from portal.domain.outcomes import Verdict, verdict_of
from portal.domain.proposals import ProposalState
from portal.domain.votes import VoteState
from portal.models.decisions import DecisionRecord, RoadmapItem
from portal.models.figures import ProjectFigures
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.votes import Outcome, Vote
from portal.queries.projects.public_people import PublicPeople, find_public_people
from portal.queries.sponsorship.public_sponsors import WallTier, find_wall

_OPEN_VOTES = 6
_OUTCOMES = 4
_WALL = 12


@dataclass(frozen=True, slots=True)
class ProjectFrame:
    """What every public page of a project says about it."""

    id: int
    slug: str
    name: str
    tagline: str
    description: str
    how_we_work: str
    website: str
    help_url: str
    security_url: str


@dataclass(frozen=True, slots=True)
class OpenVote:
    """A vote that takes ballots now."""

    number: int
    title: str
    question: str
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """A counted vote, with the decision on it once there is one."""

    number: int
    title: str
    closes_at: datetime
    verdict: Verdict
    decision: DecisionKind | None
    follows: bool | None


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A project's overview."""

    project: ProjectFrame
    sponsors: int
    unnamed: int
    consultations: int
    in_progress: int
    shipped: int
    people: PublicPeople
    open_votes: tuple[OpenVote, ...]
    outcomes: tuple[NewOutcome, ...]
    wall: tuple[WallTier, ...]

    @property
    def changes_at(self) -> datetime | None:
        """The next close among the open votes."""
        return min((vote.closes_at for vote in self.open_votes), default=None)


_FRAME = (
    Project.id,
    Project.slug,
    Project.name,
    Project.tagline,
    Project.description,
    Project.how_we_work,
    Project.website,
    Project.help_url,
    Project.security_url,
)


def get_project_frame(slug: str) -> ProjectFrame:
    """What the frame of a project's pages shows; NotFound for an unknown project."""
    row = db.session.execute(select(*_FRAME).where(Project.slug == slug)).one_or_none()
    if row is None:
        raise NotFound("project")
    return ProjectFrame(*row)


def get_project_page(slug: str, *, now: datetime) -> ProjectPage:
    """A project's overview, in six statements; NotFound for an unknown project."""
    proposals = (Proposal.project_id == Project.id, Proposal.state == ProposalState.CONSULTATION)
    row: Any = db.session.execute(
        select(
            func.coalesce(ProjectFigures.sponsors, 0),
            func.coalesce(ProjectFigures.sponsors - ProjectFigures.named_sponsors, 0),
            select(func.count(Proposal.id)).where(*proposals).scalar_subquery(),
            _items(RoadmapState.IN_PROGRESS),
            _items(RoadmapState.SHIPPED),
            *_FRAME,
        )
        .outerjoin(ProjectFigures, ProjectFigures.project_id == Project.id)
        .where(Project.slug == slug)
    ).one_or_none()
    if row is None:
        raise NotFound("project")
    sponsors, unnamed, consultations, in_progress, shipped, *frame = row
    project = ProjectFrame(*frame)
    return ProjectPage(
        project=project,
        sponsors=sponsors,
        unnamed=unnamed,
        consultations=consultations,
        in_progress=in_progress,
        shipped=shipped,
        people=find_public_people(project.id),
        open_votes=_open_votes(project.id, now),
        outcomes=_outcomes(project.id),
        wall=find_wall(project.id, limit=_WALL),
    )


def _items(state: RoadmapState) -> ScalarSelect[int]:
    return (
        select(func.count(RoadmapItem.id))
        .where(RoadmapItem.project_id == Project.id, RoadmapItem.state == state)
        .scalar_subquery()
    )


def _open_votes(project_id: int, now: datetime) -> tuple[OpenVote, ...]:
    rows: Any = db.session.execute(
        select(Proposal.number, Proposal.title, Vote.question, Vote.closes_at)
        .join(Proposal, Vote.proposal_id == Proposal.id)
        .where(Vote.project_id == project_id, Vote.state == VoteState.OPEN, Vote.closes_at > now)
        .order_by(Vote.closes_at, Vote.id)
        .limit(_OPEN_VOTES)
    )
    return tuple(OpenVote(*row) for row in rows)


def _outcomes(project_id: int) -> tuple[NewOutcome, ...]:
    rows: Any = db.session.execute(
        select(
            Proposal.number,
            Proposal.title,
            Vote.closes_at,
            Vote.method,
            Outcome.carried,
            DecisionRecord.kind,
            DecisionRecord.follows,
        )
        .join(Proposal, Vote.proposal_id == Proposal.id)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id) & (DecisionRecord.proposal_id == Vote.proposal_id),
        )
        .where(Vote.project_id == project_id)
        .order_by(Vote.closes_at.desc(), Vote.id.desc())
        .limit(_OUTCOMES)
    )
    return tuple(
        NewOutcome(number, title, closes_at, verdict_of(carried, method), kind, follows)
        for number, title, closes_at, method, carried, kind, follows in rows
    )
