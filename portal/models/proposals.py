"""Proposals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.proposals import ProposalState
from portal.models.projects import Project


class Proposal(Base):
    """A change to the roadmap that maintainers put before their stakeholders.

    In consultation, ``consulted_until`` is the last instant at which statements are taken; None
    until a vote opens.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_proposals_project_state", "project_id", "state", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(140))
    summary: Mapped[str] = mapped_column(String(400), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[ProposalState] = mapped_column(choices(ProposalState))
    created_at: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    revision: Mapped[int] = mapped_column(default=1)
    withdrawal_reason: Mapped[str] = mapped_column(String(600), default="")
    consulted_until: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
