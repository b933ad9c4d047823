"""The preview of a vote: what opening it now would freeze, and why it may not be possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.electorate import Electorate
from portal.domain.errors import Obstacle
from portal.domain.papers import MOST_OPTIONS
from portal.domain.proposals import ProposalAction, ProposalState, obstacles
from portal.domain.rules import opening_obstacles, opening_warnings, preview_seal
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.queries.votes.proposals import DeskProposal, get_desk_proposal
from portal.queries.weights.electorate import find_standing


@dataclass(frozen=True, slots=True)
class OfferedProposal:
    """A proposal in consultation that may stand in a vote as an option."""

    number: int
    title: str
    revision: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening a vote now would freeze, and why it may not be possible.

    ``offered`` are all proposals in consultation if there are several; this one is among them then.
    ``seal`` is posted along with the form, so that nothing else can freeze than what was shown.
    """

    proposal: DeskProposal
    offered: tuple[OfferedProposal, ...]
    electorate: Electorate
    currency: str
    seal: str
    obstacles: tuple[Obstacle, ...]
    warnings: tuple[Obstacle, ...]


def get_opening(project_id: int, number: int, *, now: datetime, merged: bool = False) -> Opening:
    """The preview of a vote on a proposal; ``merged`` as in ``find_standing``."""
    proposal = get_desk_proposal(project_id, number, now=now)
    electorate = find_standing(project_id, now=now, merged=merged)
    return Opening(
        proposal=proposal,
        offered=_offered(project_id),
        electorate=electorate,
        currency=db.session.get_one(Project, project_id).currency,
        seal=preview_seal(electorate, revision=proposal.revision),
        obstacles=(
            *obstacles(proposal.state, ProposalAction.OPEN_VOTE),
            *opening_obstacles(electorate),
        ),
        warnings=tuple(opening_warnings(electorate)),
    )


def _offered(project_id: int) -> tuple[OfferedProposal, ...]:
    rows = db.session.execute(
        select(Proposal.number, Proposal.title, Proposal.revision)
        .where(Proposal.project_id == project_id, Proposal.state == ProposalState.CONSULTATION)
        .order_by(Proposal.number)
        .limit(MOST_OPTIONS)
    ).all()
    return tuple(OfferedProposal(*row) for row in rows) if len(rows) > 1 else ()
