"""Proposals as their pages show them: the public list and page, and the maintainers' desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.decisions import DecisionKind, RoadmapState
from portal.domain.errors import NotFound
from portal.domain.outcomes import Verdict, verdict_of
from portal.domain.papers import BallotPaper
from portal.domain.proposals import ProposalState
from portal.domain.rules import Tie, read_terms, read_text
from portal.domain.votes import VotePhase, phase
from portal.models.decisions import DecisionRecord, RoadmapItem
from portal.models.proposals import Proposal
from portal.models.votes import Elector, Outcome, Vote, VoteProposal


@dataclass(frozen=True, slots=True)
class VoteLine:
    """One vote on a proposal, with nothing of its ballots before the tally."""

    id: int
    question: str
    opens_at: datetime
    closes_at: datetime
    phase: VotePhase
    verdict: Verdict | None
    decision: DecisionKind | None
    follows: bool | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class OpenVote:
    """What a vote that is not counted yet asks, and the rules that froze at its opening."""

    question: str
    rules: dict[str, Any]
    paper: BallotPaper
    tie: Tie
    privacy: PrivacyMode
    opens_at: datetime
    closes_at: datetime
    electors: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One line of a list of proposals, with its newest vote if there was one."""

    number: int
    title: str
    summary: str
    state: ProposalState
    published_at: datetime | None
    updated_at: datetime
    vote: VoteLine | None


@dataclass(frozen=True, slots=True)
class ProposalList:
    """One page of a list, newest first; ``older`` is the ``before`` of the next page."""

    rows: tuple[ProposalRow, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """What everybody may read of a proposal; votes are newest first.

    ``asked`` is the newest of them in full until it is counted; then its outcome says it all.
    A proposal that went back to work shows the text of its last vote until it is published again.
    """

    number: int
    title: str
    summary: str
    body: str
    state: ProposalState
    published_at: datetime
    updated_at: datetime
    withdrawal_reason: str
    votes: tuple[VoteLine, ...]
    asked: OpenVote | None
    roadmap: RoadmapState | None
    consulted_until: datetime | None


@dataclass(frozen=True, slots=True)
class DeskProposal:
    """A proposal as maintainers work on it."""

    id: int
    number: int
    title: str
    summary: str
    body: str
    state: ProposalState
    revision: int
    published_at: datetime | None
    updated_at: datetime
    withdrawal_reason: str
    votes: tuple[VoteLine, ...]
    consulted_until: datetime | None


def list_proposals(
    project_id: int, *, now: datetime, before: int | None = None, limit: int = 20
) -> ProposalList:
    """The published proposals of a project, newest first, paged by number."""
    published = Proposal.published_at.is_not(None)
    return _page(_rows(project_id, before, limit).where(published), limit, now)


def list_desk_proposals(
    project_id: int, *, now: datetime, before: int | None = None, limit: int = 20
) -> ProposalList:
    """All proposals of a project, drafts included, newest first, paged by number."""
    return _page(_rows(project_id, before, limit), limit, now)


def get_proposal_page(project_id: int, number: int, *, now: datetime) -> ProposalPage:
    """A published proposal; NotFound for drafts that nobody published yet."""
    proposal = _find(project_id, number)
    if proposal is None or proposal.published_at is None:
        raise NotFound("proposal")
    votes = _votes([proposal.id], now)
    text: dict[str, Any] = {}
    if proposal.state is ProposalState.DRAFT and votes:
        terms = db.session.scalar(select(Vote.terms).where(Vote.id == votes[0][1].id)) or {}
        text = dict(read_text(terms, number)) if terms else {}
    return ProposalPage(
        number=number,
        title=text.get("title", proposal.title),
        summary=text.get("summary", proposal.summary),
        body=text.get("body", proposal.body),
        state=proposal.state,
        published_at=proposal.published_at,
        updated_at=proposal.updated_at,
        withdrawal_reason=proposal.withdrawal_reason,
        votes=tuple(line for _id, line in votes),
        asked=_open_vote(votes[0][1].id) if votes and votes[0][1].verdict is None else None,
        roadmap=proposal.roadmap,
        consulted_until=proposal.consulted_until,
    )


def _open_vote(vote_id: int) -> OpenVote:
    electors = select(func.count()).where(Elector.vote_id == vote_id).scalar_subquery()
    vote = db.session.execute(
        select(
            Vote.question,
            Vote.terms,
            Vote.opens_at,
            Vote.closes_at,
            Vote.fingerprint,
            electors.label("electors"),
        ).where(Vote.id == vote_id)
    ).one()
    terms = read_terms(vote.terms)
    return OpenVote(
        question=vote.question,
        rules=vote.terms,
        paper=terms.paper,
        tie=terms.tie,
        privacy=terms.privacy,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        electors=vote.electors,
        fingerprint=vote.fingerprint,
    )


def get_desk_proposal(project_id: int, number: int, *, now: datetime) -> DeskProposal:
    """A proposal with all that maintainers need to work on it; NotFound if there is none."""
    proposal = _find(project_id, number)
    if proposal is None:
        raise NotFound("proposal")
    return DeskProposal(
        id=proposal.id,
        number=number,
        title=proposal.title,
        summary=proposal.summary,
        body=proposal.body,
        state=proposal.state,
        revision=proposal.revision,
        published_at=proposal.published_at,
        updated_at=proposal.updated_at,
        withdrawal_reason=proposal.withdrawal_reason,
        votes=tuple(line for _id, line in _votes([proposal.id], now)),
        consulted_until=proposal.consulted_until,
    )


def _find(project_id: int, number: int) -> Row[*tuple[Any, ...]] | None:
    columns = (
        Proposal.id,
        Proposal.title,
        Proposal.summary,
        Proposal.body,
        Proposal.state,
        Proposal.revision,
        Proposal.published_at,
        Proposal.updated_at,
        Proposal.withdrawal_reason,
        Proposal.consulted_until,
        select(RoadmapItem.state)
        .where(RoadmapItem.proposal_id == Proposal.id)
        .scalar_subquery()
        .label("roadmap"),
    )
    return db.session.execute(
        select(*columns).where(Proposal.project_id == project_id, Proposal.number == number)
    ).one_or_none()


def _rows(project_id: int, before: int | None, limit: int) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Proposal.id,
            Proposal.number,
            Proposal.title,
            Proposal.summary,
            Proposal.state,
            Proposal.published_at,
            Proposal.updated_at,
        )
        .where(Proposal.project_id == project_id)
        .order_by(Proposal.number.desc())
        .limit(limit + 1)
    )
    return query if before is None else query.where(Proposal.number < before)


def _page(query: Select[*tuple[Any, ...]], limit: int, now: datetime) -> ProposalList:
    found = db.session.execute(query).all()
    shown = found[:limit]
    newest: dict[int, VoteLine] = {}
    for proposal_id, line in _votes([row.id for row in shown], now):
        newest.setdefault(proposal_id, line)
    return ProposalList(
        rows=tuple(
            ProposalRow(
                number=row.number,
                title=row.title,
                summary=row.summary,
                state=row.state,
                published_at=row.published_at,
                updated_at=row.updated_at,
                vote=newest.get(row.id),
            )
            for row in shown
        ),
        older=shown[-1].number if len(found) > limit else None,
    )


def _votes(proposal_ids: Sequence[int], now: datetime) -> list[tuple[int, VoteLine]]:
    """The votes on some proposals, newest first, each with the id of its proposal."""
    if not proposal_ids:
        return []
    found = db.session.execute(
        select(
            VoteProposal.proposal_id,
            Vote.id,
            Vote.question,
            Vote.method,
            Vote.state,
            Vote.opens_at,
            Vote.closes_at,
            Outcome.id.label("outcome_id"),
            Outcome.carried,
            DecisionRecord.kind,
            DecisionRecord.follows,
            DecisionRecord.review_on,
        )
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .outerjoin(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id)
            & (DecisionRecord.proposal_id == VoteProposal.proposal_id),
        )
        .where(VoteProposal.proposal_id.in_(proposal_ids))
        .order_by(Vote.id.desc())
    )
    return [
        (
            row.proposal_id,
            VoteLine(
                id=row.id,
                question=row.question,
                opens_at=row.opens_at,
                closes_at=row.closes_at,
                phase=phase(row.state, row.closes_at, now=now),
                verdict=None if row.outcome_id is None else verdict_of(row.carried, row.method),
                decision=row.kind,
                follows=row.follows,
                review_on=row.review_on,
            ),
        )
        for row in found
    ]
