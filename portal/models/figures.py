"""Counts that pages show, stored so that reading them costs the same for any number of rows."""

from __future__ import annotations

from sqlalchemy import Connection, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

# The caller holds the lock on the instance's page version, so that two changes at once count
# one after the other, and the later one sees what the earlier one committed.
_COUNT = text(
    "INSERT INTO project_figures (project_id, sponsors, named_sponsors)"
    " SELECT :project_id, count(*),"
    " coalesce(sum(CASE WHEN publication = 'published' AND NOT is_private THEN 1 ELSE 0 END), 0)"
    " FROM sponsorships WHERE project_id = :project_id AND term IN ('active', 'grace')"
    " ON CONFLICT (project_id) DO UPDATE"
    " SET sponsors = excluded.sponsors, named_sponsors = excluded.named_sponsors"
)


class ProjectFigures(Base):
    """How many sponsors in good standing a project has, and how many of them are named in public.

    Counted anew in every transaction that changes a sponsorship of the project; a project that
    never had one has no row.
    """

    __tablename__ = "project_figures"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    sponsors: Mapped[int]
    named_sponsors: Mapped[int]


def count_sponsors(connection: Connection, project_id: int) -> None:
    """Store a project's counts anew."""
    connection.execute(_COUNT, {"project_id": project_id})
