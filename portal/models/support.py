"""Support requests, the private conversation about each, and the gaps they showed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.support import SupportState, SupportText
from portal.models.blocks import is_held
from portal.models.identity import Person
from portal.models.needs import Need
from portal.models.organizations import Organization
from portal.models.projects import Project


class SupportRequest(Base):
    """What somebody of an organization asks the maintainers in private (PRODUCT W1).

    ``number`` counts within the project. ``aim_days`` are the working days that the tier named
    when it was asked, ``due_on`` is the last of them; ``answered_at`` is the project's first word
    about it. ``need_id`` leads to the need that it turned out to be. No public page shows
    anything of it.
    """

    __tablename__ = "support_requests"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_support_requests_project_state", "project_id", "state", "asked_at"),
        Index(
            "ix_support_requests_organization_asked", "organization_id", "project_id", "asked_at"
        ),
        Index("ix_support_requests_answered", "project_id", "answered_at"),
        CheckConstraint("aim_days > 0", name="aim_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[SupportState] = mapped_column(choices(SupportState))
    tried: Mapped[str] = mapped_column(String(160))
    happened: Mapped[str] = mapped_column(Text)
    environment: Mapped[str] = mapped_column(String(300))
    aim_days: Mapped[int]
    due_on: Mapped[date]
    need_id: Mapped[int | None] = mapped_column(ForeignKey("needs.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
    organization: Mapped[Organization] = relationship()
    author: Mapped[Person] = relationship()
    need: Mapped[Need | None] = relationship()

    @property
    def text(self) -> SupportText:
        """The request in its parts, as the rule book takes it."""
        return SupportText(self.tried, self.happened, self.environment)


# What a person wrote whose words a project holds back, its desk does not show.
REQUEST_HELD = is_held(SupportRequest.project_id, SupportRequest.author_id)


class SupportMessage(Base):
    """One message between an organization and the maintainers; nobody else reads it.

    ``by_project`` says that the project wrote, ``signed`` under whose name, None as the project.
    """

    __tablename__ = "support_messages"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("support_requests.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    by_project: Mapped[bool]
    signed: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant)

    request: Mapped[SupportRequest] = relationship()


MESSAGE_HELD = is_held(SupportRequest.project_id, SupportMessage.author_id)


def waits_for_maintainers() -> ColumnElement[bool]:
    """Whether a request, in a statement, waits with words that the project's desk may show."""
    answer, later = aliased(SupportMessage), aliased(SupportMessage)
    newer = (
        select(later.id)
        .where(
            later.request_id == answer.request_id,
            later.id > answer.id,
            ~later.by_project,
            ~is_held(SupportRequest.project_id, later.author_id),
        )
        .correlate(answer, SupportRequest)
        .exists()
    )
    last_word_is_theirs = (
        select(answer.id)
        .where(answer.request_id == SupportRequest.id, answer.by_project, ~newer)
        .correlate(SupportRequest)
        .exists()
    )
    return and_(SupportRequest.state == SupportState.OPEN, ~REQUEST_HELD, ~last_word_is_theirs)


class DocumentationGap(Base):
    """Something that a request found missing in the documentation, until it is written."""

    __tablename__ = "documentation_gaps"
    shown_publicly = False
    __table_args__ = (Index("ix_documentation_gaps_project", "project_id", "written_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("support_requests.id"), unique=True)
    found_at: Mapped[datetime] = mapped_column(Instant)
    written_at: Mapped[datetime | None] = mapped_column(Instant)
    url: Mapped[str] = mapped_column(String(300), default="")

    request: Mapped[SupportRequest] = relationship()


class SupportPace(Base):
    """How fast a project's support answers, as its tier page says it; found once a night.

    Public pages read this row and no request, so that a request changes none of them.
    ``median_halves`` is twice the median of working days over the last ``answers`` first answers.
    """

    __tablename__ = "support_paces"
    __table_args__ = (
        CheckConstraint("answers > 0", name="answers_positive"),
        CheckConstraint("median_halves >= 0", name="median_not_negative"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    answers: Mapped[int]
    median_halves: Mapped[int]
