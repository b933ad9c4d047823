"""An elector's votes, newest first: whether the ballot is cast, never what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from portal.database import db
from portal.domain.decisions import DecisionKind
from portal.domain.outcomes import Verdict, verdict_of
from portal.domain.votes import VotePhase, phase
from portal.models.decisions import DecisionRecord
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.votes import Ballot, Elector, ElectorOrganization, Outcome, Vote


@dataclass(frozen=True, slots=True)
class VoteEntry:
    """A vote in an elector's list; whether the ballot is cast, never what it says."""

    id: int
    project_slug: str
    project_name: str
    number: int
    question: str
    closes_at: datetime
    phase: VotePhase
    cast_at: datetime | None
    voided: bool
    verdict: Verdict | None
    decision: DecisionKind | None


@dataclass(frozen=True, slots=True)
class VoteList:
    """An elector's votes, newest first; ``older`` is the ``before`` of the next page."""

    entries: tuple[VoteEntry, ...]
    older: int | None


def list_organization_votes(
    organization_id: int, *, now: datetime, before: int | None = None, limit: int = 20
) -> VoteList:
    """The votes in which an organization is, or is part of, an elector; paged by vote."""
    query = _entries().join(ElectorOrganization, ElectorOrganization.elector_id == Elector.id)
    query = query.where(ElectorOrganization.organization_id == organization_id)
    return _list_votes(query, now=now, before=before, limit=limit)


def list_own_votes(
    project_id: int, person_id: int, *, now: datetime, before: int | None = None, limit: int = 20
) -> VoteList:
    """A project's votes in which a person is an elector in their own right; paged by vote."""
    query = _entries().where(Elector.person_id == person_id, Vote.project_id == project_id)
    return _list_votes(query, now=now, before=before, limit=limit)


def _entries() -> Select[*tuple[Any, ...]]:
    """What a list of votes shows of each, before it is said whose they are."""
    return (
        select(
            Vote.id,
            Vote.question,
            Vote.method,
            Vote.state,
            Vote.closes_at,
            Project.slug,
            Project.name,
            Proposal.number,
            Elector.voided_at,
            Ballot.cast_at,
            Outcome.id.label("outcome_id"),
            Outcome.carried,
            DecisionRecord.kind,
        )
        .join(Elector, Elector.vote_id == Vote.id)
        .join(Project, Project.id == Vote.project_id)
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .outerjoin(Ballot, and_(Ballot.elector_id == Elector.id, Ballot.superseded_at.is_(None)))
        .outerjoin(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id) & (DecisionRecord.proposal_id == Vote.proposal_id),
        )
    )


def _list_votes(
    query: Select[*tuple[Any, ...]], *, now: datetime, before: int | None, limit: int
) -> VoteList:
    query = query.order_by(Vote.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Vote.id < before)
    found = db.session.execute(query).all()
    return VoteList(
        entries=tuple(
            VoteEntry(
                id=row.id,
                project_slug=row.slug,
                project_name=row.name,
                number=row.number,
                question=row.question,
                closes_at=row.closes_at,
                phase=phase(row.state, row.closes_at, now=now),
                cast_at=row.cast_at,
                voided=row.voided_at is not None,
                verdict=None if row.outcome_id is None else verdict_of(row.carried, row.method),
                decision=row.kind,
            )
            for row in found[:limit]
        ),
        older=found[limit - 1].id if len(found) > limit else None,
    )
