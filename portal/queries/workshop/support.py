"""Support requests as an organization reads its own: the list, the form's terms, one in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.errors import NotFound, Obstacle
from portal.domain.permissions import Actor, Permission, may
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.support import (
    CLOSED,
    REOPENED_WITHIN,
    SupportState,
    SupportText,
    asking_obstacles,
    quarter_of,
)
from portal.domain.support_pace import Pace
from portal.domain.tiers import Support, read_benefits
from portal.models.blocks import is_held
from portal.models.identity import Person
from portal.models.needs import Intake, Need
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.support import DocumentationGap, SupportMessage, SupportRequest
from portal.models.tiers import TierVersion
from portal.queries.workshop.support_pace import find_pace

SUPPORT_PAGE = 50


@dataclass(frozen=True, slots=True)
class SupportTerms:
    """What an organization may ask of a project this quarter, and what keeps it from asking."""

    project_id: int
    slug: str
    name: str
    support: Support | None
    asked: int
    again_on: date
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class SupportLine:
    """One request in an organization's list; ``due_on`` ends the aim while nobody answered."""

    id: int
    number: int
    tried: str
    state: SupportState
    project: str
    updated_at: datetime
    due_on: date | None


@dataclass(frozen=True, slots=True)
class OrganizationSupport:
    """An organization's requests, the newest first, and the projects that it may ask."""

    lines: tuple[SupportLine, ...]
    older: int | None
    terms: tuple[SupportTerms, ...]


@dataclass(frozen=True, slots=True)
class SupportWords:
    """One message; ``signed`` None is the project."""

    by_project: bool
    signed: str | None
    text: str
    author_id: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class SupportPage:
    """A request in full, for its organization or for the project's desk.

    ``need`` is the id and number of the need that it became; ``need_shown`` says whether the
    maintainers have that need before them. ``gap_url`` None means that no gap was written.
    """

    id: int
    number: int
    text: SupportText
    state: SupportState
    project: str
    project_slug: str
    organization: str
    author_id: int
    author: str
    asked_at: datetime
    updated_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    aim_days: int
    due_on: date
    need: tuple[int, int] | None
    need_shown: bool
    gap_written_at: datetime | None
    gap_url: str
    messages: tuple[SupportWords, ...]

    def can_reopen(self, now: datetime) -> bool:
        """Whether writing opens it again."""
        return (
            self.state in CLOSED - {SupportState.CLOSED_NEED}
            and self.closed_at is not None
            and now - self.closed_at <= REOPENED_WITHIN
        )


def list_organization_support(
    organization_id: int, *, now: datetime, before: int | None = None
) -> OrganizationSupport:
    """An organization's requests and its terms at each project, in four statements."""
    query = (
        select(
            SupportRequest.id,
            SupportRequest.number,
            SupportRequest.tried,
            SupportRequest.state,
            Project.name,
            SupportRequest.updated_at,
            SupportRequest.due_on,
            SupportRequest.answered_at,
        )
        .join(Project, SupportRequest.project_id == Project.id)
        .where(SupportRequest.organization_id == organization_id)
        .order_by(SupportRequest.id.desc())
        .limit(SUPPORT_PAGE + 1)
    )
    if before is not None:
        query = query.where(SupportRequest.id < before)
    rows = db.session.execute(query).all()
    lines = tuple(
        SupportLine(
            *row[:6],
            row.due_on if row.answered_at is None and row.state not in CLOSED else None,
        )
        for row in rows[:SUPPORT_PAGE]
    )
    older = lines[-1].id if len(rows) > SUPPORT_PAGE else None
    return OrganizationSupport(lines, older, find_terms([organization_id], now=now)[0][1])


def find_terms(
    organization_ids: list[int], *, now: datetime, project_id: int | None = None
) -> list[tuple[int, tuple[SupportTerms, ...]]]:
    """For each organization its terms at every project that it sponsors, in three statements."""
    stakes = (
        select(
            Sponsorship.organization_id, Project.id, Project.slug, Project.name,
            TierVersion.benefits, Intake,
        )
        .join(Project, Sponsorship.project_id == Project.id)
        .join(TierVersion, Sponsorship.tier_snapshot_id == TierVersion.id)
        .outerjoin(Intake, Intake.project_id == Project.id)
        .where(
            Sponsorship.organization_id.in_(organization_ids),
            Sponsorship.term.in_(GOOD_STANDING),
        )
        .order_by(Project.name)
    )  # fmt: skip
    if project_id is not None:
        stakes = stakes.where(Project.id == project_id)
    began, again_on = quarter_of(now)
    asked = {
        (row.organization_id, row.project_id): row.made
        for row in db.session.execute(
            select(
                SupportRequest.organization_id,
                SupportRequest.project_id,
                func.count().label("made"),
            )
            .where(
                SupportRequest.organization_id.in_(organization_ids),
                SupportRequest.asked_at >= began,
            )
            .group_by(SupportRequest.organization_id, SupportRequest.project_id)
        )
    }
    found: dict[int, list[SupportTerms]] = {each: [] for each in organization_ids}
    for organization_id, its_id, slug, name, benefits, intake in db.session.execute(stakes):
        typed = read_benefits(benefits)
        support = next((each for each in typed if isinstance(each, Support)), None)
        count = asked.get((organization_id, its_id), 0)
        obstacles = asking_obstacles(
            has_stake=True,
            support=support,
            asked=count,
            again_on=again_on,
            paused=intake.pause_note if intake and intake.paused else None,
            quiet=bool(intake and intake.quiet_until and intake.quiet_until > now),
        )
        found[organization_id].append(
            SupportTerms(its_id, slug, name, support, count, again_on, tuple(obstacles))
        )
    return [(each, tuple(terms)) for each, terms in found.items()]


def get_terms(
    organization_id: int, slug: str, *, now: datetime
) -> tuple[SupportTerms, Pace | None]:
    """What an organization may ask of one project, and how fast that answered of late.

    NotFound without a project of that name; without a stake there, the obstacle says so.
    """
    project = db.session.execute(
        select(Project.id, Project.slug, Project.name).where(Project.slug == slug)
    ).one_or_none()
    if project is None:
        raise NotFound("project")
    ((_organization, found),) = find_terms([organization_id], now=now, project_id=project.id)
    pace = find_pace(project.id)
    if found:
        return found[0], pace
    again_on = quarter_of(now)[1]
    without = asking_obstacles(
        has_stake=False, support=None, asked=0, again_on=again_on, paused=None, quiet=False
    )
    return SupportTerms(*project, None, 0, again_on, tuple(without)), pace


def get_own_request(organization_id: int, request_id: int) -> SupportPage:
    """A request as its organization reads it; NotFound for any other's."""
    return read_page(
        SupportRequest.id == request_id, SupportRequest.organization_id == organization_id
    )


@dataclass(frozen=True, slots=True)
class SupportDoor:
    """One of the reader's organizations before a project's support desk."""

    slug: str
    name: str
    terms: SupportTerms | None


def list_doors(actor: Actor, project_id: int, *, now: datetime) -> tuple[SupportDoor, ...]:
    """The reader's organizations that may ask for support, with their terms at a project."""
    asking = [
        each
        for each in actor.organizations
        if may(actor, Permission.ORGANIZATION_SUPPORT_ASK, organization_id=each)
    ]
    terms = dict(find_terms(asking, now=now, project_id=project_id))
    rows = db.session.execute(
        select(Organization.id, Organization.slug, Organization.name)
        .where(Organization.id.in_(asking))
        .order_by(Organization.name)
    )
    return tuple(SupportDoor(row.slug, row.name, next(iter(terms[row.id]), None)) for row in rows)


def read_page(*criteria: ColumnElement[bool], held: bool = True) -> SupportPage:
    """One request with its conversation, in two statements; NotFound if there is none.

    ``held`` False leaves out the words of those whom the project has blocked.
    """
    row = db.session.execute(
        select(
            SupportRequest, Project.slug, Project.name, Organization.name, Person.name,
            Need.id, Need.number, Need.released_at,
            DocumentationGap.written_at, DocumentationGap.url,
        )
        .join(Project, SupportRequest.project_id == Project.id)
        .join(Organization, SupportRequest.organization_id == Organization.id)
        .join(Person, SupportRequest.author_id == Person.id)
        .outerjoin(Need, SupportRequest.need_id == Need.id)
        .outerjoin(DocumentationGap, DocumentationGap.request_id == SupportRequest.id)
        .where(*criteria)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("request")
    request, slug, project, organization, author, need_id, number, released, at, url = row
    messages = (
        select(
            SupportMessage.by_project,
            SupportMessage.signed,
            SupportMessage.text,
            SupportMessage.author_id,
            SupportMessage.written_at,
        )
        .where(SupportMessage.request_id == request.id)
        .order_by(SupportMessage.id)
    )
    if not held:
        messages = messages.where(~is_held(request.project_id, SupportMessage.author_id))
    return SupportPage(
        id=request.id,
        number=request.number,
        text=request.text,
        state=request.state,
        project=project,
        project_slug=slug,
        organization=organization,
        author_id=request.author_id,
        author=author,
        asked_at=request.asked_at,
        updated_at=request.updated_at,
        answered_at=request.answered_at,
        closed_at=request.closed_at,
        aim_days=request.aim_days,
        due_on=request.due_on,
        need=None if need_id is None else (need_id, number),
        need_shown=released is not None,
        gap_written_at=at,
        gap_url=url or "",
        messages=tuple(SupportWords(*each) for each in db.session.execute(messages)),
    )
