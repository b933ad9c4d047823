"""A vote's window as pages show it: extension, turnout by house, and how far a closing has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import House
from portal.domain.errors import NotFound, Obstacle
from portal.domain.votes import VotePhase, extension_obstacles, phase
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.votes import (
    Elector,
    HouseTurnout,
    Vote,
    VoteClosing,
    VoteProposal,
    WindowExtension,
)

_LISTED = 100


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many of a house had voted by a full hour, and what the quorum needs.

    Weights are in thousandths; ``present_weight`` is None in secret votes.
    """

    house: House
    electors: int
    weight: int
    needed: int
    needed_weight: int
    present: int
    present_weight: int | None
    counted_to: datetime


@dataclass(frozen=True, slots=True)
class Extension:
    """The extension of a window, and why there was one."""

    closed_before: datetime
    closes_at: datetime
    reason: str
    extended_by: str
    extended_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the ballots have been read by the count."""

    ballots: int
    read: int


@dataclass(frozen=True, slots=True)
class Window:
    """What changes about a vote while and after it is open; ``progress`` None before its close."""

    turnouts: tuple[Turnout, ...]
    extension: Extension | None
    progress: Progress | None

    @property
    def electors(self) -> int:
        """The electors of all houses."""
        return sum(each.electors for each in self.turnouts)


class Present(NamedTuple):
    """An elector who has voted; ``name`` is None where it may not be shown."""

    house: House
    name: str | None


@dataclass(frozen=True, slots=True)
class PresentPage:
    """Who has voted, a page at a time; ``further`` is the ``after`` of the next one."""

    number: int
    title: str
    vote_id: int
    question: str
    opens_at: datetime
    closes_at: datetime
    phase: VotePhase
    secret: bool
    window: Window
    present: tuple[Present, ...]
    further: int | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a calendar needs to know of a vote; ``changed_at`` is when its close was last set."""

    vote_id: int
    project_name: str
    number: int
    question: str
    closes_at: datetime
    changed_at: datetime
    extended: bool


@dataclass(frozen=True, slots=True)
class WindowDesk:
    """An open vote whose window a maintainer may extend, or why not."""

    vote_id: int
    number: int
    question: str
    opens_at: datetime
    closes_at: datetime
    phase: VotePhase
    window: Window
    obstacles: tuple[Obstacle, ...]


def find_window(vote_id: int) -> Window:
    """The window of a vote, in one statement; empty where there is no such vote."""
    rows = db.session.execute(
        select(HouseTurnout, WindowExtension, VoteClosing)
        .select_from(Vote)
        .outerjoin(HouseTurnout, HouseTurnout.vote_id == Vote.id)
        .outerjoin(WindowExtension, WindowExtension.vote_id == Vote.id)
        .outerjoin(VoteClosing, VoteClosing.vote_id == Vote.id)
        .where(Vote.id == vote_id)
        .order_by(HouseTurnout.id)
    ).all()
    extension, closing = (rows[0][1], rows[0][2]) if rows else (None, None)
    return Window(
        turnouts=tuple(_turnout(row) for row, *_rest in rows if row is not None),
        extension=None
        if extension is None
        else Extension(
            extension.closed_before,
            extension.closes_at,
            extension.reason,
            extension.extended_by,
            extension.extended_at,
        ),
        progress=None if closing is None else Progress(closing.ballots, closing.ballots_read),
    )


def get_present_page(
    project_id: int, number: int, *, now: datetime, after: int = 0, limit: int = _LISTED
) -> PresentPage:
    """Who had voted by the last full hour in the newest vote on a proposal; NotFound without one.

    Neither how nor when, and nobody in a secret vote.
    """
    vote = db.session.execute(
        select(Vote.id, Vote.question, Vote.state, Vote.opens_at, Vote.closes_at, Proposal.title)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .where(Proposal.project_id == project_id, Proposal.number == number)
        .order_by(Vote.id.desc())
        .limit(1)
    ).one_or_none()
    if vote is None:
        raise NotFound("vote")
    window = find_window(vote.id)
    found = db.session.execute(
        select(Elector.id, Elector.house, Elector.public_name)
        .where(Elector.vote_id == vote.id, Elector.present, Elector.id > after)
        .order_by(Elector.id)
        .limit(limit + 1)
    ).all()
    return PresentPage(
        number=number,
        title=vote.title,
        vote_id=vote.id,
        question=vote.question,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        phase=phase(vote.state, vote.closes_at, now=now),
        secret=any(each.present_weight is None for each in window.turnouts),
        window=window,
        present=tuple(Present(row.house, row.public_name) for row in found[:limit]),
        further=found[limit - 1].id if len(found) > limit else None,
    )


def get_window_desk(project_id: int, vote_id: int, *, now: datetime) -> WindowDesk:
    """What a maintainer reads before extending a window; NotFound without such a vote."""
    found = db.session.execute(
        select(Vote.question, Vote.state, Vote.opens_at, Vote.closes_at, Proposal.number)
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .where(Vote.id == vote_id, Vote.project_id == project_id)
    ).one_or_none()
    if found is None:
        raise NotFound("vote")
    window = find_window(vote_id)
    return WindowDesk(
        vote_id=vote_id,
        number=found.number,
        question=found.question,
        opens_at=found.opens_at,
        closes_at=found.closes_at,
        phase=phase(found.state, found.closes_at, now=now),
        window=window,
        obstacles=tuple(
            extension_obstacles(
                found.state,
                found.closes_at,
                extended_at=window.extension.extended_at if window.extension else None,
                now=now,
            )
        ),
    )


def _turnout(row: HouseTurnout) -> Turnout:
    return Turnout(
        house=row.house,
        electors=row.electors,
        weight=row.weight,
        needed=row.needed,
        needed_weight=row.needed_weight,
        present=row.present,
        present_weight=row.present_weight,
        counted_to=row.counted_to,
    )


def get_deadline(project_id: int, vote_id: int) -> Deadline:
    """The close of a vote for a calendar; NotFound without such a vote."""
    found = db.session.execute(
        select(
            Vote.question,
            Vote.opens_at,
            Vote.closes_at,
            Proposal.number,
            Project.name,
            WindowExtension.extended_at,
        )
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .join(Project, Project.id == Vote.project_id)
        .outerjoin(WindowExtension, WindowExtension.vote_id == Vote.id)
        .where(Vote.id == vote_id, Vote.project_id == project_id)
    ).one_or_none()
    if found is None:
        raise NotFound("vote")
    return Deadline(
        vote_id=vote_id,
        project_name=found.name,
        number=found.number,
        question=found.question,
        closes_at=found.closes_at,
        changed_at=found.extended_at or found.opens_at,
        extended=found.extended_at is not None,
    )
