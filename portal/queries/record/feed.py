"""A project's feed: its newest outcomes, decisions and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.database import db
from portal.domain.decisions import DecisionKind
from portal.domain.outcomes import Verdict, verdict_of
from portal.models.decisions import DecisionRecord
from portal.models.proposals import Proposal
from portal.models.votes import VOTED_TITLE, Outcome, Vote

LIMIT = 20


@dataclass(frozen=True, slots=True)
class FedOutcome:
    """A counted vote, and the decision on it once there is one."""

    vote_id: int
    number: int
    title: str
    question: str
    verdict: Verdict
    tallied_at: datetime
    decision: DecisionKind | None
    reasons: str | None
    decided_at: datetime | None


def list_fed_outcomes(project_id: int) -> list[FedOutcome]:
    """The newest counted votes with their decisions, in one statement."""
    rows: Any = db.session.execute(
        select(
            Vote.id,
            Proposal.number,
            VOTED_TITLE,
            Vote.question,
            Outcome.carried,
            Vote.method,
            Outcome.tallied_at,
            DecisionRecord.kind,
            DecisionRecord.reasons,
            DecisionRecord.decided_at,
        )
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id) & (DecisionRecord.proposal_id == Vote.proposal_id),
        )
        .where(Vote.project_id == project_id)
        .order_by(Outcome.tallied_at.desc(), Vote.id.desc())
        .limit(LIMIT)
    )
    return [
        FedOutcome(vote_id, number, title, question, verdict_of(carried, method), *rest)
        for vote_id, number, title, question, carried, method, *rest in rows
    ]
