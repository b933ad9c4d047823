"""Needs, the private conversation about each, and who is trusted to skip the screening."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.needs import Credit, NeedState, NeedText, Offer
from portal.models.blocks import is_held
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.proposals import Proposal


class Need(Base):
    """What somebody needs of a project: an organization, by its representative, or a contributor.

    Without ``organization_id`` the author stated it as a contributor, and nobody else's it is.
    ``number`` counts within the project. ``reason`` is that of the last decision on it.
    ``handed_in_at`` is when it last came to the stewards, ``screened_at`` when one of them last
    decided on it. Maintainers see it from ``released_at`` on, and never without.
    ``is_private`` keeps it out of everything public for good. Nothing of it is public before it
    is taken up, so its changes make no page stale but through the proposal it joins.
    """

    __tablename__ = "needs"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_needs_project_state", "project_id", "state", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[NeedState] = mapped_column(choices(NeedState))
    is_private: Mapped[bool] = mapped_column(default=False)
    need: Mapped[str] = mapped_column(String(160))
    for_whom: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    cost_of_not: Mapped[str] = mapped_column(Text, default="")
    offers: Mapped[str] = mapped_column(String(60), default="")
    offer: Mapped[str] = mapped_column(Text, default="")
    conflicts: Mapped[str] = mapped_column(Text, default="")
    credit: Mapped[Credit] = mapped_column(choices(Credit))
    pseudonym: Mapped[str] = mapped_column(String(60), default="")
    revision: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(String(1000), default="")
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposals.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    handed_in_at: Mapped[datetime | None] = mapped_column(Instant)
    handed_in_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    screened_at: Mapped[datetime | None] = mapped_column(Instant)
    released_at: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
    organization: Mapped[Organization | None] = relationship()
    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    proposal: Mapped[Proposal | None] = relationship()

    @property
    def text(self) -> NeedText:
        """The need in its parts, as the rule book takes it."""
        return NeedText(
            need=self.need,
            for_whom=self.for_whom,
            evidence=self.evidence,
            cost_of_not=self.cost_of_not,
            offers=tuple(Offer(each) for each in self.offers.split()),
            offer=self.offer,
            conflicts=self.conflicts,
            credit=self.credit,
            pseudonym=self.pseudonym,
        )

    @text.setter
    def text(self, value: NeedText) -> None:
        self.need, self.for_whom = value.need, value.for_whom
        self.evidence, self.cost_of_not = value.evidence, value.cost_of_not
        self.offers, self.offer = " ".join(value.offers), value.offer
        self.conflicts = value.conflicts
        self.credit, self.pseudonym = value.credit, value.pseudonym


NEED_HELD = is_held(Need.project_id, Need.author_id, Need.handed_in_by)


class NeedMessage(Base):
    """One message between a need's author and the maintainers; nobody else reads it.

    ``by_project`` says that the project answered, ``signed`` under whose name, None as the
    project. What the author's side writes is ``released_at`` by a steward, or never.
    """

    __tablename__ = "need_messages"
    shown_publicly = False
    __table_args__ = (
        Index(
            "ix_need_messages_waiting",
            "project_id",
            "written_at",
            sqlite_where=text("released_at IS NULL AND refused_at IS NULL"),
            postgresql_where=text("released_at IS NULL AND refused_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    by_project: Mapped[bool]
    signed: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant)
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    refused_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(String(1000), default="")

    need: Mapped[Need] = relationship()


MESSAGE_HELD = is_held(NeedMessage.project_id, NeedMessage.author_id)


class Trust(Base):
    """A person whose words to a project skip the screening, until it is withdrawn."""

    __tablename__ = "trusts"
    shown_publicly = False
    __table_args__ = (
        Index(
            "uq_trusts_current",
            "project_id",
            "person_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    granted_by: Mapped[str] = mapped_column(String(120))
    granted_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)

    person: Mapped[Person] = relationship()


class Intake(Base):
    """Whether a project takes needs now: a pause with a friendly note, or a quiet time (W5)."""

    __tablename__ = "intakes"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    paused: Mapped[bool] = mapped_column(default=False)
    pause_note: Mapped[str] = mapped_column(String(300), default="")
    quiet_until: Mapped[datetime | None] = mapped_column(Instant)
