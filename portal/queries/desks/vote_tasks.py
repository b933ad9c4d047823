"""Proposals, votes, decisions and the roadmap, as they wait on a project's desk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from portal.domain.decisions import RoadmapState
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import RUNNING, Publication
from portal.domain.tasks import SILENT_AFTER, TaskKind
from portal.domain.votes import VoteState
from portal.models.decisions import DecisionRecord, DecisionReview, RoadmapItem
from portal.models.organizations import Organization
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.votes import Ballot, Elector, Outcome, Vote, VoteProposal
from portal.queries.desks.task_rows import Scopes, Waiting, waiting

_ON_THE_WAY = (RoadmapState.ACCEPTED, RoadmapState.IN_PROGRESS)
# Sent back to work, a proposal is a draft; on any other way it gets a decision of its own again.
_DECIDED_ON = (ProposalState.DECIDED, ProposalState.DEFERRED, ProposalState.DRAFT)
HAS_BALLOT: ColumnElement[bool] = (
    select(Ballot.id)
    .where(Ballot.elector_id == Elector.id, Ballot.superseded_at.is_(None))
    .exists()
)


def vote_tasks(scopes: Scopes, person_id: int | None, now: datetime) -> list[Waiting]:
    """The reader's own ballots, votes that close, decisions owed, and what is followed through."""
    return [
        *_votes(scopes, person_id, now),
        _decisions(scopes),
        *_proposals(scopes, now),
        _silent(scopes, now),
        _sponsors(scopes),
    ]


def _votes(scopes: Scopes, person_id: int | None, now: datetime) -> list[Waiting]:
    """A vote stands once: as the reader's ballot while that is to be cast, else as a close."""
    open_ = (Vote.state == VoteState.OPEN, Vote.closes_at > now)
    own = (
        select(Elector.id)
        .where(
            Elector.vote_id == Vote.id,
            Elector.person_id == person_id,
            Elector.voided_at.is_(None),
            ~HAS_BALLOT,
        )
        .correlate(Vote)
        .exists()
    )
    return [
        waiting(kind, Vote.project_id, Vote.id, Vote.question, due=Vote.closes_at).where(
            Vote.project_id.in_(scopes[kind]), *open_, criterion
        )
        for kind, criterion in ((TaskKind.PROJECT_BALLOT, own), (TaskKind.PROJECT_VOTE, ~own))
    ]


def _decisions(scopes: Scopes) -> Waiting:
    """One for each proposal of a counted vote: each gets a decision of its own."""
    kind = TaskKind.PROJECT_DECISION
    decided = select(DecisionRecord.id).where(
        DecisionRecord.vote_id == Vote.id, DecisionRecord.proposal_id == VoteProposal.proposal_id
    )
    return (
        waiting(kind, Vote.project_id, Proposal.number, Proposal.title, since=Outcome.tallied_at)
        .join(Outcome, Outcome.vote_id == Vote.id)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .where(
            Vote.project_id.in_(scopes[kind]),
            Vote.state == VoteState.TALLIED,
            ~decided.exists(),
        )
    )


def dated_vote_tasks(scopes: Scopes, now: datetime) -> list[Waiting]:
    """Decisions whose review date has come: of each proposal the newest, while it still stands."""
    kind, newer, review = TaskKind.PROJECT_REVIEW, aliased(DecisionRecord), DecisionReview
    last = (select(func.max(review.id)).where(review.decision_id == DecisionRecord.id)).correlate(
        DecisionRecord
    )
    due = case((review.id.is_(None), DecisionRecord.review_on), else_=review.next_review_on)
    return [
        waiting(kind, Proposal.project_id, Proposal.number, Proposal.title, due=due)
        .join(DecisionRecord, DecisionRecord.proposal_id == Proposal.id)
        .outerjoin(review, review.id == last.scalar_subquery())
        .where(
            Proposal.project_id.in_(scopes[kind]),
            Proposal.state.in_(_DECIDED_ON),
            due <= now.date(),
            ~select(newer.id)
            .where(newer.proposal_id == Proposal.id, newer.id > DecisionRecord.id)
            .exists(),
        )
    ]


def _proposals(scopes: Scopes, now: datetime) -> list[Waiting]:
    """Drafts; consultations until their last day, if they have one; and those that are over."""
    ends = Proposal.consulted_until
    runs = ends.is_(None) | (ends > now)
    consulted = Proposal.state == ProposalState.CONSULTATION
    return [
        waiting(
            kind, Proposal.project_id, Proposal.number, Proposal.title, since=since, due=due
        ).where(Proposal.project_id.in_(scopes[kind]), *criteria)
        for kind, since, due, criteria in (
            (
                TaskKind.PROJECT_DRAFT, Proposal.updated_at, None,
                [Proposal.state == ProposalState.DRAFT],
            ),
            (TaskKind.PROJECT_CONSULTATION, Proposal.updated_at, ends, [consulted, runs]),
            (TaskKind.PROJECT_CONSULTED, ends, None, [consulted, ~runs]),
        )
    ]  # fmt: skip


def _silent(scopes: Scopes, now: datetime) -> Waiting:
    """Items on their way to shipped of which nothing was heard for long."""
    kind = TaskKind.PROJECT_ROADMAP
    return (
        waiting(
            kind, RoadmapItem.project_id, Proposal.number, Proposal.title,
            since=RoadmapItem.changed_at,
        )
        .join(Proposal, Proposal.id == RoadmapItem.proposal_id)
        .where(
            RoadmapItem.project_id.in_(scopes[kind]),
            RoadmapItem.state.in_(_ON_THE_WAY),
            RoadmapItem.changed_at <= now - SILENT_AFTER,
        )
    )  # fmt: skip


def _sponsors(scopes: Scopes) -> Waiting:
    kind = TaskKind.PROJECT_SPONSOR
    return (
        waiting(
            kind, Sponsorship.project_id, Sponsorship.reference, Organization.name,
            since=Sponsorship.created_at,
        )
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .where(
            Sponsorship.project_id.in_(scopes[kind]),
            Sponsorship.publication == Publication.IN_REVIEW,
            Sponsorship.term.in_(RUNNING),
        )
    )  # fmt: skip
