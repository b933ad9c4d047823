"""Blocks as stewards see them in a project, and as a person sees their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.needs import NeedState
from portal.models.blocks import PersonBlock, WorkshopBlock
from portal.models.identity import Person
from portal.models.needs import Need, NeedMessage


@dataclass(frozen=True, slots=True)
class BlockLine:
    """Somebody whose words are held back, why, and how many texts wait for the block's end."""

    person_id: int
    name: str
    note: str
    set_by: str
    set_at: datetime
    held: int


def list_workshop_blocks(project_id: int) -> tuple[BlockLine, ...]:
    """A project's blocks, the newest first, in one statement."""
    needs = (
        select(func.count(Need.id))
        .where(
            Need.project_id == project_id,
            Need.state == NeedState.WAITING,
            (Need.author_id == WorkshopBlock.person_id)
            | (Need.handed_in_by == WorkshopBlock.person_id),
        )
        .correlate(WorkshopBlock)
        .scalar_subquery()
    )
    messages = (
        select(func.count(NeedMessage.id))
        .where(
            NeedMessage.project_id == project_id,
            NeedMessage.author_id == WorkshopBlock.person_id,
            NeedMessage.released_at.is_(None),
            NeedMessage.refused_at.is_(None),
        )
        .correlate(WorkshopBlock)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Person.id,
            Person.name,
            WorkshopBlock.note,
            WorkshopBlock.set_by,
            WorkshopBlock.set_at,
            needs + messages,
        )
        .join(Person, WorkshopBlock.person_id == Person.id)
        .where(WorkshopBlock.project_id == project_id, WorkshopBlock.lifted_at.is_(None))
        .order_by(WorkshopBlock.id.desc())
    )
    return tuple(BlockLine(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class KeptApart:
    """Somebody whom a person blocked; who blocked them, nobody is shown."""

    person_id: int
    name: str
    set_at: datetime


def list_kept_apart(person_id: int) -> tuple[KeptApart, ...]:
    """Whom a person blocked, by name."""
    rows = db.session.execute(
        select(Person.id, Person.name, PersonBlock.set_at)
        .join(Person, PersonBlock.blocked_id == Person.id)
        .where(PersonBlock.blocker_id == person_id)
        .order_by(Person.name, Person.id)
    )
    return tuple(KeptApart(*row) for row in rows)
