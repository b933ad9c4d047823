"""Whether the portal can do its work: database, schema, and mail that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db, give_up_reading
from portal.models.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the database says of itself.

    ``revision`` is the migration it stands at, None if it was never migrated;
    ``outbox_seconds`` how long the oldest mail has been due.
    """

    reachable: bool
    revision: str | None = None
    outbox_seconds: int = 0


def find_readiness(*, now: datetime) -> Readiness:
    """Ask the database in two statements; whatever goes wrong there is an answer, not an error."""
    try:
        oldest = db.session.scalar(
            select(func.min(OutboxMessage.due_at)).where(
                OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= now
            )
        )
    except SQLAlchemyError:
        give_up_reading()
        return Readiness(reachable=_answers())
    waiting = 0 if oldest is None else int((now - oldest).total_seconds())
    return Readiness(reachable=True, revision=find_revision(), outbox_seconds=waiting)


def newest_revision(folder: str) -> str:
    """The newest migration in a folder, told by the numbers that file names begin with."""
    return max(path.name.split("_")[0] for path in Path(folder, "versions").glob("[0-9]*.py"))


def find_revision() -> str | None:
    """The migration that the database stands at; None where none ever ran."""
    try:
        revision: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        give_up_reading()
        return None
    return revision


def _answers() -> bool:
    try:
        db.session.execute(select(1))
    except SQLAlchemyError:
        return False
    return True
