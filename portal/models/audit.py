"""The audit list: every change, by whom and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant


class AuditEntry(Base):
    """One change, tagged ``object:subject:action``, written in the same transaction."""

    __tablename__ = "audit_entries"
    shown_publicly = False
    __table_args__ = (
        Index("ix_audit_entries_organization", "organization_id", "id"),
        Index("ix_audit_entries_project", "project_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(80))
    sentence: Mapped[str] = mapped_column(String(500))
    actor: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(Instant)
