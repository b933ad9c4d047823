"""People whom maintainers invited for their work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.contributors import MOST_REASON, MOST_WORK, ContributorState
from portal.models.identity import Person
from portal.models.projects import Project


class Contributor(Base):
    """One person's part in a project, from the accepted invitation to its end.

    ``work`` says what they were invited for. Only where ``is_named`` do public pages show name and
    work; otherwise the person is one of a number. No tier, payment or sponsorship leads here.
    """

    __tablename__ = "contributors"
    shown_when_new = True
    __table_args__ = (
        Index(
            "uq_contributors_active",
            "project_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_with_state"),
        CheckConstraint("work <> ''", name="work_said"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[ContributorState] = mapped_column(choices(ContributorState))
    work: Mapped[str] = mapped_column(String(MOST_WORK))
    is_named: Mapped[bool] = mapped_column(default=False)
    invited_by: Mapped[str] = mapped_column(String(120))
    since: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str] = mapped_column(String(MOST_REASON), default="")

    project: Mapped[Project] = relationship()
    person: Mapped[Person] = relationship()
