"""Give documents their numbers: one after the other, none twice, none left out."""

from __future__ import annotations

from sqlalchemy import text

from portal.database import db
from portal.domain.documents import DocumentKind

# One statement locks the series until the commit; a rollback gives the number back.
_TAKE = text(
    "INSERT INTO number_series (project_id, kind, last_number) VALUES (:project, :kind, 1)"
    " ON CONFLICT (project_id, kind) DO UPDATE SET last_number = number_series.last_number + 1"
    " RETURNING last_number"
)


def take_number(project_id: int, kind: DocumentKind) -> int:
    """The next number of a project's series; whoever comes at the same time waits."""
    row = db.session.execute(_TAKE, {"project": project_id, "kind": kind.value})
    return int(row.scalar_one())
