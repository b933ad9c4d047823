"""Needs as each side reads them: the author's organization, the maintainers, the public credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.needs import UNSCREENED, Credit, NeedState, NeedText
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.identity import Person
from portal.models.needs import MESSAGE_HELD, NEED_HELD, Need, NeedMessage
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.sponsorship import Sponsorship

NEEDS_PAGE = 50


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One line of a list of needs; ``number`` counts within the project.

    ``organization`` is None where a contributor stated it.
    """

    id: int
    number: int
    need: str
    state: NeedState
    is_private: bool
    project: str
    organization: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Stake:
    """A project that an organization may state needs to."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganizationNeeds:
    """What an organization's representatives see: its needs, the newest first, and its stakes."""

    needs: tuple[NeedLine, ...]
    older: int | None
    stakes: tuple[Stake, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``signed`` None is the project. ``state`` is for its author's side only."""

    by_project: bool
    signed: str | None
    text: str
    written_at: datetime
    released: bool
    refused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class NeedPage:
    """A need in full, for its author's side or for those who may read it in the project.

    ``organization`` is None where a contributor stated it.
    """

    id: int
    number: int
    text: NeedText
    state: NeedState
    is_private: bool
    revision: int
    reason: str
    project: Stake
    organization: str | None
    author_id: int
    author: str
    updated_at: datetime
    submitted_at: datetime | None
    proposal: tuple[int, str] | None
    messages: tuple[Message, ...]


def list_organization_needs(
    organization_id: int, *, before: int | None = None
) -> OrganizationNeeds:
    """An organization's needs with their drafts, and where it may state one, in two statements."""
    needs, older = _lines(Need.organization_id == organization_id, before=before)
    stakes = db.session.execute(
        select(Project.slug, Project.name)
        .join(Sponsorship, Sponsorship.project_id == Project.id)
        .where(Sponsorship.organization_id == organization_id, Sponsorship.term.in_(GOOD_STANDING))
        .order_by(Project.name)
    )
    return OrganizationNeeds(needs, older, tuple(Stake(*row) for row in stakes))


def list_contributor_needs(
    project_id: int, person_id: int, *, before: int | None = None
) -> tuple[tuple[NeedLine, ...], int | None]:
    """What somebody stated as a contributor to a project, drafts included, the newest first."""
    return _lines(
        Need.project_id == project_id,
        Need.organization_id.is_(None),
        Need.author_id == person_id,
        before=before,
    )


def list_project_needs(
    project_id: int, *, before: int | None = None
) -> tuple[tuple[NeedLine, ...], int | None]:
    """The needs that a steward let through, the newest first."""
    return _lines(
        Need.project_id == project_id,
        Need.released_at.is_not(None),
        before=before,
    )


def get_own_need(organization_id: int, need_id: int) -> NeedPage:
    """A need as its author's side reads it; NotFound for any other organization's."""
    return _page(Need.id == need_id, Need.organization_id == organization_id)


def get_contributor_need(project_id: int, person_id: int, need_id: int) -> NeedPage:
    """A need as the contributor who stated it reads it; NotFound for anybody else's."""
    return _page(
        Need.id == need_id,
        Need.project_id == project_id,
        Need.organization_id.is_(None),
        Need.author_id == person_id,
    )


def get_project_need(project_id: int, number: int, *, screening: bool) -> NeedPage:
    """A need as the project reads it; NotFound before a steward let it through.

    ``screening`` lets stewards read what waits for them, messages included, but for what a block
    holds back.
    """
    seen: ColumnElement[bool] = Need.released_at.is_not(None)
    readable: ColumnElement[bool] = NeedMessage.released_at.is_not(None)
    if screening:
        seen = seen | (Need.state.in_(UNSCREENED) & ~NEED_HELD)
        readable = readable | ~MESSAGE_HELD
    return _page(Need.project_id == project_id, Need.number == number, seen, readable=readable)


def list_takers(project_id: int) -> tuple[tuple[int, str], ...]:
    """The proposals that may answer a need: drafts and those in consultation, number and title."""
    rows = db.session.execute(
        select(Proposal.number, Proposal.title)
        .where(
            Proposal.project_id == project_id,
            Proposal.state.in_((ProposalState.DRAFT, ProposalState.CONSULTATION)),
        )
        .order_by(Proposal.number.desc())
        .limit(200)
    )
    return tuple((row.number, row.title) for row in rows)


@dataclass(frozen=True, slots=True)
class NeedCredits:
    """Whose needs a proposal answers: names as their authors chose, and how many are unnamed."""

    names: tuple[str, ...]
    unnamed: int


def find_need_credits(project_id: int, number: int) -> NeedCredits:
    """The public credit of a proposal, in one statement; what is kept private is not counted.

    An organization is named only as the maintainers approved it for the public.
    """
    rows = db.session.execute(
        select(Need.credit, Need.pseudonym, Person.name, Sponsorship.approved_name)
        .join(Proposal, Need.proposal_id == Proposal.id)
        .join(Person, Need.author_id == Person.id)
        .outerjoin(
            Sponsorship,
            (Sponsorship.organization_id == Need.organization_id)
            & (Sponsorship.project_id == Need.project_id)
            & Sponsorship.term.in_(GOOD_STANDING)
            & ~Sponsorship.is_private,
        )
        .where(
            Proposal.project_id == project_id,
            Proposal.number == number,
            Need.state == NeedState.TAKEN_UP,
            ~Need.is_private,
        )
        .order_by(Need.number)
    ).all()
    names = [_credit(*row) for row in rows]
    named = tuple(dict.fromkeys(name for name in names if name))
    return NeedCredits(named, sum(not name for name in names))


def _credit(credit: Credit, pseudonym: str, person: str, organization: str | None) -> str | None:
    return {
        Credit.ORGANIZATION: organization,
        Credit.PERSON: person,
        Credit.PSEUDONYM: pseudonym,
        Credit.NONE: None,
    }[credit]


def _lines(
    *criteria: ColumnElement[bool], before: int | None
) -> tuple[tuple[NeedLine, ...], int | None]:
    query = (
        select(
            Need.id,
            Need.number,
            Need.need,
            Need.state,
            Need.is_private,
            Project.name,
            Organization.name,
            Need.updated_at,
        )
        .join(Project, Need.project_id == Project.id)
        .outerjoin(Organization, Need.organization_id == Organization.id)
        .where(*criteria)
        .order_by(Need.id.desc())
        .limit(NEEDS_PAGE + 1)
    )
    if before is not None:
        query = query.where(Need.id < before)
    rows = db.session.execute(query).all()
    lines = tuple(NeedLine(*row) for row in rows[:NEEDS_PAGE])
    return lines, lines[-1].id if len(rows) > NEEDS_PAGE else None


def _page(*criteria: ColumnElement[bool], readable: ColumnElement[bool] | None = None) -> NeedPage:
    row = db.session.execute(
        select(
            Need, Project.slug, Project.name, Organization.name, Person.name,
            Proposal.number, Proposal.title,
        )
        .join(Project, Need.project_id == Project.id)
        .outerjoin(Organization, Need.organization_id == Organization.id)
        .join(Person, Need.author_id == Person.id)
        .outerjoin(Proposal, Need.proposal_id == Proposal.id)
        .where(*criteria)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("need")
    need, slug, project, organization, author, number, title = row
    query = select(NeedMessage).where(NeedMessage.need_id == need.id).order_by(NeedMessage.id)
    if readable is not None:
        query = query.where(readable)
    return NeedPage(
        id=need.id,
        number=need.number,
        text=need.text,
        state=need.state,
        is_private=need.is_private,
        revision=need.revision,
        reason=need.reason,
        project=Stake(slug, project),
        organization=organization,
        author_id=need.author_id,
        author=author,
        updated_at=need.updated_at,
        submitted_at=need.submitted_at,
        proposal=None if number is None else (number, title),
        messages=tuple(
            Message(
                by_project=each.by_project,
                signed=each.signed,
                text=each.text,
                written_at=each.written_at,
                released=each.released_at is not None,
                refused=each.refused_at is not None,
                reason=each.reason,
            )
            for each in db.session.scalars(query)
        ),
    )
