"""Outcome and decision pages of a proposal: the stored figures and the decision record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import exists, select

from portal.database import db
from portal.domain.charter import DecisionMode, PrivacyMode
from portal.domain.decisions import DecisionKind, ReviewFinding, veto_ends_at
from portal.domain.errors import NotFound
from portal.domain.outcomes import Figures, Verdict, verdict_of
from portal.domain.proposals import ProposalState
from portal.domain.record.entries import EntryType, vote_subject
from portal.domain.rules import Tie, read_terms, read_text
from portal.domain.stored_figures import read_figures
from portal.domain.weights import Damping
from portal.models.decisions import DecisionRecord
from portal.models.proposals import Proposal
from portal.models.record import LogEntry
from portal.models.votes import Outcome, Vote, VoteProposal
from portal.queries.votes.roll_calls import RollCall, find_roll_call
from portal.queries.weights.powers import HousePower, list_powers


@dataclass(frozen=True, slots=True)
class Review:
    """A look back at a decision; ``next_review_on`` None says that it was the last."""

    finding: ReviewFinding
    text: str
    next_review_on: date | None
    reviewed_by: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision record; ``follows`` is None where there was no outcome to follow.

    ``review_on`` is as it was decided; ``reviews`` are newest first.
    """

    kind: DecisionKind
    follows: bool | None
    vetoed: bool
    reasons: str
    responsible: str
    review_on: date
    decided_by: str
    decided_at: datetime
    reviews: tuple[Review, ...]

    @property
    def next_review_on(self) -> date | None:
        """When it is looked at again; None when that is over."""
        return self.reviews[0].next_review_on if self.reviews else self.review_on


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
    that were voted on; ``roll`` is a page of the roll call, None in secret votes; ``powers`` are
    those that froze at the opening, as did ``damping`` and ``cap``; ``carried`` is whether the
    outcome asks for this proposal, one of ``several`` in its vote. ``on_record`` is False for votes
    opened before the public record.
    """

    number: int
    title: str
    summary: str
    carried: bool | None
    several: bool
    on_record: bool
    vote_id: int
    question: str
    fingerprint: str
    mode: DecisionMode
    veto_allowed: bool
    tie: Tie
    damping: Damping
    cap: Fraction
    record_at: datetime
    opens_at: datetime
    closes_at: datetime
    tallied_at: datetime
    figures: Figures
    roll: RollCall | None
    powers: tuple[HousePower, ...]
    decision: Decision | None
    others: tuple[EarlierVote, ...]

    @property
    def veto_ends_at(self) -> datetime | None:
        """Until when the maintainers may veto what was carried; None where they may not."""
        vetoable = self.mode is DecisionMode.BINDING and self.veto_allowed and self.carried
        return veto_ends_at(self.closes_at) if vetoable else None


def get_outcome_page(
    project_id: int,
    number: int,
    *,
    vote_id: int | None = None,
    after: int = 0,
    reviews: bool = False,
) -> OutcomePage:
    """The newest tallied vote of a proposal, or the one that is named; NotFound before the tally.

    The roll call goes on behind the position ``after``. ``reviews`` are read where they are shown.

    Only the stored outcome is read: before the tally there is none, so nothing can leak.
    """
    tallied = db.session.execute(
        select(Vote.id, Vote.closes_at, Vote.method, Outcome.carried)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .where(Proposal.project_id == project_id, Proposal.number == number)
        .order_by(Vote.id.desc())
    ).all()
    shown = next((row.id for row in tallied if vote_id in {None, row.id}), None)
    if shown is None:
        raise NotFound("outcome")
    opened = exists().where(
        LogEntry.project_id == project_id,
        LogEntry.subject == vote_subject(shown),
        LogEntry.seq == 1,
        LogEntry.type == EntryType.VOTE_OPENED,
    )
    vote, outcome, carried, record, on_record = db.session.execute(
        select(Vote, Outcome, VoteProposal.carried, DecisionRecord, opened)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id)
            & (DecisionRecord.proposal_id == VoteProposal.proposal_id),
        )
        .where(Vote.id == shown, Proposal.project_id == project_id, Proposal.number == number)
    ).one()
    text = read_text(vote.terms, number)
    terms = read_terms(vote.terms)
    secret = vote.terms["privacy"] == PrivacyMode.SECRET_AGGREGATE
    figures = read_figures(outcome.figures)
    return OutcomePage(
        number=number,
        title=text["title"],
        summary=text["summary"],
        carried=carried,
        several=bool(vote.terms.get("others")),
        on_record=on_record,
        vote_id=vote.id,
        question=vote.question,
        fingerprint=vote.fingerprint,
        mode=figures.mode,
        veto_allowed=vote.terms.get("veto_allowed", False),
        tie=terms.tie,
        damping=Damping(vote.terms["charter"]["damping"]),
        cap=Fraction(vote.terms["charter"]["cap"]),
        record_at=vote.record_at,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        tallied_at=outcome.tallied_at,
        figures=figures,
        roll=None if secret else find_roll_call(vote.id, after=after),
        powers=list_powers(vote.id, terms.threshold, named=not secret),
        decision=None if record is None else _decision(record, reviews=reviews),
        others=tuple(
            EarlierVote(row.id, row.closes_at, verdict_of(row.carried, row.method))
            for row in tallied
            if row.id != shown
        ),
    )


def _decision(record: DecisionRecord, *, reviews: bool) -> Decision:
    return Decision(
        kind=record.kind,
        follows=record.follows,
        vetoed=record.vetoed,
        reasons=record.reasons,
        responsible=record.responsible,
        review_on=record.review_on,
        decided_by=record.decided_by,
        decided_at=record.decided_at,
        reviews=tuple(
            Review(
                each.finding,
                each.text,
                each.next_review_on,
                each.reviewed_by,
                each.reviewed_at,
            )
            for each in (record.reviews if reviews else ())
        ),
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
    return DecisionDesk(state, get_outcome_page(project_id, number, reviews=True))
