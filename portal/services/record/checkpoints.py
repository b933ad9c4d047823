"""Keep signed checkpoints as they were first signed."""

from __future__ import annotations

from datetime import datetime

from portal.database import db, insert_missing
from portal.domain.votes import full_hour
from portal.models.freshness import raise_version, record_scope
from portal.models.record import LogCheckpoint


def keep_checkpoint(project_id: int, size: int, note: str, *, now: datetime) -> None:
    """Keep a note about a log at one size; the first one that is kept stays.

    Its time is the hour: it stands in the feed, and a minute there would tell when a ballot was
    cast of which the log tells the hour alone.
    """
    row = {"project_id": project_id, "size": size, "note": note, "signed_at": full_hour(now)}
    db.session.execute(insert_missing(LogCheckpoint), [row])
    raise_version(record_scope(project_id))
