"""Blocks: whose words reach nobody in a project's workshop, and which two people are kept apart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from portal.database import Base, Instant

Id = InstrumentedAttribute[int] | InstrumentedAttribute[int | None] | int | None


class WorkshopBlock(Base):
    """A person whose words wait unseen in a project's workshop, until a steward lifts it (W5).

    It is silent: nothing that the person sees depends on it, hence nothing public either.
    ``note`` says why, for the stewards.
    """

    __tablename__ = "workshop_blocks"
    shown_publicly = False
    __table_args__ = (
        Index(
            "uq_workshop_blocks_current",
            "project_id",
            "person_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    note: Mapped[str] = mapped_column(String(1000), default="")
    set_by: Mapped[str] = mapped_column(String(120))
    set_at: Mapped[datetime] = mapped_column(Instant)
    lifted_by: Mapped[str] = mapped_column(String(120), default="")
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)


class PersonBlock(Base):
    """Two people between whom the portal carries no notification; the one set it, none is told."""

    __tablename__ = "person_blocks"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("blocker_id", "blocked_id"),
        CheckConstraint("blocker_id <> blocked_id", name="two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    blocker_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    blocked_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    set_at: Mapped[datetime] = mapped_column(Instant)


def is_held(project_id: Id, *writers: Id) -> ColumnElement[bool]:
    """Whether the words of any of these writers are held back in a project, in a statement.

    Columns of the statement around it or plain ids: ``is_held(Need.project_id, Need.author_id)``.
    """
    block = aliased(WorkshopBlock)
    return (
        select(block.id)
        .where(
            block.project_id == project_id,
            or_(*(block.person_id == each for each in writers)),
            block.lifted_at.is_(None),
        )
        .exists()
    )


def are_apart(one: Id, other: Id) -> ColumnElement[bool]:
    """Whether one of two people blocked the other, in a statement; columns or plain ids."""
    block = aliased(PersonBlock)
    return (
        select(block.id)
        .where(
            or_(
                (block.blocker_id == one) & (block.blocked_id == other),
                (block.blocker_id == other) & (block.blocked_id == one),
            )
        )
        .exists()
    )
