"""Versions of public pages, raised in the transaction that changes what a page shows."""

from __future__ import annotations

from sqlalchemy import String, event, update
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from portal.database import Base

SITE = "site"
_CHANGED = "portal_changed_pages"


class PageVersion(Base):
    """How often something that public pages show has changed.

    Scope ``project:<id>`` stands for one project's pages, ``site`` for every page.
    """

    __tablename__ = "page_versions"
    shown_publicly = False

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]


def project_scope(project_id: int) -> str:
    """Scope of one project's public pages."""
    return f"project:{project_id}"


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: UOWTransaction) -> None:
    """A shown row with a project id changes that project's pages, any other shown row all pages."""
    changed: set[str] = session.info.setdefault(_CHANGED, set())
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Base) and row.shown_publicly:
            project_id = getattr(row, "project_id", None)
            changed.add(project_scope(project_id) if project_id else SITE)


@event.listens_for(Session, "before_commit")
def _raise_versions(session: Session) -> None:
    """Raise each changed scope once, last thing before the commit, in a fixed order."""
    session.flush()
    for scope in sorted(session.info.pop(_CHANGED, ())):
        raised = session.connection().execute(
            update(PageVersion)
            .where(PageVersion.scope == scope)
            .values(version=PageVersion.version + 1)
        )
        if raised.rowcount == 0:
            session.add(PageVersion(scope=scope, version=1))
    session.flush()


@event.listens_for(Session, "after_rollback")
def _forget_changes(session: Session) -> None:
    """What was rolled back changed nothing."""
    session.info.pop(_CHANGED, None)
