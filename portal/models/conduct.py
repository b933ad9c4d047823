"""Conduct reports, whom each is kept away from, and the notes between its reporter and stewards."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant, choices
from portal.domain.conduct import ReportEnding, ReportState
from portal.models.sponsorship import Sponsorship


class ConductReport(Base):
    """What somebody told a project's stewards in private; nothing of it is ever public.

    ``number`` counts within the project. ``who`` and ``page`` say, if the reporter did, whom it is
    about and where it happened. ``handler_id`` is the steward who decided last.
    """

    __tablename__ = "conduct_reports"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_conduct_reports_project_state", "project_id", "state", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    reporter_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    what: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(String(300), default="")
    page: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[ReportState] = mapped_column(choices(ReportState))
    ending: Mapped[ReportEnding | None] = mapped_column(choices(ReportEnding))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    received_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class ConductDistance(Base):
    """Somebody whom a report is kept away from, whatever roles they hold or are given."""

    __tablename__ = "conduct_distances"
    shown_publicly = False

    report_id: Mapped[int] = mapped_column(ForeignKey("conduct_reports.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)


class ConductNote(Base):
    """One note between a report's reporter and the stewards; nobody else reads it."""

    __tablename__ = "conduct_notes"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("conduct_reports.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    by_steward: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant)


def is_open_to(person_id: int | None) -> ColumnElement[bool]:
    """Whether a steward may see a report: not their own, and not kept away from them."""
    distance = select(ConductDistance.report_id).where(
        ConductDistance.report_id == ConductReport.id, ConductDistance.person_id == person_id
    )
    return (ConductReport.reporter_id != person_id) & ~distance.exists()


def has_sponsored(project_id: int, organization_ids: Collection[int]) -> ColumnElement[bool]:
    """Whether one of these organizations holds a stake in a project, or ever did."""
    return (
        select(Sponsorship.id)
        .where(
            Sponsorship.project_id == project_id,
            Sponsorship.organization_id.in_(organization_ids),
            Sponsorship.active_since.is_not(None),
        )
        .exists()
    )
