"""Close votes that are due: count once, store the outcome, tell everybody who is concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.errors import NotFound, Refusal
from portal.domain.outcomes import Figures, Verdict, asks_for, verdict_of
from portal.domain.permissions import SYSTEM
from portal.domain.proposals import ProposalAction, move
from portal.domain.stored_figures import write_figures, write_roll
from portal.domain.votes import VoteState
from portal.models.proposals import Proposal
from portal.models.votes import Ballot, Elector, Outcome, Vote, VoteClosing, VoteProposal
from portal.services.audit import record_change
from portal.services.record.vote_log import closed_root, log_closed, log_tallied
from portal.services.votes.turnout import count_turnout
from portal.services.votes.vote_mail import spans, tell_closed, tell_decision_owed

_SAID = {
    Verdict.CARRIED: "The proposal was carried.",
    Verdict.NOT_CARRIED: "The proposal was not carried.",
    Verdict.VALID: "The vote is valid; its page shows what came of it.",
    Verdict.NO_QUORUM: "The quorum was missed, so the vote gives no answer.",
}


def find_due_votes(*, now: datetime, limit: int = 100) -> list[int]:
    """Ids of votes that are past their close and not counted yet, the longest due first."""
    return list(
        db.session.scalars(
            select(Vote.id)
            .where(Vote.state.in_((VoteState.OPEN, VoteState.COUNTING)), Vote.closes_at <= now)
            .order_by(Vote.closes_at, Vote.id)
            .limit(limit)
        )
    )


def find_untold_votes(*, limit: int = 100) -> list[int]:
    """Ids of votes that are counted, but not everybody concerned was told of the outcome."""
    return list(
        db.session.scalars(
            select(VoteClosing.vote_id)
            .join(Outcome, Outcome.vote_id == VoteClosing.vote_id)
            .where(VoteClosing.finished_at.is_(None))
            .order_by(VoteClosing.vote_id)
            .limit(limit)
        )
    )


def close_vote(vote_id: int, *, site: str, now: datetime) -> bool:
    """Close a vote at one stroke: what the steps below do in transactions of their own.

    False if its outcome is stored already. Refuses a vote whose window is still open.
    """
    if not begin_count(vote_id, now=now):
        return False
    stored = store_outcome(vote_id, count_ballots(vote_id), site=site, now=now)
    while tell_some(vote_id, site=site, now=now):
        pass
    return stored


def begin_count(vote_id: int, *, now: datetime) -> bool:
    """Shut a vote that is past its close, once casts under way are in; False if it is counted.

    From here on no ballot changes, so that the count may read them in as many steps as it wants.
    Refuses a vote whose window is still open (``vote.open``).
    """
    vote = _lock_vote(vote_id)
    if vote.state is VoteState.TALLIED:
        return False
    if now < vote.closes_at:
        raise Refusal("vote.open", "This vote is still open; it is counted after its close.")
    if vote.state is VoteState.OPEN:
        vote.state = VoteState.COUNTING
        current = select(func.count()).where(
            Ballot.vote_id == vote_id, Ballot.superseded_at.is_(None)
        )
        db.session.add(
            VoteClosing(
                vote=vote,
                vote_id=vote_id,
                began_at=now,
                ballots=db.session.scalar(current) or 0,
            )
        )
        db.session.flush()
        count_turnout(vote_id, now=now)
        log_closed(vote, now=now)
    return True


def count_ballots(vote_id: int, report: Callable[[int], None] = lambda _read: None) -> Figures:
    """Count the ballots of a vote that is shut; ``report`` is told how many were read so far.

    However late it runs, it counts the ballots that were current at the close.
    """
    rules = db.session.get_one(Vote, vote_id).rules
    return count_vote(rules, current_ballots(vote_id, report), root=closed_root(vote_id))


def note_ballots_read(vote_id: int, read: int) -> None:
    """Show on the vote's pages how far the count has come."""
    _closing(vote_id).ballots_read = read


def store_outcome(vote_id: int, figures: Figures, *, site: str, now: datetime) -> bool:
    """Store what was counted, once; False if another worker has stored it."""
    vote = _lock_vote(vote_id)
    if vote.state is VoteState.TALLIED:
        return False
    written, roll = write_figures(figures), write_roll(figures.roll)
    db.session.add(
        Outcome(
            vote=vote,
            vote_id=vote_id,
            carried=figures.carried,
            figures=written,
            roll=roll,
            tallied_at=now,
        )
    )
    log_tallied(vote, written, roll, now=now)
    vote.state = VoteState.TALLIED
    closing = _closing(vote_id)
    closing.ballots_read = closing.ballots
    _close_proposals(vote_id, figures, now=now)
    record_change(
        "vote:outcome:stored",
        f"Vote closed and counted: {vote.question} {_SAID[figures.verdict]}",
        actor=SYSTEM,
        now=now,
        project_id=vote.project_id,
        details={"vote": vote_id, "verdict": figures.verdict.value},
    )
    tell_decision_owed(vote, _SAID[figures.verdict], site=site, now=now)
    return True


def _close_proposals(vote_id: int, figures: Figures, *, now: datetime) -> None:
    """Close every proposal of the vote, and write down whether the outcome asks for it."""
    found = db.session.execute(
        select(VoteProposal, Proposal)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .where(VoteProposal.vote_id == vote_id)
        .order_by(Proposal.number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for standing, proposal in found.all():
        standing.carried = asks_for(figures, proposal.number)
        proposal.state = move(proposal.state, ProposalAction.CLOSE_VOTE)
        proposal.updated_at = now


def tell_some(vote_id: int, *, site: str, now: datetime) -> bool:
    """Post the outcome to the next electors, two thousand or less; False once all are told."""
    closing = _closing(vote_id)
    if closing.finished_at is not None:
        return False
    span = next(spans(vote_id, after=closing.told_to), None)
    if span is None:
        closing.finished_at = now
        return False
    carried = db.session.scalars(select(Outcome.carried).where(Outcome.vote_id == vote_id)).one()
    said = _SAID[verdict_of(carried, closing.vote.method)]
    tell_closed(closing.vote, said, span, site=site, now=now)
    closing.told_to = span.last
    return True


def current_ballots(
    vote_id: int, report: Callable[[int], None] = lambda _read: None
) -> Iterator[CurrentBallot]:
    """The ballots that count, as the count takes them, read a few thousand at a time."""
    read = 0
    for span in spans(vote_id):
        rows = db.session.execute(
            select(Elector.house, Elector.position, Ballot.choice, Ballot.reason, Ballot.conflict)
            .join(Ballot, Ballot.elector_id == Elector.id)
            .where(
                Elector.vote_id == vote_id,
                Elector.id.between(*span),
                Ballot.superseded_at.is_(None),
            )
        ).all()
        read += len(rows)
        for row in rows:
            yield CurrentBallot(*row)
        report(read)


def _lock_vote(vote_id: int) -> Vote:
    """The vote, locked: waits for casts that hold the row shared, and keeps later ones waiting."""
    vote = db.session.scalar(
        select(Vote)
        .where(Vote.id == vote_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if vote is None:
        raise NotFound("vote")
    return vote


def _closing(vote_id: int) -> VoteClosing:
    """How far the closing has come, locked against a second worker."""
    return db.session.scalars(
        select(VoteClosing)
        .where(VoteClosing.vote_id == vote_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
