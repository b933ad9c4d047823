"""Projects, their maintainers and their charters."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from fractions import Fraction

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, FractionText, Instant, choices
from portal.domain.charter import (
    Charter,
    ContributorsVoice,
    DecisionMode,
    PrivacyMode,
    StatementsShown,
)
from portal.domain.permissions import ProjectRole
from portal.domain.weights import Damping
from portal.models.identity import Person


class Project(Base):
    """An open source project that sells tiers and holds votes."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    tagline: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    how_we_work: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    help_url: Mapped[str] = mapped_column(String(300), default="")
    security_url: Mapped[str] = mapped_column(String(300), default="")
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(Instant)

    maintainers: Mapped[list[Maintainership]] = relationship(back_populates="project")

    @property
    def project_id(self) -> int:
        """Its own id, under the name by which all rows of a project carry it."""
        return self.id


class Maintainership(Base):
    """One role of one person in one project."""

    __tablename__ = "maintainerships"
    __table_args__ = (UniqueConstraint("project_id", "person_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[ProjectRole] = mapped_column(choices(ProjectRole))
    since: Mapped[datetime] = mapped_column(Instant)

    project: Mapped[Project] = relationship(back_populates="maintainers")
    person: Mapped[Person] = relationship()


def read_charter(row: object) -> Charter:
    """The configuration as the rule book takes it, of a version or of a row with its columns."""
    return Charter(**{each.name: getattr(row, each.name) for each in fields(Charter)})


class CharterVersion(Base):
    """One version of a project's charter; the highest number is in force for the next vote."""

    __tablename__ = "charter_versions"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    damping: Mapped[Damping] = mapped_column(choices(Damping))
    cap: Mapped[Fraction] = mapped_column(FractionText)
    quorum_weight: Mapped[Fraction] = mapped_column(FractionText)
    quorum_electors: Mapped[Fraction] = mapped_column(FractionText)
    threshold: Mapped[Fraction | None] = mapped_column(FractionText)
    mode: Mapped[DecisionMode] = mapped_column(choices(DecisionMode))
    privacy: Mapped[PrivacyMode] = mapped_column(choices(PrivacyMode))
    seasoning_days: Mapped[int]
    window_days: Mapped[int]
    grace_days: Mapped[int]
    reason_required: Mapped[bool]
    veto_allowed: Mapped[bool] = mapped_column(default=False)
    statements_shown: Mapped[StatementsShown] = mapped_column(
        choices(StatementsShown), default=StatementsShown.NOTHING
    )
    contributors: Mapped[ContributorsVoice] = mapped_column(
        choices(ContributorsVoice), default=ContributorsVoice.NONE
    )
    note: Mapped[str] = mapped_column(String(500), default="")
    changed_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime] = mapped_column(Instant)

    project: Mapped[Project] = relationship()

    @property
    def charter(self) -> Charter:
        """The configuration as the rule book takes it."""
        return read_charter(self)
