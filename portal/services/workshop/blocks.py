"""Set and lift blocks: a steward's in a project's workshop, a person's between two people (W5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.models.blocks import PersonBlock, WorkshopBlock, is_held
from portal.models.identity import Person
from portal.models.needs import Trust
from portal.models.projects import Maintainership
from portal.services.audit import record_change

HELD = Refusal(
    "block.held", "Its author is blocked. Lift the block first: then it is in the queue."
)


def block_in_workshop(
    actor: Actor, project_id: int, person_id: int, *, note: str, now: datetime
) -> None:
    """Hold back, silently, what a person writes in a project's workshop; harmless when repeated.

    What waits already is held back too, what was released stays; trust ends. Ballots are no part of
    the workshop. Refuses a maintainer (``block.maintainer``): they have a role to take away.
    """
    require(actor, Permission.PROJECT_BLOCK_EDIT, project_id=project_id)
    if db.session.get(Person, person_id, with_for_update=True) is None:
        raise NotFound("person")
    role = select(Maintainership.id).where(
        Maintainership.project_id == project_id, Maintainership.person_id == person_id
    )
    if db.session.scalar(role.limit(1)) is not None:
        raise Refusal(
            "block.maintainer",
            "Maintainers cannot be blocked. A lead can take their roles away.",
            field="person",
        )
    if _find_current(project_id, person_id) is not None:
        return
    db.session.add(
        WorkshopBlock(
            project_id=project_id, person_id=person_id, note=note, set_by=actor.name, set_at=now
        )
    )
    trust = db.session.scalar(
        select(Trust).where(
            Trust.project_id == project_id,
            Trust.person_id == person_id,
            Trust.withdrawn_at.is_(None),
        )
    )
    if trust is not None:
        trust.withdrawn_at = now
    db.session.flush()
    _note("set", actor, project_id, now)


def lift_block(actor: Actor, project_id: int, person_id: int, *, now: datetime) -> None:
    """End a block: what its author wrote meanwhile is in the queue. Harmless when repeated.

    NotFound for whoever was never blocked there.
    """
    require(actor, Permission.PROJECT_BLOCK_EDIT, project_id=project_id)
    block = _find_current(project_id, person_id)
    if block is not None:
        block.lifted_by, block.lifted_at = actor.name, now
        _note("lifted", actor, project_id, now)
        return
    ever = select(WorkshopBlock.id).where(
        WorkshopBlock.project_id == project_id, WorkshopBlock.person_id == person_id
    )
    if db.session.scalar(ever.limit(1)) is None:
        raise NotFound("block")


def block_person(actor: Actor, person_id: int, *, now: datetime) -> None:
    """Keep two people apart: no notification tells either about the other. None is told.

    Harmless when repeated. Refuses oneself; NotFound for whoever does not exist.
    """
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    if person_id == actor.person_id:
        raise Refusal("block.oneself", "This is you.", field="person")
    if db.session.get(Person, person_id, with_for_update=True) is None:
        raise NotFound("person")
    if _find_own(actor, person_id) is None:
        db.session.add(PersonBlock(blocker_id=actor.person_id, blocked_id=person_id, set_at=now))
        db.session.flush()
        record_change("block:person:set", "Keeps somebody apart", actor=actor, now=now)


def unblock_person(actor: Actor, person_id: int, *, now: datetime) -> None:
    """End one's own block of a person; harmless when there is none."""
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    block = _find_own(actor, person_id)
    if block is not None:
        db.session.delete(block)
        db.session.flush()
        record_change("block:person:lifted", "Keeps somebody apart no more", actor=actor, now=now)


def is_blocked(project_id: int, *person_ids: int | None) -> bool:
    """Whether a project holds back what any of these people writes in its workshop."""
    return bool(db.session.scalar(select(is_held(project_id, *person_ids))))


def leave_out_apart(person_ids: Collection[int], about: int | None) -> set[int]:
    """Of these people, those who may be notified of what somebody did: in one statement.

    Left out are those who blocked ``about`` and those whom ``about`` blocked. ``about`` None, the
    project or the portal itself, is apart from nobody.
    """
    rows = db.session.execute(
        select(PersonBlock.blocker_id, PersonBlock.blocked_id).where(
            (PersonBlock.blocker_id == about) | (PersonBlock.blocked_id == about)
        )
    )
    apart = {each for row in rows for each in row}
    return set(person_ids) - (apart - {about or 0})


def _find_current(project_id: int, person_id: int) -> WorkshopBlock | None:
    return db.session.scalar(
        select(WorkshopBlock)
        .where(
            WorkshopBlock.project_id == project_id,
            WorkshopBlock.person_id == person_id,
            WorkshopBlock.lifted_at.is_(None),
        )
        .with_for_update()
    )


def _find_own(actor: Actor, person_id: int) -> PersonBlock | None:
    return db.session.scalar(
        select(PersonBlock).where(
            PersonBlock.blocker_id == actor.person_id, PersonBlock.blocked_id == person_id
        )
    )


def _note(done: str, actor: Actor, project_id: int, now: datetime) -> None:
    """The audit list says that it happened and who did it; whom it is about, stewards alone see."""
    record_change(
        f"block:workshop:{done}",
        f"A block was {done}",
        actor=actor,
        now=now,
        project_id=project_id,
    )
