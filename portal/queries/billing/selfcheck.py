"""Runs of the self-check, as one project may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.models.projects import Project
from portal.models.selfcheck import SelfCheckRun

_RUNS = 14


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of a run: what it promises, what it found here, or why it was not made."""

    name: str
    promise: str
    broken: int
    findings: tuple[str, ...]
    skipped: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run: when, and how many breaches it found in this project."""

    at: datetime
    started_by: str
    checks: tuple[CheckLine, ...]

    @property
    def broken(self) -> int:
        """How many breaches were found here."""
        return sum(check.broken for check in self.checks)


def find_last_run(project_id: int) -> RunLine | None:
    """The last run, with this project's findings only; None before the first."""
    runs = list_runs(project_id, limit=1)
    return runs[0] if runs else None


def list_runs(project_id: int, *, limit: int = _RUNS) -> tuple[RunLine, ...]:
    """The last runs, the newest first, with this project's findings only."""
    rows = db.session.scalars(
        select(SelfCheckRun).order_by(SelfCheckRun.at.desc(), SelfCheckRun.id.desc()).limit(limit)
    )
    return tuple(
        RunLine(
            row.at,
            row.started_by,
            tuple(
                CheckLine(
                    check["name"],
                    check["promise"],
                    check["counts"].get(str(project_id), 0),
                    tuple(what for concerns, what in check["findings"] if concerns == project_id),
                    check["skipped"],
                )
                for check in row.checks
            ),
        )
        for row in rows
    )


def name_projects() -> dict[int, str]:
    """The short names of all projects, by id."""
    return {row.id: row.slug for row in db.session.execute(select(Project.id, Project.slug))}
