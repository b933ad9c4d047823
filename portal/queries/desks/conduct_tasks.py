"""Conduct reports on a steward's desk: that there is one, and nothing of what it says."""

from __future__ import annotations

from sqlalchemy import literal

from portal.domain.conduct import ReportState
from portal.domain.tasks import TaskKind
from portal.models.conduct import ConductReport, is_open_to
from portal.queries.desks.task_rows import Scopes, Waiting, waiting


def conduct_tasks(scopes: Scopes, person_id: int | None) -> list[Waiting]:
    """Reports that are not closed, but those that are the steward's own or kept away from them."""
    kind = TaskKind.PROJECT_CONDUCT
    return [
        waiting(
            kind, ConductReport.project_id, ConductReport.number, literal(""),
            since=ConductReport.received_at,
        ).where(
            ConductReport.project_id.in_(scopes[kind]),
            ConductReport.state != ReportState.CLOSED,
            is_open_to(person_id),
        )
    ]  # fmt: skip
