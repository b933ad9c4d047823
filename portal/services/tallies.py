"""Close votes that are due: count once, store the outcome, tell everybody who is concerned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.errors import NotFound, Refusal
from portal.domain.outcomes import Verdict, carried_of, write_figures
from portal.domain.permissions import SYSTEM
from portal.domain.proposals import ProposalAction, move
from portal.domain.votes import VoteState
from portal.models.proposals import Proposal
from portal.models.votes import Ballot, Elector, Outcome, Vote
from portal.services.audit import record_change
from portal.services.vote_mail import tell_closed

_SAID = {
    Verdict.CARRIED: "The proposal was carried.",
    Verdict.NOT_CARRIED: "The proposal was not carried.",
    Verdict.NO_QUORUM: "The quorum was missed, so the vote gives no answer.",
}


def find_due_votes(*, now: datetime, limit: int = 100) -> list[int]:
    """Ids of votes that are past their close and not counted yet, the longest due first."""
    return list(
        db.session.scalars(
            select(Vote.id)
            .where(Vote.state == VoteState.OPEN, Vote.closes_at <= now)
            .order_by(Vote.closes_at, Vote.id)
            .limit(limit)
        )
    )


def close_vote(vote_id: int, *, site: str, now: datetime) -> bool:
    """Count a vote that is past its close and store the outcome; False if it is stored already.

    However late it runs, it counts the ballots that were current at the close, since none can be
    cast after it. Refuses a vote whose window is still open (``vote.open``).
    """
    # Exclusive: waits for casts that hold the row shared, and keeps later ones waiting.
    vote = db.session.scalar(
        select(Vote)
        .where(Vote.id == vote_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if vote is None:
        raise NotFound("vote")
    if vote.state is VoteState.TALLIED:
        return False
    if now < vote.closes_at:
        raise Refusal("vote.open", "This vote is still open; it is counted after its close.")
    figures = count_vote(vote.rules, current_ballots(vote_id))
    db.session.add(
        Outcome(
            vote=vote,
            vote_id=vote_id,
            carried=carried_of(figures.verdict),
            figures=write_figures(figures),
            tallied_at=now,
        )
    )
    vote.state = VoteState.TALLIED
    proposal = db.session.get_one(
        Proposal, vote.proposal_id, with_for_update=True, populate_existing=True
    )
    proposal.state = move(proposal.state, ProposalAction.CLOSE_VOTE)
    proposal.updated_at = now
    record_change(
        "vote:outcome:stored",
        f"Vote closed and counted: {vote.question} {_SAID[figures.verdict]}",
        actor=SYSTEM,
        now=now,
        project_id=vote.project_id,
        details={"vote": vote_id, "verdict": figures.verdict.value},
    )
    tell_closed(vote, _SAID[figures.verdict], site=site, now=now)
    return True


def current_ballots(vote_id: int) -> list[CurrentBallot]:
    """The ballots that count, as the count takes them."""
    rows = db.session.execute(
        select(Elector.house, Elector.position, Ballot.choice, Ballot.reason)
        .join(Elector, Elector.id == Ballot.elector_id)
        .where(Ballot.vote_id == vote_id, Ballot.superseded_at.is_(None))
    )
    return [CurrentBallot(row.house, row.position, row.choice, row.reason) for row in rows]
