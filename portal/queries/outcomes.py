"""Outcome and decision pages of a proposal: the stored figures and the decision record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import DecisionMode
from portal.domain.decisions import DecisionKind
from portal.domain.errors import NotFound
from portal.domain.outcomes import Figures, Verdict, read_figures, verdict_of
from portal.domain.proposals import ProposalState
from portal.models.decisions import DecisionRecord
from portal.models.proposals import Proposal
from portal.models.votes import Outcome, Vote


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision record; ``follows`` is None where there was no outcome to follow."""

    kind: DecisionKind
    follows: bool | None
    vetoed: bool
    reasons: str
    responsible: str
    review_on: date
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class EarlierVote:
    """Another tallied vote on the same proposal; its page is the outcome's with ``?vote=id``."""

    id: int
    closes_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """A tallied vote as everybody may read it, decision included once there is one.

    ``others`` are further tallied votes on the proposal, newest first. Title and summary are those
    that were voted on.
    """

    number: int
    title: str
    summary: str
    vote_id: int
    question: str
    fingerprint: str
    mode: DecisionMode
    record_at: datetime
    opens_at: datetime
    closes_at: datetime
    tallied_at: datetime
    figures: Figures
    decision: Decision | None
    others: tuple[EarlierVote, ...]


def get_outcome_page(project_id: int, number: int, *, vote_id: int | None = None) -> OutcomePage:
    """The newest tallied vote of a proposal, or the one that is named; NotFound before the tally.

    Only the stored outcome is read: before the tally there is none, so nothing can leak.
    """
    tallied = db.session.execute(
        select(Vote.id, Vote.closes_at, Outcome.carried)
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .where(Proposal.project_id == project_id, Proposal.number == number)
        .order_by(Vote.id.desc())
    ).all()
    shown = next((row.id for row in tallied if vote_id in {None, row.id}), None)
    if shown is None:
        raise NotFound("outcome")
    vote, outcome, record = db.session.execute(
        select(Vote, Outcome, DecisionRecord)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(DecisionRecord, DecisionRecord.vote_id == Vote.id)
        .where(Vote.id == shown)
    ).one()
    figures = read_figures(outcome.figures)
    return OutcomePage(
        number=number,
        title=vote.rules["proposal"]["title"],
        summary=vote.rules["proposal"]["summary"],
        vote_id=vote.id,
        question=vote.question,
        fingerprint=vote.fingerprint,
        mode=figures.mode,
        record_at=vote.record_at,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        tallied_at=outcome.tallied_at,
        figures=figures,
        decision=None if record is None else _decision(record),
        others=tuple(
            EarlierVote(row.id, row.closes_at, verdict_of(row.carried))
            for row in tallied
            if row.id != shown
        ),
    )


def _decision(record: DecisionRecord) -> Decision:
    return Decision(
        kind=record.kind,
        follows=record.follows,
        vetoed=record.vetoed,
        reasons=record.reasons,
        responsible=record.responsible,
        review_on=record.review_on,
        decided_by=record.decided_by,
        decided_at=record.decided_at,
    )


@dataclass(frozen=True, slots=True)
class DecisionDesk:
    """The newest outcome of a proposal, and whether a decision is owed."""

    state: ProposalState
    outcome: OutcomePage


def get_decision_desk(project_id: int, number: int) -> DecisionDesk:
    """What maintainers need to decide; NotFound before the tally."""
    state = db.session.scalar(
        select(Proposal.state).where(Proposal.project_id == project_id, Proposal.number == number)
    )
    if state is None:
        raise NotFound("proposal")
    return DecisionDesk(state, get_outcome_page(project_id, number))
