"""Put what was collected for a person into one digest, once, when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.notifications import MOST_IN_ONE_DIGEST, MailKind
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.services.notifications.wanted import find_allowed

_COLLECTED = (OutboxMessage.in_digest, OutboxMessage.sent_at.is_(None))


def find_due_digests(*, now: datetime, after: int = 0, limit: int = 500) -> list[int]:
    """The next people for whom something collected is due, by id, above ``after``."""
    return list(
        db.session.scalars(
            select(OutboxMessage.person_id)
            .where(*_COLLECTED, OutboxMessage.due_at <= now, OutboxMessage.person_id > after)
            .distinct()
            .order_by(OutboxMessage.person_id)
            .limit(limit)
        )
    )


def gather_digest(person_id: int, *, now: datetime) -> bool:
    """Put what is due for a person into a digest, a hundred at most; False if nothing is left.

    Digest and contents change in one transaction, so that each notification stands in exactly one.
    What its reader turned off since is thrown away, and what is about somebody kept apart.
    """
    rows = db.session.scalars(
        select(OutboxMessage)
        .where(*_COLLECTED, OutboxMessage.due_at <= now, OutboxMessage.person_id == person_id)
        .order_by(OutboxMessage.id)
        .limit(MOST_IN_ONE_DIGEST)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return False
    allowed = find_allowed(rows)
    kept = [row for place, row in enumerate(rows) if place in allowed]
    for place, row in enumerate(rows):
        if place not in allowed:
            db.session.delete(row)
    if kept:
        _write(person_id, kept, now=now)
    return True


def _write(person_id: int, rows: Sequence[OutboxMessage], *, now: datetime) -> None:
    digest = OutboxMessage(
        dedupe_key=f"digest:{person_id}:{rows[0].id}",
        recipient=db.session.get_one(Person, person_id).email,
        subject=_subject(rows),
        paragraphs="",
        why="These notifications come together, in a digest, as you can choose for each kind.",
        kind=MailKind.DIGEST.value,
        person_id=person_id,
        created_at=now,
        due_at=now,
    )
    db.session.add(digest)
    db.session.flush()
    for row in rows:
        row.digest_id, row.sent_at = digest.id, now


def _subject(rows: Sequence[OutboxMessage]) -> str:
    projects = {row.project_id for row in rows if row.project_id is not None}
    names = db.session.scalars(
        select(Project.name).where(Project.id.in_(projects)).order_by(Project.name)
    ).all()
    several = f"{len(rows)} notifications" if len(rows) > 1 else "1 notification"
    return f"Digest: {several}" + (f" from {', '.join(names)}" if names else "")
