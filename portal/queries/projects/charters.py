"""The charter pages: the charter in force, how it came about, and what a change would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import Charter, changed_fields
from portal.domain.electorate import Electorate, draw_up
from portal.models.projects import CharterVersion
from portal.queries.weights.electorate import get_charter, load_facts

_VERSIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CharterChange:
    """One version of the charter: who put it into force, when, and what it changed."""

    number: int
    changed_by: str
    changed_at: datetime
    note: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CharterPage:
    """The charter in force for the next vote, and its latest versions, the newest first."""

    number: int
    charter: Charter
    history: tuple[CharterChange, ...]


def find_charter(project_id: int) -> CharterPage | None:
    """The charter in force with the twenty latest versions, in one statement."""
    versions = db.session.scalars(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(_VERSIONS_SHOWN + 1)
    ).all()
    if not versions:
        return None
    older = [version.charter for version in versions[1:]]
    changes = tuple(
        CharterChange(
            version.number,
            version.changed_by,
            version.changed_at,
            version.note,
            tuple(changed_fields(before, version.charter)) if before else (),
        )
        for version, before in zip(versions, [*older, None], strict=True)
    )
    return CharterPage(versions[0].number, versions[0].charter, changes[:_VERSIONS_SHOWN])


def find_charter_preview(
    project_id: int, charter: Charter, *, now: datetime
) -> tuple[Electorate, Electorate]:
    """The electorate of today under the charter in force, and under another one."""
    facts = load_facts(project_id, now=now)
    return draw_up(facts, get_charter(project_id), now), draw_up(facts, charter, now)
