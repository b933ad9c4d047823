"""Put a charter into force: each change is a new version, and holds from the next vote."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import Charter, changed_fields
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.record.entries import CHARTER, EntryType
from portal.models.projects import CharterVersion, Project
from portal.services.audit import record_change
from portal.services.record.record import append_entry, charter_body


def change_charter(
    actor: Actor, project_id: int, charter: Charter, *, seen_number: int, note: str, now: datetime
) -> int:
    """Put a changed charter into force and return its number.

    Refuses whoever may not; ``Conflict`` where ``seen_number`` is no longer the newest version;
    ``charter.unchanged`` where nothing differs.
    """
    require(actor, Permission.PROJECT_CHARTER_EDIT, project_id=project_id)
    # The project's row is the lock: of two changes at once, the second sees the first.
    db.session.get_one(Project, project_id, with_for_update=True)
    newest = db.session.scalar(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound("charter")
    if newest.number != seen_number:
        raise Conflict(
            "charter.changed",
            f"{newest.changed_by} put version {newest.number} into force since you opened this"
            " page. Compare it with yours, preview again, then save.",
        )
    changed = changed_fields(newest.charter, charter)
    if not changed:
        raise Refusal("charter.unchanged", "This is the charter in force: nothing was changed.")
    write_charter(actor, project_id, charter, number=newest.number + 1, note=note, now=now)
    record_change(
        "charter:version:changed",
        f"Charter changed to version {newest.number + 1}: "
        + ", ".join(name.replace("_", " ") for name in changed)
        + ".",
        actor=actor,
        now=now,
        project_id=project_id,
        details={
            name: [str(getattr(newest.charter, name)), str(getattr(charter, name))]
            for name in changed
        },
    )
    return newest.number + 1


def write_charter(
    actor: Actor, project_id: int, charter: Charter, *, number: int, note: str, now: datetime
) -> None:
    """Add one version of a charter; the caller has checked the rights and the number."""
    settings = {each.name: getattr(charter, each.name) for each in fields(Charter)}
    db.session.add(
        CharterVersion(
            project_id=project_id,
            number=number,
            note=note,
            changed_by=actor.name,
            changed_at=now,
            **settings,
        )
    )
    db.session.flush()
    body = charter_body(number, charter, note)
    append_entry(project_id, CHARTER, EntryType.CHARTER_CHANGED, body, at=now)
