"""Statements on the author's side: an organization's, or one's own in person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, exists, or_, select, true

from portal.database import db
from portal.domain.charter import StatementsShown
from portal.domain.electorate import Electorate
from portal.domain.errors import NotFound, Obstacle
from portal.domain.permissions import Actor, Permission, may
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.statements import (
    RELATED,
    StatementState,
    StatementText,
    find_elector,
    find_statement_obstacles,
    has_ended,
)
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Statement
from portal.models.votes import Elector, ElectorOrganization, VoteProposal
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.statements import Consultation, get_consultation

STATEMENTS_PAGE = 50


@dataclass(frozen=True, slots=True)
class ConsultationLine:
    """A proposal on which a statement may be put from a seat, or has one in a ``state``."""

    project_slug: str
    project: str
    number: int
    title: str
    proposal: ProposalState
    state: StatementState | None


@dataclass(frozen=True, slots=True)
class OwnStatement:
    """One's own statement in full; ``name`` is the approved one of the organization, if any."""

    text: StatementText
    state: StatementState
    revision: int
    reason: str
    author: str
    submitted_at: datetime
    promised: StatementsShown
    is_older: bool


@dataclass(frozen=True, slots=True)
class OwnConsultation:
    """A consultation from an elector's seat.

    ``consulted_until`` is the last instant for statements, ``late`` says that it is past, ``ended``
    that nothing can be put from this seat for that.
    ``obstacles`` say why no statement can be put now. What others said is there for who ``reads``:
    an elector of today, or of a vote on the proposal. ``approved_name`` is the organization's.
    """

    project: str
    project_slug: str
    number: int
    title: str
    proposal: ProposalState
    consulted_until: datetime | None
    late: bool
    ended: bool
    shown: StatementsShown
    own: OwnStatement | None
    obstacles: tuple[Obstacle, ...]
    reads: Consultation | None
    approved_name: str | None
    last_pseudonym: str


@dataclass(frozen=True, slots=True)
class OwnDesk:
    """An organization of the reader's that has a stake in a project."""

    slug: str
    name: str


def list_consultations(
    organization_id: int, *, before: int | None = None
) -> tuple[tuple[ConsultationLine, ...], int | None]:
    """What is in consultation where an organization has a stake, and what it has spoken on before.

    Newest first, in one statement.
    """
    stake = exists().where(
        Sponsorship.organization_id == organization_id,
        Sponsorship.project_id == Proposal.project_id,
        Sponsorship.term.in_(GOOD_STANDING),
    )
    own = Statement.organization_id == organization_id
    return _list(own, stake, before=before)


def list_own_consultations(
    project_id: int, person_id: int, *, before: int | None = None
) -> tuple[tuple[ConsultationLine, ...], int | None]:
    """What is in consultation in a project, and what a person has spoken on there in person.

    Newest first, in one statement.
    """
    here = Proposal.project_id == project_id
    return _list(_in_person(person_id), here, within=here, before=before)


def _in_person(person_id: int) -> ColumnElement[bool]:
    return Statement.organization_id.is_(None) & (Statement.author_id == person_id)


def _list(
    own: ColumnElement[bool],
    concerns: ColumnElement[bool],
    *,
    within: ColumnElement[bool] | None = None,
    before: int | None,
) -> tuple[tuple[ConsultationLine, ...], int | None]:
    query = (
        select(
            Project.slug,
            Project.name,
            Proposal.number,
            Proposal.title,
            Proposal.state,
            Statement.state.label("said"),
            Proposal.id,
        )
        .join(Project, Proposal.project_id == Project.id)
        .outerjoin(Statement, (Statement.proposal_id == Proposal.id) & own)
        .where(
            true() if within is None else within,
            Proposal.published_at.is_not(None),
            or_(
                (Proposal.state == ProposalState.CONSULTATION) & concerns, Statement.id.is_not(None)
            ),
        )
        .order_by(Proposal.id.desc())
        .limit(STATEMENTS_PAGE + 1)
    )
    if before is not None:
        query = query.where(Proposal.id < before)
    rows = db.session.execute(query).all()
    lines = tuple(ConsultationLine(*row[:6]) for row in rows[:STATEMENTS_PAGE])
    return lines, rows[STATEMENTS_PAGE - 1].id if len(rows) > STATEMENTS_PAGE else None


def get_organization_consultation(
    organization_id: int, project_id: int, number: int, *, now: datetime
) -> OwnConsultation:
    """A consultation from an organization's seat; NotFound of what was never published."""
    electorate = find_standing(project_id, now=now)
    return _own(
        project_id,
        number,
        electorate,
        Statement.organization_id == organization_id,
        organization_id=organization_id,
        now=now,
    )


def get_personal_consultation(
    project_id: int, number: int, person_id: int, *, now: datetime
) -> OwnConsultation:
    """A consultation from the seat of somebody who would cast a ballot in person."""
    electorate = find_standing(project_id, now=now)
    own = _in_person(person_id)
    return _own(project_id, number, electorate, own, person_id=person_id, now=now)


def list_own_desks(actor: Actor, project_id: int, permission: Permission) -> tuple[OwnDesk, ...]:
    """The reader's organizations with a stake in a project in which the reader has a right."""
    ids = [each for each in actor.organizations if may(actor, permission, organization_id=each)]
    if not ids:
        return ()
    rows = db.session.execute(
        select(Organization.slug, Organization.name)
        .join(Sponsorship, Sponsorship.organization_id == Organization.id)
        .where(
            Organization.id.in_(ids),
            Sponsorship.project_id == project_id,
            Sponsorship.term.in_(GOOD_STANDING),
        )
        .order_by(Organization.name)
    )
    return tuple(OwnDesk(*row) for row in rows)


def _own(
    project_id: int,
    number: int,
    electorate: Electorate,
    criterion: ColumnElement[bool],
    *,
    now: datetime,
    organization_id: int | None = None,
    person_id: int | None = None,
) -> OwnConsultation:
    who = {"organization_id": organization_id, "person_id": person_id}
    elector = find_elector(electorate, **who)
    proposal = _proposal(project_id, number)
    row = db.session.execute(
        select(Statement, Person.name)
        .join(Person, Statement.author_id == Person.id)
        .where(Statement.proposal_id == proposal.id, criterion)
    ).one_or_none()
    said = None if row is None else row[0].state
    ended = has_ended(proposal.consulted_until, said, now=now)
    obstacles = find_statement_obstacles(proposal.state, electorate, ended=ended, **who)
    group = [each.organization_id for each in elector.members] if elector else []
    if _speaks(proposal.id, [each for each in group if each != organization_id]):
        obstacles.append(RELATED)
    reads = elector is not None or _was_elector(proposal.id, **who)
    return OwnConsultation(
        project=proposal.project,
        project_slug=proposal.slug,
        number=number,
        title=proposal.title,
        proposal=proposal.state,
        consulted_until=proposal.consulted_until,
        late=has_ended(proposal.consulted_until, None, now=now),
        ended=ended,
        shown=electorate.charter.statements_shown,
        own=None if row is None else _statement(*row, proposal.revision),
        obstacles=tuple(obstacles),
        reads=get_consultation(project_id, number) if reads else None,
        approved_name=_approved_name(organization_id, project_id),
        last_pseudonym=_last_pseudonym(project_id, criterion),
    )


def _proposal(
    project_id: int, number: int
) -> Row[int, str, ProposalState, int, datetime | None, str, str]:
    row = db.session.execute(
        select(
            Proposal.id,
            Proposal.title,
            Proposal.state,
            Proposal.revision,
            Proposal.consulted_until,
            Project.slug,
            Project.name.label("project"),
        )
        .join(Project, Proposal.project_id == Project.id)
        .where(
            Proposal.project_id == project_id,
            Proposal.number == number,
            Proposal.published_at.is_not(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("proposal")
    return row


def _statement(statement: Statement, author: str, proposal_revision: int) -> OwnStatement:
    return OwnStatement(
        text=statement.text,
        state=statement.state,
        revision=statement.revision,
        reason=statement.reason,
        author=author,
        submitted_at=statement.submitted_at,
        promised=statement.promised,
        is_older=statement.proposal_revision < proposal_revision,
    )


def _speaks(proposal_id: int, organization_ids: list[int]) -> bool:
    if not organization_ids:
        return False
    spoken = select(Statement.id).where(
        Statement.proposal_id == proposal_id,
        Statement.organization_id.in_(organization_ids),
        Statement.state != StatementState.WITHDRAWN,
    )
    return db.session.scalar(spoken.limit(1)) is not None


def _was_elector(proposal_id: int, *, organization_id: int | None, person_id: int | None) -> bool:
    if person_id is not None:
        own = (
            select(Elector.id)
            .join(VoteProposal, VoteProposal.vote_id == Elector.vote_id)
            .where(VoteProposal.proposal_id == proposal_id, Elector.person_id == person_id)
        )
        return db.session.scalar(own.limit(1)) is not None
    seat = (
        select(ElectorOrganization.vote_id)
        .join(VoteProposal, VoteProposal.vote_id == ElectorOrganization.vote_id)
        .where(
            VoteProposal.proposal_id == proposal_id,
            ElectorOrganization.organization_id == organization_id,
        )
    )
    return db.session.scalar(seat.limit(1)) is not None


def _approved_name(organization_id: int | None, project_id: int) -> str | None:
    newest = db.session.execute(
        select(Sponsorship.approved_name, Sponsorship.is_private)
        .where(
            Sponsorship.organization_id == organization_id,
            Sponsorship.project_id == project_id,
            Sponsorship.active_since.is_not(None),
        )
        .order_by(Sponsorship.id.desc())
        .limit(1)
    ).one_or_none()
    return None if newest is None or newest.is_private else newest.approved_name


def _last_pseudonym(project_id: int, criterion: ColumnElement[bool]) -> str:
    found = db.session.scalar(
        select(Statement.pseudonym)
        .where(Statement.project_id == project_id, criterion, Statement.pseudonym != "")
        .order_by(Statement.id.desc())
        .limit(1)
    )
    return found or ""
