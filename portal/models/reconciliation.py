"""Comparisons of our books with the processor's, and what did not match."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant, choices
from portal.domain.reconciliation import FindingKind


class ReconciliationRun(Base):
    """One comparison: when it was made, and how many objects of the processor it saw."""

    __tablename__ = "reconciliation_runs"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    compared: Mapped[int]


class ReconciliationFinding(Base):
    """Something that does not match; ``project_id`` is empty where nothing tells whose it is.

    It closes by itself once both sides agree, or by whoever looks after it and sets it aside.
    """

    __tablename__ = "reconciliation_findings"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("kind", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[FindingKind] = mapped_column(choices(FindingKind))
    key: Mapped[str] = mapped_column(String(120))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    sentence: Mapped[str] = mapped_column(String(300))
    first_seen_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    set_aside_by: Mapped[str] = mapped_column(String(120), default="")
