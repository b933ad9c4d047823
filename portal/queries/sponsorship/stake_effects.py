"""What a stake did: needs raised, ballots cast, how votes ended, what was decided and shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from portal.database import db
from portal.domain.charter import PrivacyMode
from portal.domain.count import called
from portal.domain.decisions import DecisionKind, RoadmapState
from portal.domain.needs import Credit, NeedState
from portal.domain.outcomes import Verdict, verdict_of
from portal.domain.rules import read_text
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.votes import Method, VotePhase, phase
from portal.models.decisions import DecisionRecord, RoadmapItem
from portal.models.needs import Need
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.votes import (
    Ballot,
    Elector,
    ElectorOrganization,
    Outcome,
    Vote,
    VoteProposal,
)

_MOST = 200
_ENDED_WELL = (NeedState.ANSWERED, NeedState.TAKEN_UP)


@dataclass(frozen=True, slots=True)
class BallotEffect:
    """A proposal in a vote of the organization's, and what came of it.

    ``position`` is what the roll call says once it is public; None before, in secret votes, and
    in votes over options. A decision and a shipped link are as public as here.
    """

    vote_id: int
    number: int
    title: str
    closes_at: datetime
    phase: VotePhase
    cast: bool
    position: str | None
    verdict: Verdict | None
    decision: DecisionKind | None
    follows: bool | None
    roadmap: RoadmapState | None
    shipped_url: str


@dataclass(frozen=True, slots=True)
class NeedEffect:
    """A need of the organization's, and the published proposal that answers it, if one does."""

    id: int
    need: str
    state: NeedState
    proposal: tuple[int, str] | None
    roadmap: RoadmapState | None
    shipped_url: str


@dataclass(frozen=True, slots=True)
class ProjectEffects:
    """What the stake in one project did; ``needs`` is None for who may not read them."""

    slug: str
    name: str
    needs: tuple[NeedEffect, ...] | None
    ballots: tuple[BallotEffect, ...]

    @property
    def heard(self) -> int:
        """How many needs were answered or taken up."""
        return sum(each.state in _ENDED_WELL for each in self.needs or ())

    @property
    def cast(self) -> int:
        """In how many votes a ballot was cast."""
        return len({each.vote_id for each in self.ballots if each.cast})

    @property
    def votes(self) -> int:
        """How many votes had the organization among their electors."""
        return len({each.vote_id for each in self.ballots})

    @property
    def shipped(self) -> int:
        """How many proposals that it voted on, or that answer its needs, have shipped."""
        return len(
            {each.number for each in self.ballots if each.roadmap is RoadmapState.SHIPPED}
            | {
                each.proposal[0]
                for each in self.needs or ()
                if each.proposal and each.roadmap is RoadmapState.SHIPPED
            }
        )


def find_effects(
    organization_id: int, *, reads_needs: bool, now: datetime
) -> tuple[ProjectEffects, ...]:
    """What the organization's stakes did, project by project, in at most three statements."""
    projects = {
        row.id: row
        for row in db.session.execute(
            select(Project.id, Project.slug, Project.name)
            .join(Sponsorship, Sponsorship.project_id == Project.id)
            .where(
                Sponsorship.organization_id == organization_id,
                Sponsorship.active_since.is_not(None),
            )
            .order_by(Project.name, Project.id)
        )
    }
    ballots = _ballots(organization_id, now)
    needs = _needs(organization_id) if reads_needs else {}
    return tuple(
        ProjectEffects(
            row.slug,
            row.name,
            tuple(needs.get(key, ())) if reads_needs else None,
            tuple(ballots.get(key, ())),
        )
        for key, row in projects.items()
    )


def _ballots(organization_id: int, now: datetime) -> Mapping[int, Sequence[BallotEffect]]:
    rows = db.session.execute(
        select(
            Vote.id, Vote.project_id, Vote.terms, Vote.method, Vote.state, Vote.closes_at,
            Proposal.number, Elector.voided_at, Ballot.id.label("ballot_id"), Ballot.choice,
            Outcome.id.label("outcome_id"), Outcome.carried, DecisionRecord.kind,
            DecisionRecord.follows, RoadmapItem.state.label("roadmap"), RoadmapItem.shipped_url,
        )
        .join(ElectorOrganization, ElectorOrganization.vote_id == Vote.id)
        .join(Elector, Elector.id == ElectorOrganization.elector_id)
        .join(VoteProposal, VoteProposal.vote_id == Vote.id)
        .join(Proposal, Proposal.id == VoteProposal.proposal_id)
        .outerjoin(Ballot, (Ballot.elector_id == Elector.id) & Ballot.superseded_at.is_(None))
        .outerjoin(Outcome, Outcome.vote_id == Vote.id)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.vote_id == Vote.id) & (DecisionRecord.proposal_id == Proposal.id),
        )
        .outerjoin(RoadmapItem, RoadmapItem.proposal_id == Proposal.id)
        .where(ElectorOrganization.organization_id == organization_id)
        .order_by(Vote.closes_at.desc(), Vote.id.desc(), Proposal.number)
        .limit(_MOST)
    )  # fmt: skip
    found: dict[int, list[BallotEffect]] = {}
    for row in rows:
        found.setdefault(row.project_id, []).append(_ballot(row, now))
    return found


def _ballot(row: Row[*tuple[Any, ...]], now: datetime) -> BallotEffect:
    return BallotEffect(
        vote_id=row.id,
        number=row.number,
        title=read_text(row.terms, row.number)["title"],
        closes_at=row.closes_at,
        phase=phase(row.state, row.closes_at, now=now),
        cast=row.ballot_id is not None and row.voided_at is None,
        position=_public_position(row),
        verdict=None if row.outcome_id is None else verdict_of(row.carried, row.method),
        decision=row.kind,
        follows=row.follows,
        roadmap=row.roadmap,
        shipped_url=row.shipped_url or "",
    )


def _public_position(row: Row[*tuple[Any, ...]]) -> str | None:
    """What everybody may read of the ballot: nothing before the count or in a secret vote."""
    secret = row.terms["privacy"] == PrivacyMode.SECRET_AGGREGATE
    if row.outcome_id is None or secret or row.method is not Method.YES_NO or row.voided_at:
        return None
    position = called(row.choice)
    return None if position is None else str(position)


def _needs(organization_id: int) -> Mapping[int, Sequence[NeedEffect]]:
    rows = db.session.execute(
        select(
            Need.id, Need.project_id, Need.need, Need.state, Proposal.number, Proposal.title,
            RoadmapItem.state.label("roadmap"), RoadmapItem.shipped_url,
        )
        .outerjoin(
            Proposal, (Proposal.id == Need.proposal_id) & Proposal.published_at.is_not(None)
        )
        .outerjoin(RoadmapItem, RoadmapItem.proposal_id == Proposal.id)
        .where(
            Need.organization_id == organization_id,
            Need.submitted_at.is_not(None),
        )
        .order_by(Need.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    found: dict[int, list[NeedEffect]] = {}
    for row in rows:
        found.setdefault(row.project_id, []).append(
            NeedEffect(
                row.id,
                row.need,
                row.state,
                None if row.number is None else (row.number, row.title),
                row.roadmap,
                row.shipped_url or "",
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class CreditedProposal:
    """A proposal whose page credits an organization by name."""

    project_slug: str
    project: str
    number: int
    title: str
    roadmap: RoadmapState | None
    shipped_url: str


def list_credited(slug: str) -> tuple[CreditedProposal, ...]:
    """Proposals that name the organization as whose need they answer, in one statement.

    As their own pages do: where the author chose that credit, nothing was kept private, and the
    maintainers approved the name of a stake in good standing.
    """
    rows = db.session.execute(
        select(
            Project.slug, Project.name, Proposal.number, Proposal.title,
            RoadmapItem.state.label("roadmap"), RoadmapItem.shipped_url,
        )
        .join(Need, Need.proposal_id == Proposal.id)
        .join(Project, Project.id == Proposal.project_id)
        .join(Organization, Organization.id == Need.organization_id)
        .join(
            Sponsorship,
            (Sponsorship.organization_id == Organization.id)
            & (Sponsorship.project_id == Project.id),
        )
        .outerjoin(RoadmapItem, RoadmapItem.proposal_id == Proposal.id)
        .where(
            Organization.slug == slug,
            Need.state == NeedState.TAKEN_UP,
            Need.credit == Credit.ORGANIZATION,
            Need.is_private.is_(False),
            Proposal.published_at.is_not(None),
            Sponsorship.term.in_(GOOD_STANDING),
            Sponsorship.is_private.is_(False),
            Sponsorship.approved_name.is_not(None),
        )
        .order_by(Project.name, Project.slug, Proposal.number.desc())
        .distinct()
        .limit(_MOST)
    )  # fmt: skip
    return tuple(
        CreditedProposal(
            row.slug, row.name, row.number, row.title, row.roadmap, row.shipped_url or ""
        )
        for row in rows
    )
