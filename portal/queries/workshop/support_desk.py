"""The support desk of a project: what waits, the oldest first; what was closed; the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from portal.database import db
from portal.domain.support import CLOSED, SupportState, SupportText
from portal.domain.support_pace import Pace
from portal.models.organizations import Organization
from portal.models.support import (
    MESSAGE_HELD,
    REQUEST_HELD,
    DocumentationGap,
    SupportMessage,
    SupportRequest,
    waits_for_maintainers,
)
from portal.queries.workshop.support import SUPPORT_PAGE, SupportPage, read_page
from portal.queries.workshop.support_pace import find_pace

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class DeskRequest:
    """A running request; ``due_on`` ends the aim, None once it was answered.

    ``last_words`` are what the organization wrote since it asked, empty if nothing;
    ``has_answer`` says whether it can be closed as answered without another word.
    """

    number: int
    text: SupportText
    state: SupportState
    organization: str
    asked_at: datetime
    updated_at: datetime
    due_on: date | None
    has_answer: bool
    last_words: str


@dataclass(frozen=True, slots=True)
class SupportDesk:
    """The first fifty that wait for the maintainers and for organizations, and how it goes.

    ``late`` counts the requests without an answer whose aim has passed.
    """

    open: tuple[DeskRequest, ...]
    answered: tuple[DeskRequest, ...]
    size: int
    late: int
    gaps: int
    pace: Pace | None


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """A request that is closed."""

    id: int
    number: int
    tried: str
    state: SupportState
    organization: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap in the documentation, by the request that found it; ``written_at`` once it is gone."""

    number: int
    tried: str
    found_at: datetime
    written_at: datetime | None
    url: str


def get_support_desk(project_id: int, *, now: datetime) -> SupportDesk:
    """What waits, the oldest first, in four statements."""
    late = _count(project_id).where(
        SupportRequest.answered_at.is_(None), SupportRequest.due_on < now.date()
    )
    gaps = _gaps(project_id, func.count(DocumentationGap.id)).where(
        DocumentationGap.written_at.is_(None)
    )
    counts = db.session.execute(
        select(*(each.scalar_subquery() for each in (_count(project_id), late, gaps)))
    ).one()
    return SupportDesk(
        open=_running(project_id, waits_for_maintainers()),
        answered=_running(project_id, SupportRequest.state == SupportState.ANSWERED),
        size=counts[0],
        late=counts[1],
        gaps=counts[2],
        pace=find_pace(project_id),
    )


def count_support_waiting(project_id: int) -> int:
    """How many requests wait for the maintainers, in one statement."""
    return db.session.scalar(_count(project_id)) or 0


def get_desk_request(project_id: int, number: int) -> SupportPage:
    """A request as the maintainers read it; NotFound for any other project's, or a held one."""
    return read_page(
        SupportRequest.project_id == project_id,
        SupportRequest.number == number,
        ~REQUEST_HELD,
        held=False,
    )


def list_closed_support(
    project_id: int, *, before: int | None = None
) -> tuple[tuple[ClosedLine, ...], int | None]:
    """Closed requests, those made last first, and the ``before`` of the next page."""
    query = (
        select(
            SupportRequest.id,
            SupportRequest.number,
            SupportRequest.tried,
            SupportRequest.state,
            Organization.name,
            SupportRequest.closed_at,
        )
        .join(Organization, SupportRequest.organization_id == Organization.id)
        .where(
            SupportRequest.project_id == project_id,
            SupportRequest.state.in_(CLOSED),
            ~REQUEST_HELD,
        )
        .order_by(SupportRequest.id.desc())
        .limit(SUPPORT_PAGE + 1)
    )
    if before is not None:
        query = query.where(SupportRequest.id < before)
    rows = db.session.execute(query).all()
    lines = tuple(ClosedLine(*row) for row in rows[:SUPPORT_PAGE])
    return lines, lines[-1].id if len(rows) > SUPPORT_PAGE else None


def list_gaps(project_id: int) -> tuple[tuple[GapLine, ...], tuple[GapLine, ...]]:
    """Gaps that are open, the oldest first, and the last fifty that were written."""
    query = _gaps(
        project_id,
        SupportRequest.number,
        SupportRequest.tried,
        DocumentationGap.found_at,
        DocumentationGap.written_at,
        DocumentationGap.url,
    )
    found = query.where(DocumentationGap.written_at.is_(None)).order_by(DocumentationGap.found_at)
    written = (
        query.where(DocumentationGap.written_at.is_not(None))
        .order_by(DocumentationGap.written_at.desc())
        .limit(_AT_ONCE)
    )
    return (
        tuple(GapLine(*row) for row in db.session.execute(found.limit(_AT_ONCE * 4))),
        tuple(GapLine(*row) for row in db.session.execute(written)),
    )


def _count(project_id: int) -> Select[int]:
    return select(func.count(SupportRequest.id)).where(
        SupportRequest.project_id == project_id, waits_for_maintainers()
    )


def _gaps(project_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - columns
    return (
        select(*columns)
        .select_from(DocumentationGap)
        .join(SupportRequest, DocumentationGap.request_id == SupportRequest.id)
        .where(DocumentationGap.project_id == project_id, ~REQUEST_HELD)
    )


def _running(project_id: int, standing: ColumnElement[bool]) -> tuple[DeskRequest, ...]:
    answered = (
        select(SupportMessage.id)
        .where(SupportMessage.request_id == SupportRequest.id, SupportMessage.by_project)
        .exists()
    )
    last_words = (
        select(SupportMessage.text)
        .where(
            SupportMessage.request_id == SupportRequest.id,
            ~SupportMessage.by_project,
            ~MESSAGE_HELD,
        )
        .order_by(SupportMessage.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(SupportRequest, Organization.name, answered, last_words)
        .join(Organization, SupportRequest.organization_id == Organization.id)
        .where(SupportRequest.project_id == project_id, standing, ~REQUEST_HELD)
        .order_by(SupportRequest.asked_at, SupportRequest.id)
        .limit(_AT_ONCE)
    )
    return tuple(
        DeskRequest(
            request.number,
            request.text,
            request.state,
            organization,
            request.asked_at,
            request.updated_at,
            request.due_on if request.answered_at is None else None,
            has_answer,
            words or "",
        )
        for request, organization, has_answer, words in rows
    )
