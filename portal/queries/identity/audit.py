"""Audit lists: what changed in an organization or a project, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.models.audit import AuditEntry

AUDIT_PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change, by whom and when."""

    id: int
    tag: str
    sentence: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Changes, the newest first; ``older`` is the ``before`` of the next page."""

    lines: tuple[AuditLine, ...]
    older: int | None


def list_organization_audit(organization_id: int, *, before: int | None = None) -> AuditPage:
    """An organization's changes, fifty at a time, in one statement."""
    return _page(AuditEntry.organization_id == organization_id, before)


def list_project_audit(project_id: int, *, before: int | None = None) -> AuditPage:
    """A project's changes, fifty at a time, in one statement."""
    return _page(AuditEntry.project_id == project_id, before)


def _page(scope: ColumnElement[bool], before: int | None) -> AuditPage:
    statement = select(
        AuditEntry.id, AuditEntry.tag, AuditEntry.sentence, AuditEntry.actor, AuditEntry.at
    ).where(scope)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    rows = db.session.execute(statement.order_by(AuditEntry.id.desc()).limit(AUDIT_PAGE + 1)).all()
    lines = tuple(AuditLine(*row) for row in rows[:AUDIT_PAGE])
    return AuditPage(lines, lines[-1].id if len(rows) > AUDIT_PAGE else None)
