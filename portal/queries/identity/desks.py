"""The desks: everything somebody has a role in, and what needs a project's maintainers today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.permissions import Actor, OrganizationRole, Permission, ProjectRole, may
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import GOOD_STANDING, RUNNING, Publication, Term
from portal.domain.votes import VoteState
from portal.models.decisions import DecisionRecord
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Ballot, Elector, ElectorOrganization, Vote, VoteProposal

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ProjectDesk:
    """One project somebody has roles in, and how many things of each kind wait there."""

    slug: str
    name: str
    roles: tuple[ProjectRole, ...]
    ballots: int
    decisions: int
    reviews: int


@dataclass(frozen=True, slots=True)
class OrganizationDesk:
    """One organization somebody has roles in, and how many ballots wait for it."""

    slug: str
    name: str
    roles: tuple[OrganizationRole, ...]
    ballots: int


@dataclass(frozen=True, slots=True)
class MyDesks:
    """Everything an actor has roles in."""

    projects: tuple[ProjectDesk, ...]
    organizations: tuple[OrganizationDesk, ...]


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal that waits for its maintainers."""

    number: int
    title: str
    state: ProposalState
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VoteLine:
    """A vote that is open, or closed and not yet decided on; nothing of its ballots."""

    id: int
    number: int
    title: str
    closes_at: datetime
    has_ballot: bool | None = None


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A sponsor whose public name, link and logo wait for approval."""

    reference: str
    organization: str
    term: Term


@dataclass(frozen=True, slots=True)
class Overview:
    """What needs a project's maintainers today, at most ten of each kind, and its figures.

    ``my_votes`` are the open votes in which the reader is an elector of the maintainers' house.
    """

    drafts: tuple[ProposalLine, ...]
    consultations: tuple[ProposalLine, ...]
    votes: tuple[VoteLine, ...]
    my_votes: tuple[VoteLine, ...]
    decisions: tuple[VoteLine, ...]
    reviews: tuple[ReviewLine, ...]
    sponsors: int
    in_grace: int
    in_review: int


def find_my_desks(actor: Actor, *, now: datetime) -> MyDesks:
    """Everything the actor has roles in and what waits there, in six statements."""
    projects = db.session.execute(
        select(Project.id, Project.slug, Project.name)
        .where(Project.id.in_(actor.projects))
        .order_by(Project.name)
    ).all()
    organizations = db.session.execute(
        select(Organization.id, Organization.slug, Organization.name)
        .where(Organization.id.in_(actor.organizations))
        .order_by(Organization.name)
    ).all()
    my_ballots = _my_ballots(actor, now)
    decisions = _decisions_owed(actor)
    reviews = _reviews_waiting(actor)
    ballots = _ballots_waiting(actor, now)
    return MyDesks(
        tuple(
            ProjectDesk(
                row.slug,
                row.name,
                tuple(sorted(actor.projects[row.id])),
                my_ballots.get(row.id, 0),
                decisions.get(row.id, 0),
                reviews.get(row.id, 0),
            )
            for row in projects
        ),
        tuple(
            OrganizationDesk(
                row.slug,
                row.name,
                tuple(sorted(actor.organizations[row.id])),
                ballots.get(row.id, 0),
            )
            for row in organizations
        ),
    )


def _projects_with(actor: Actor, permission: Permission) -> list[int]:
    return [each for each in actor.projects if may(actor, permission, project_id=each)]


def _has_ballot() -> ColumnElement[bool]:
    return (
        select(Ballot.id)
        .where(Ballot.elector_id == Elector.id, Ballot.superseded_at.is_(None))
        .exists()
    )


def _my_ballots(actor: Actor, now: datetime) -> dict[int, int]:
    rows = db.session.execute(
        select(Vote.project_id, func.count())
        .join(Elector, Elector.vote_id == Vote.id)
        .where(
            Elector.person_id == actor.person_id,
            Vote.state == VoteState.OPEN,
            Vote.closes_at > now,
            ~_has_ballot(),
        )
        .group_by(Vote.project_id)
    )
    return dict(rows.all())


def _ballots_waiting(actor: Actor, now: datetime) -> dict[int, int]:
    allowed = [
        each
        for each in actor.organizations
        if may(actor, Permission.ORGANIZATION_BALLOT_CAST, organization_id=each)
    ]
    rows = db.session.execute(
        select(ElectorOrganization.organization_id, func.count())
        .join(Elector, ElectorOrganization.elector_id == Elector.id)
        .join(Vote, Elector.vote_id == Vote.id)
        .where(
            ElectorOrganization.organization_id.in_(allowed),
            Vote.state == VoteState.OPEN,
            Vote.closes_at > now,
            ~_has_ballot(),
        )
        .group_by(ElectorOrganization.organization_id)
    )
    return dict(rows.all())


def _decisions_owed(actor: Actor) -> dict[int, int]:
    rows = db.session.execute(
        select(Vote.project_id, func.count())
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id)
            & (DecisionRecord.proposal_id == VoteProposal.proposal_id),
        )
        .where(
            Vote.project_id.in_(_projects_with(actor, Permission.PROJECT_DECISION_EDIT)),
            Vote.state == VoteState.TALLIED,
            DecisionRecord.id.is_(None),
        )
        .group_by(Vote.project_id)
    )
    return dict(rows.all())


def _reviews_waiting(actor: Actor) -> dict[int, int]:
    rows = db.session.execute(
        select(Sponsorship.project_id, func.count())
        .where(
            Sponsorship.project_id.in_(
                _projects_with(actor, Permission.PROJECT_PUBLICATION_REVIEW)
            ),
            Sponsorship.publication == Publication.IN_REVIEW,
            Sponsorship.term.in_(RUNNING),
        )
        .group_by(Sponsorship.project_id)
    )
    return dict(rows.all())


def get_overview(project_id: int, actor: Actor, *, now: datetime) -> Overview:
    """What needs the maintainers today, in six statements."""
    proposals = {
        state: tuple(
            ProposalLine(row.number, row.title, row.state, row.updated_at)
            for row in db.session.execute(
                select(Proposal.number, Proposal.title, Proposal.state, Proposal.updated_at)
                .where(Proposal.project_id == project_id, Proposal.state == state)
                .order_by(Proposal.number.desc())
                .limit(_SHOWN)
            )
        )
        for state in (ProposalState.DRAFT, ProposalState.CONSULTATION)
    }
    votes = _open_votes(project_id, actor, now)
    reviews = db.session.execute(
        select(Sponsorship.reference, Organization.name, Sponsorship.term)
        .join(Organization, Sponsorship.organization_id == Organization.id)
        .where(
            Sponsorship.project_id == project_id,
            Sponsorship.publication == Publication.IN_REVIEW,
            Sponsorship.term.in_(RUNNING),
        )
        .order_by(Sponsorship.id)
        .limit(_SHOWN)
    )
    running = db.session.execute(
        select(Sponsorship.term, Sponsorship.publication, func.count())
        .where(Sponsorship.project_id == project_id, Sponsorship.term.in_(RUNNING))
        .group_by(Sponsorship.term, Sponsorship.publication)
    ).all()
    return Overview(
        drafts=proposals[ProposalState.DRAFT],
        consultations=proposals[ProposalState.CONSULTATION],
        votes=votes,
        my_votes=tuple(vote for vote in votes if vote.has_ballot is not None),
        decisions=_undecided(project_id),
        reviews=tuple(ReviewLine(*row) for row in reviews),
        sponsors=sum(count for term, _state, count in running if term in GOOD_STANDING),
        in_grace=sum(count for term, _state, count in running if term is Term.GRACE),
        in_review=sum(count for _t, state, count in running if state is Publication.IN_REVIEW),
    )


def _open_votes(project_id: int, actor: Actor, now: datetime) -> tuple[VoteLine, ...]:
    """Open votes, those closing first in front, with whether the reader's own ballot is in."""
    rows = db.session.execute(
        select(Vote.id, Proposal.number, Proposal.title, Vote.closes_at, Elector.id, _has_ballot())
        .join(Proposal, Vote.proposal_id == Proposal.id)
        .outerjoin(Elector, (Elector.vote_id == Vote.id) & (Elector.person_id == actor.person_id))
        .where(Vote.project_id == project_id, Vote.state == VoteState.OPEN, Vote.closes_at > now)
        .order_by(Vote.closes_at, Vote.id)
        .limit(_SHOWN)
    )
    return tuple(
        VoteLine(vote_id, number, title, closes_at, has_ballot if elector_id else None)
        for vote_id, number, title, closes_at, elector_id, has_ballot in rows
    )


def _undecided(project_id: int) -> tuple[VoteLine, ...]:
    rows = db.session.execute(
        select(Vote.id, Proposal.number, Proposal.title, Vote.closes_at)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, VoteProposal.proposal_id == Proposal.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id)
            & (DecisionRecord.proposal_id == VoteProposal.proposal_id),
        )
        .where(
            Vote.project_id == project_id,
            Vote.state == VoteState.TALLIED,
            DecisionRecord.id.is_(None),
        )
        .order_by(Vote.closes_at)
        .limit(_SHOWN)
    )
    return tuple(VoteLine(*row) for row in rows)
