"""The public record: one append-only log per project, its tree, and its signed checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant, choices
from portal.domain.record.entries import EntryType


class LogHead(Base):
    """How long a project's log is, and the full subtrees from which it grows.

    Whoever appends locks this row. ``peaks`` are the hashes of a ``Frontier``, one after another.
    """

    __tablename__ = "log_heads"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    size: Mapped[int] = mapped_column(default=0)
    peaks: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class LogEntry(Base):
    """One entry, never changed. ``leaf`` is its canonical JSON, ``seq`` counts within a subject.

    ``ballot_id`` is how an elector's receipt finds it; no page joins by it otherwise.
    """

    __tablename__ = "log_entries"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("project_id", "subject", "seq"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("log_heads.project_id"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(60))
    seq: Mapped[int]
    type: Mapped[EntryType] = mapped_column(choices(EntryType))
    at: Mapped[datetime] = mapped_column(Instant)
    leaf: Mapped[str] = mapped_column(Text)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    ballot_id: Mapped[int | None] = mapped_column(ForeignKey("ballots.id"), index=True)


class LogNode(Base):
    """The hash of a full subtree of two or more leaves; it never changes."""

    __tablename__ = "log_nodes"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("log_heads.project_id"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True)
    length: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class WaitingEntry(Base):
    """An entry of a secret vote that waits for others, to be appended with them in any order."""

    __tablename__ = "log_waiting"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    subject: Mapped[str] = mapped_column(String(60), index=True)
    type: Mapped[EntryType] = mapped_column(choices(EntryType))
    at: Mapped[datetime] = mapped_column(Instant)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    ballot_id: Mapped[int | None] = mapped_column(ForeignKey("ballots.id"))


class LogCheckpoint(Base):
    """A signed note about the log at one size, kept as it was first signed."""

    __tablename__ = "log_checkpoints"

    project_id: Mapped[int] = mapped_column(ForeignKey("log_heads.project_id"), primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(Instant)


_PG_FUNCTION = (
    "CREATE OR REPLACE FUNCTION log_refuses() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'a log is never changed'; END $$"
)


def guards(table: str, dialect: str, *, grows: bool = False) -> tuple[str, ...]:
    """The statements that make a database refuse to change what a log has said.

    Rows of ``grows`` may change, but only to a larger size.
    """
    if dialect == "sqlite":
        shrinks = " WHEN NEW.size <= OLD.size" if grows else ""
        refuse = "BEGIN SELECT RAISE(ABORT, 'a log is never changed'); END"
        return (
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}{shrinks} {refuse}",
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
        )
    shrinks = " WHEN (NEW.size <= OLD.size)" if grows else ""
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION log_refuses()"
    row = "FOR EACH ROW" + shrinks + " EXECUTE FUNCTION log_refuses()"
    return (
        _PG_FUNCTION,
        f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {row}",
        f"CREATE TRIGGER {table}_delete BEFORE DELETE OR TRUNCATE ON {table} {refuse}",
    )


def _guard(table: Table, *, grows: bool = False) -> None:
    for dialect in ("sqlite", "postgresql"):
        for statement in guards(table.name, dialect, grows=grows):
            guard = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", guard.execute_if(dialect=dialect))


_guard(Base.metadata.tables["log_heads"], grows=True)
for _name in ("log_entries", "log_nodes", "log_checkpoints"):
    _guard(Base.metadata.tables[_name])
