"""The page on which a treasurer sees what does not match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.reconciliation import FindingKind
from portal.models.reconciliation import ReconciliationFinding, ReconciliationRun

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class FindingLine:
    """Something that does not match."""

    id: int
    kind: FindingKind
    sentence: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """What stands open, how many were closed, and when it was last looked at."""

    findings: tuple[FindingLine, ...]
    closed: int
    compared_at: datetime | None
    compared: int


def find_reconciliation(project_id: int | None) -> ReconciliationPage:
    """What does not match in one project, or in none that is known, the oldest first."""
    table = ReconciliationFinding
    concerned = table.project_id == project_id
    open_ = db.session.scalars(
        select(table)
        .where(concerned, table.closed_at.is_(None))
        .order_by(table.first_seen_at, table.id)
        .limit(_SHOWN)
    )
    closed = select(func.count()).select_from(table).where(concerned, table.closed_at.is_not(None))
    run = db.session.scalar(
        select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(1)
    )
    return ReconciliationPage(
        findings=tuple(
            FindingLine(row.id, row.kind, row.sentence, row.first_seen_at) for row in open_
        ),
        closed=db.session.scalar(closed) or 0,
        compared_at=run.at if run else None,
        compared=run.compared if run else 0,
    )
