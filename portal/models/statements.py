"""Statements on proposals, the pseudonyms they may carry, and what maintainers make of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.charter import StatementsShown
from portal.domain.needs import Credit
from portal.domain.statements import StatementPosition, StatementState, StatementText
from portal.models.blocks import is_held
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal


class Statement(Base):
    """What one elector says on one proposal: a position and three fields.

    ``organization_id`` is None where somebody with a ballot of their own speaks in person.
    ``promised`` is what the charter let the public see when it was handed in;
    ``proposal_revision`` the text it is about.
    ``reason`` is that of the last decision on it. Withdrawn, its words are gone.
    """

    __tablename__ = "statements"
    __table_args__ = (
        UniqueConstraint("proposal_id", "organization_id"),
        Index(
            "uq_statements_in_person",
            "proposal_id",
            "author_id",
            unique=True,
            sqlite_where=text("organization_id IS NULL"),
            postgresql_where=text("organization_id IS NULL"),
        ),
        Index("ix_statements_project_state", "project_id", "state", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[StatementState] = mapped_column(choices(StatementState))
    position: Mapped[StatementPosition] = mapped_column(choices(StatementPosition))
    meaning: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[str] = mapped_column(Text, default="")
    conflicts: Mapped[str] = mapped_column(Text, default="")
    credit: Mapped[Credit] = mapped_column(choices(Credit))
    pseudonym: Mapped[str] = mapped_column(String(60), default="")
    promised: Mapped[StatementsShown] = mapped_column(choices(StatementsShown))
    revision: Mapped[int] = mapped_column(default=1)
    proposal_revision: Mapped[int]
    reason: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    screened_at: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
    proposal: Mapped[Proposal] = relationship()
    organization: Mapped[Organization | None] = relationship()
    author: Mapped[Person] = relationship()

    @property
    def text(self) -> StatementText:
        """The statement in its parts, as the rule book takes it."""
        return StatementText(
            position=self.position,
            meaning=self.meaning,
            changes=self.changes,
            conflicts=self.conflicts,
            credit=self.credit,
            pseudonym=self.pseudonym,
        )

    @text.setter
    def text(self, value: StatementText) -> None:
        self.position = value.position
        self.meaning, self.changes = value.meaning, value.changes
        self.conflicts = value.conflicts
        self.credit, self.pseudonym = value.credit, value.pseudonym


# What a block holds back waits in its author's eyes alone.
STATEMENT_HELD = is_held(Statement.project_id, Statement.author_id)


class Pseudonym(Base):
    """A pseudonym that belongs to one elector in one project, so that nobody else speaks under it.

    ``folded`` is how it is compared. Nobody but its owner is ever shown whose it is.
    """

    __tablename__ = "pseudonyms"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("project_id", "folded"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    folded: Mapped[str] = mapped_column(String(180))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)


class ConsultationSummary(Base):
    """What the maintainers make of the statements on a proposal, in Markdown.

    ``promised`` is what the charter let the public see when it was written.
    """

    __tablename__ = "consultation_summaries"

    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    promised: Mapped[StatementsShown] = mapped_column(choices(StatementsShown))
    revision: Mapped[int] = mapped_column(default=1)
    written_by: Mapped[str] = mapped_column(String(120))
    written_at: Mapped[datetime] = mapped_column(Instant)
