"""Versions of public pages, raised in the transaction that changes what a page shows."""

from __future__ import annotations

from sqlalchemy import String, event, inspect, text
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from portal.database import Base
from portal.models.figures import add_to_months, count_sponsors, name_income
from portal.models.ledger import LedgerEntry
from portal.models.sponsorship import Sponsorship
from portal.statements import Prepared

INSTANCE = "instance"
SITE = "site"
_CHANGED = "portal_changed_pages"
_RECOUNT = "portal_recount_sponsors"
_POSTED = "portal_posted_transactions"
_RENAMED = "portal_renamed_income"

# One statement on both databases, so that two first changes at once do not collide.
_RAISE = Prepared(
    text(
        "INSERT INTO page_versions (scope, version) VALUES (:scope, 1)"
        " ON CONFLICT (scope) DO UPDATE SET version = page_versions.version + 1"
    )
)


class PageVersion(Base):
    """How often something that public pages show has changed.

    Scope ``project:<id>`` counts the changes of one project's rows, ``site`` those of rows that
    belong to no single project, ``instance`` every change. A project's pages rest on its own
    scope and on ``site``, all other public pages on ``instance``. ``record:<id>`` counts what was
    appended to a project's record, which its ballots alone do.
    """

    __tablename__ = "page_versions"
    shown_publicly = False

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]


def project_scope(project_id: int) -> str:
    """Scope of one project's public pages."""
    return f"project:{project_id}"


def record_scope(project_id: int) -> str:
    """Scope of one project's pages about its public record."""
    return f"record:{project_id}"


def raise_version(scope: str) -> None:
    """Make the pages of one scope stale when this transaction is committed."""
    _RAISE.run(scope=scope)


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: UOWTransaction) -> None:
    """A shown row with a project id changes that project's pages, any other shown row all pages."""
    changed: set[str] = session.info.setdefault(_CHANGED, set())
    recount: set[int] = session.info.setdefault(_RECOUNT, set())
    modified = (row for row in session.dirty if session.is_modified(row))
    added = (row for row in session.new if getattr(row, "shown_when_new", False))
    for row in (*added, *modified, *session.deleted):
        if isinstance(row, Base) and row.shown_publicly:
            project_id = getattr(row, "project_id", None)
            changed.add(project_scope(project_id) if project_id else SITE)
            if isinstance(row, Sponsorship):
                recount.add(row.project_id)
                if inspect(row).attrs.is_private.history.deleted:
                    session.info.setdefault(_RENAMED, set()).add(row.project_id)
            elif isinstance(row, LedgerEntry):
                session.info.setdefault(_POSTED, set()).add(row.transaction_id)


@event.listens_for(Session, "before_commit")
def _raise_versions(session: Session) -> None:
    """Raise each changed scope once, last thing before the commit, in a fixed order."""
    session.flush()
    changed = session.info.pop(_CHANGED, None)
    if not changed:
        return
    for scope in sorted({*changed, INSTANCE}):
        raise_version(scope)
    for project_id in sorted(session.info.pop(_RECOUNT, ())):
        count_sponsors(session.connection(), project_id)
    add_to_months(session.connection(), session.info.pop(_POSTED, ()))
    for project_id in sorted(session.info.pop(_RENAMED, ())):
        name_income(session.connection(), project_id)


@event.listens_for(Session, "after_rollback")
def _forget_changes(session: Session) -> None:
    """What was rolled back changed nothing."""
    for noted in (_CHANGED, _RECOUNT, _POSTED, _RENAMED):
        session.info.pop(noted, None)
