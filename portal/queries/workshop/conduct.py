"""Conduct reports: as their reporter reads them, and as stewards who may handle them do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from portal.database import db
from portal.domain.conduct import ReportEnding, ReportState
from portal.domain.errors import NotFound
from portal.domain.permissions import PROJECT_POLICY, Actor, Permission
from portal.models.conduct import (
    ConductDistance,
    ConductNote,
    ConductReport,
    has_sponsored,
    is_open_to,
)
from portal.models.identity import Person
from portal.models.needs import Need
from portal.models.projects import Maintainership, Project

_CLOSED_SHOWN = 20
_OWN_NEED = re.compile(r"/organizations/[^/]+/needs/(\d{1,9})(?:/|$)")


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report in a list: for stewards with who reported, for the reporter without."""

    id: int
    number: int
    project: str
    slug: str
    reporter: str
    state: ReportState
    received_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """A note between the reporter and the stewards."""

    by_steward: bool
    author: str
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report in full. ``page`` leads where its reader may go, ``handler`` decided last."""

    id: int
    number: int
    project: str
    slug: str
    reporter_id: int
    reporter: str
    what: str
    who: str
    page: str
    state: ReportState
    ending: ReportEnding | None
    reason: str
    handler: str | None
    received_at: datetime
    updated_at: datetime
    kept_away: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class ConductDesk:
    """What waits for a steward, the oldest first, and what was closed, the newest first."""

    open: tuple[ReportLine, ...]
    closed: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """A maintainer, who may be kept away from a report."""

    person_id: int
    name: str


def get_conduct_desk(project_id: int, person_id: int | None) -> ConductDesk:
    """A project's reports that a steward may handle, in two statements."""
    mine = (ConductReport.project_id == project_id, is_open_to(person_id))
    closed = ConductReport.state == ReportState.CLOSED
    return ConductDesk(
        _lines(*mine, ~closed, order=ConductReport.received_at.asc()),
        _lines(*mine, closed, order=ConductReport.closed_at.desc(), limit=_CLOSED_SHOWN),
    )


def count_reports(project_id: int, person_id: int | None) -> int:
    """How many reports that a steward may handle are not closed."""
    return (
        db.session.scalar(
            select(func.count(ConductReport.id)).where(
                ConductReport.project_id == project_id,
                ConductReport.state != ReportState.CLOSED,
                is_open_to(person_id),
            )
        )
        or 0
    )


def list_own_reports(person_id: int | None) -> tuple[ReportLine, ...]:
    """Somebody's own reports, the newest first."""
    return _lines(
        ConductReport.reporter_id == person_id, order=ConductReport.received_at.desc(), limit=200
    )


def get_own_report(report_id: int, person_id: int | None) -> ReportPage:
    """A report as its reporter reads it; NotFound for anybody else's."""
    return _page(ConductReport.id == report_id, ConductReport.reporter_id == person_id)


def get_desk_report(project_id: int, number: int, person_id: int | None) -> ReportPage:
    """A report as a steward reads it; NotFound where it is their own, or kept away from them."""
    return _page(
        ConductReport.project_id == project_id,
        ConductReport.number == number,
        is_open_to(person_id),
        desk=True,
    )


def list_holders(project_id: int, *, stewards: bool = False) -> tuple[Holder, ...]:
    """Who holds a role in a project, by name; or only those who handle reports."""
    query = (
        select(Person.id, Person.name)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(Maintainership.project_id == project_id)
        .distinct()
        .order_by(Person.name, Person.id)
    )
    if stewards:
        handling = PROJECT_POLICY[Permission.PROJECT_CONDUCT_HANDLE]
        query = query.where(Maintainership.role.in_(handling))
    return tuple(Holder(*row) for row in db.session.execute(query))


def is_in_room(actor: Actor, project_id: int) -> bool:
    """Whether somebody may report: with a role, or in an organization that sponsors."""
    if project_id in actor.projects or project_id in actor.contributions:
        return True
    sponsors = has_sponsored(project_id, list(actor.organizations))
    return bool(db.session.scalar(select(sponsors)))


def _lines(
    *criteria: ColumnElement[bool], order: ColumnElement[Any], limit: int = 500
) -> tuple[ReportLine, ...]:
    rows = db.session.execute(
        select(
            ConductReport.id,
            ConductReport.number,
            Project.name,
            Project.slug,
            Person.name,
            ConductReport.state,
            ConductReport.received_at,
            ConductReport.updated_at,
        )
        .join(Project, ConductReport.project_id == Project.id)
        .join(Person, ConductReport.reporter_id == Person.id)
        .where(*criteria)
        .order_by(order, ConductReport.id)
        .limit(limit)
    )
    return tuple(ReportLine(*row) for row in rows)


def _page(*criteria: ColumnElement[bool], desk: bool = False) -> ReportPage:
    handler = aliased(Person)
    row = db.session.execute(
        select(ConductReport, Project.name, Project.slug, Person.name, handler.name)
        .join(Project, ConductReport.project_id == Project.id)
        .join(Person, ConductReport.reporter_id == Person.id)
        .outerjoin(handler, ConductReport.handler_id == handler.id)
        .where(*criteria)
    ).one_or_none()
    if row is None:
        raise NotFound("report")
    report, project, slug, reporter, handled_by = row
    notes = db.session.execute(
        select(ConductNote.by_steward, Person.name, ConductNote.text, ConductNote.written_at)
        .join(Person, ConductNote.author_id == Person.id)
        .where(ConductNote.report_id == report.id)
        .order_by(ConductNote.id)
    )
    away = db.session.scalars(
        select(Person.name)
        .join(ConductDistance, ConductDistance.person_id == Person.id)
        .where(ConductDistance.report_id == report.id)
        .order_by(Person.name, Person.id)
    )
    return ReportPage(
        id=report.id,
        number=report.number,
        project=project,
        slug=slug,
        reporter_id=report.reporter_id,
        reporter=reporter,
        what=report.what,
        who=report.who,
        page=_desk_page(report.page, report.project_id, slug) if desk else report.page,
        state=report.state,
        ending=report.ending,
        reason=report.reason,
        handler=handled_by,
        received_at=report.received_at,
        updated_at=report.updated_at,
        kept_away=tuple(away),
        notes=tuple(Note(*each) for each in notes),
    )


def _desk_page(page: str, project_id: int, slug: str) -> str:
    """Where stewards read what a reporter pointed to: needs have a desk of the project's."""
    own = _OWN_NEED.match(page)
    if own is None:
        return page
    number = db.session.scalar(
        select(Need.number).where(Need.id == int(own[1]), Need.project_id == project_id)
    )
    return page if number is None else f"/desk/{slug}/needs/{number}"
