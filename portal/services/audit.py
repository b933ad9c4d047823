"""Leave an audit entry for a change, in the transaction that makes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from portal.database import table_of
from portal.domain.permissions import Actor
from portal.models.audit import AuditEntry
from portal.statements import Prepared

# Straight into the table: an entry is written once and never worked with.
_INSERT = Prepared(insert(table_of(AuditEntry)))


def record_change(
    tag: str,
    sentence: str,
    *,
    actor: Actor,
    now: datetime,
    organization_id: int | None = None,
    project_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Note one change under ``object:subject:action``; the owners of its scope can read it."""
    _INSERT.run(
        tag=tag,
        sentence=sentence[:500],
        actor=actor.name or "visitor",
        person_id=actor.person_id,
        organization_id=organization_id,
        project_id=project_id,
        details=details or {},
        at=now,
    )
