"""Bank statements that treasurers import, and their lines."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.models.documents import Document


class ImportState(StrEnum):
    """Where a bank statement stands; it is read in portions once its layout is confirmed."""

    PREVIEW = "preview"
    READING = "reading"
    DONE = "done"


class LineState(StrEnum):
    """What became of a line of a bank statement."""

    TO_MATCH = "to_match"
    MATCHED = "matched"
    SET_ASIDE = "set_aside"


class BankImport(Base):
    """One uploaded bank statement; ``position`` is where the next row begins in its ``text``.

    The text is dropped once it is read.
    """

    __tablename__ = "bank_imports"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "sha256"),
        CheckConstraint("rows_read >= 0 AND rows_read <= rows_total", name="progress"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, deferred=True)
    layout: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[ImportState] = mapped_column(choices(ImportState), index=True)
    position: Mapped[int]
    rows_total: Mapped[int]
    rows_read: Mapped[int] = mapped_column(default=0)
    lines_new: Mapped[int] = mapped_column(default=0)
    lines_known: Mapped[int] = mapped_column(default=0)
    lines_outgoing: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[str]] = mapped_column(JSON, default=list)
    uploaded_by: Mapped[str] = mapped_column(String(120))
    uploaded_at: Mapped[datetime] = mapped_column(Instant)


class BankLine(Base):
    """An incoming payment of a bank statement; ``fingerprint`` keeps it from coming twice."""

    __tablename__ = "bank_lines"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "fingerprint"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_bank_lines_state", "project_id", "state", "booked_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    bank_import_id: Mapped[int] = mapped_column(ForeignKey("bank_imports.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    booked_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    payer: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(600))
    state: Mapped[LineState] = mapped_column(choices(LineState))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"), index=True)

    bank_import: Mapped[BankImport] = relationship()
    invoice: Mapped[Document | None] = relationship()
