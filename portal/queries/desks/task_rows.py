"""How tasks are read: every kind in the same columns, so that one statement reads them all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Text,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.database import Base, db
from portal.domain.permissions import Actor, Permission, may
from portal.domain.tasks import SHOWN_WITH, Desk, Task, TaskKind

# So many of a kind are listed for each project or organization; the rest is counted.
LISTED = 5
NOTHING = literal("")

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Waiting = Select[*tuple[Any, ...]]
Scopes = Mapping[TaskKind, Sequence[int]]


def scopes_of(
    actor: Actor,
    *,
    projects: Collection[int] = (),
    organizations: Collection[int] = (),
    contributions: Collection[int] = (),
) -> Scopes:
    """For each kind of task, in which of these places the actor is shown it."""

    def places(kind: TaskKind, permission: Permission) -> list[int]:
        if kind.desk is Desk.ORGANIZATION:
            return [each for each in organizations if may(actor, permission, organization_id=each)]
        found = projects if kind.desk is Desk.PROJECT else contributions
        return [each for each in found if may(actor, permission, project_id=each)]

    return {kind: places(kind, permission) for kind, permission in SHOWN_WITH.items()}


def waiting(
    kind: TaskKind,
    scope: InstrumentedAttribute[Any],
    key: Column,
    title: Column,
    *,
    detail: Column = NOTHING,
    since: Column | None = None,
    due: Column | None = None,
    start: type[Base] | None = None,
) -> Waiting:
    """Selects one kind of task; what is due or came first has the first places of its scope.

    Joins begin at ``start``, else at the table of ``scope``.
    """
    first = due if due is not None else since
    if first is None:
        raise ValueError("a task needs a day or a beginning")
    nothing = cast(null(), first.type)
    return select(
        literal(kind.value).label("kind"),
        scope.label("scope_id"),
        cast(key, String).label("key"),
        cast(title, Text).label("title"),
        cast(detail, Text).label("detail"),
        (nothing if since is None else since).label("since"),
        (nothing if due is None else due).label("due_at"),
        func.row_number().over(partition_by=scope, order_by=first).label("place"),
        func.count().over(partition_by=scope).label("total"),
    ).select_from(start or scope.class_)


def gather(selects: Sequence[Waiting]) -> list[Task]:
    """The first tasks of each kind and scope, in one statement; all have instants, or all dates."""
    if not selects:
        return []
    found = [each.subquery() for each in selects]
    rows = db.session.execute(
        union_all(*(select(each).where(each.c.place <= LISTED) for each in found))
    )
    return [
        Task(
            TaskKind(row.kind),
            row.scope_id,
            row.key,
            row.title,
            row.detail,
            _instant(row.since),
            _instant(row.due_at),
            more=row.total - LISTED if row.place == LISTED else 0,
        )
        for row in rows
    ]


def _instant(value: date | datetime | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time.min, UTC)
