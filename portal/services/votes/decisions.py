"""Record the decision on a closed vote, with reasons; what is accepted goes onto the roadmap."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import DecisionMode
from portal.domain.decisions import (
    MOVES_PROPOSAL,
    DecisionKind,
    RoadmapState,
    check_decision,
    decision_obstacles,
    follows,
)
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.proposals import move
from portal.domain.rules import read_terms
from portal.models.decisions import DecisionRecord, RoadmapItem
from portal.models.votes import Outcome, Vote, VoteProposal
from portal.services.audit import record_change
from portal.services.record.vote_log import log_decided
from portal.services.votes.news import spread_decision
from portal.services.votes.proposals import lock_proposal


def decide(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    kind: DecisionKind,
    reasons: str,
    responsible: str,
    review_on: date,
    now: datetime,
) -> None:
    """Decide on the newest closed vote of a proposal and say why.

    Whether the decision follows or departs from the outcome is derived, never typed. Refuses a
    proposal that is not closed (so also a second decision), missing reasons or responsible, a
    review date out of reach, and what a binding vote forbids. A departure from a carried binding
    vote is recorded as a veto.
    """
    require(actor, Permission.PROJECT_DECISION_EDIT, project_id=project_id)
    proposal = lock_proposal(project_id, number)
    following = move(proposal.state, MOVES_PROPOSAL[kind])
    check_decision(reasons=reasons, responsible=responsible, review_on=review_on, today=now.date())
    vote, carried, quorum = _closed_vote(proposal.id)
    terms = read_terms(vote.terms)
    mode = terms.mode
    for obstacle in decision_obstacles(
        kind,
        carried=carried,
        quorum=quorum,
        mode=mode,
        veto_allowed=terms.veto_allowed,
        closed_at=vote.closes_at,
        now=now,
    ):
        raise Refusal(obstacle.code, obstacle.message, field="kind")
    obeys = follows(kind, carried=carried, quorum=quorum, mode=mode)
    vetoed = mode is DecisionMode.BINDING and obeys is False
    record = DecisionRecord(
        vote=vote,
        vote_id=vote.id,
        proposal=proposal,
        proposal_id=proposal.id,
        kind=kind,
        follows=obeys,
        vetoed=vetoed,
        reasons=reasons,
        responsible=responsible,
        review_on=review_on,
        decided_by=actor.name,
        decided_at=now,
    )
    db.session.add(record)
    log_decided(vote, record)
    spread_decision(record, now=now)
    proposal.state = following
    proposal.updated_at = now
    if kind is DecisionKind.ACCEPTED:
        db.session.add(
            RoadmapItem(
                project_id=project_id,
                proposal_id=proposal.id,
                state=RoadmapState.ACCEPTED,
                changed_at=now,
            )
        )
    said = kind.value.replace("_", " ")
    record_change(
        "decision:record:vetoed" if vetoed else "decision:record:made",
        f"Proposal {number}: {said}, a veto" if vetoed else f"Proposal {number}: {said}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"vote": vote.id, "follows": obeys},
    )


def _closed_vote(proposal_id: int) -> tuple[Vote, bool, bool]:
    """A proposal's newest counted vote: whether it asks for the proposal, and had its quorum."""
    found = db.session.execute(
        select(Vote, VoteProposal.carried)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .where(VoteProposal.proposal_id == proposal_id)
        .order_by(Vote.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound("outcome")
    vote, carried = found
    return vote, carried is True, carried is not None
