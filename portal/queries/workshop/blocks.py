"""Blocks as stewards see them in a project, and as a person sees their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, union

from portal.database import db
from portal.domain.needs import NeedState
from portal.domain.permissions import Actor, Permission, may
from portal.domain.statements import OPEN_CREDITS, StatementState
from portal.domain.support import SupportState
from portal.models.blocks import PersonBlock, WorkshopBlock, is_held
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.needs import Need, NeedMessage
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership
from portal.models.sponsorship import Sponsorship
from portal.models.statements import Statement
from portal.models.support import SupportRequest

_OFFERED = 1000


@dataclass(frozen=True, slots=True)
class BlockLine:
    """Somebody whose words are held back, why, and how many texts wait for the block's end.

    What somebody says under a pseudonym or under no name is not counted: it would say whose it is.
    """

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
    statements = (
        select(func.count(Statement.id))
        .where(
            Statement.project_id == project_id,
            Statement.author_id == WorkshopBlock.person_id,
            Statement.state == StatementState.WAITING,
            Statement.credit.in_(OPEN_CREDITS),
        )
        .correlate(WorkshopBlock)
        .scalar_subquery()
    )
    requests = (
        select(func.count(SupportRequest.id))
        .where(
            SupportRequest.project_id == project_id,
            SupportRequest.author_id == WorkshopBlock.person_id,
            SupportRequest.state == SupportState.OPEN,
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
            needs + messages + statements + requests,
        )
        .join(Person, WorkshopBlock.person_id == Person.id)
        .where(WorkshopBlock.project_id == project_id, WorkshopBlock.lifted_at.is_(None))
        .order_by(WorkshopBlock.id.desc())
    )
    return tuple(BlockLine(*row) for row in rows)


def list_blockable(project_id: int) -> tuple[tuple[int, str], ...]:
    """Who may write to a project and is no maintainer of it: ids, and names with organizations."""
    rows = db.session.execute(
        select(Person.id, Person.name, Organization.name)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organization, Membership.organization_id == Organization.id)
        .join(Sponsorship, Sponsorship.organization_id == Organization.id)
        .where(
            Sponsorship.project_id == project_id,
            Sponsorship.active_since.is_not(None),
            Person.id.not_in(_holders(project_id)),
            ~is_held(project_id, Person.id),
        )
        .distinct()
        .order_by(Person.name, Person.id, Organization.name)
        .limit(_OFFERED)
    )
    contributors = db.session.execute(
        select(Person.id, Person.name)
        .join(Contributor, Contributor.person_id == Person.id)
        .where(
            Contributor.project_id == project_id,
            Person.id.not_in(_holders(project_id)),
            ~is_held(project_id, Person.id),
        )
        .distinct()
        .order_by(Person.name, Person.id)
        .limit(_OFFERED)
    )
    found: dict[int, list[str]] = {}
    for person_id, *names in rows:
        found.setdefault(person_id, names[:1]).append(names[1])
    for person_id, name in contributors:
        found.setdefault(person_id, [name])
    return tuple((key, ", ".join(names)) for key, names in found.items())


def find_blockable(actor: Actor, project_id: int) -> frozenset[int]:
    """Whom an actor may block in a project: nobody, for all but its stewards."""
    if not may(actor, Permission.PROJECT_BLOCK_EDIT, project_id=project_id):
        return frozenset()
    return frozenset(person_id for person_id, _name in list_blockable(project_id))


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


def list_met(actor: Actor) -> tuple[tuple[int, str], ...]:
    """Whom somebody may have met here and has not blocked: ids and names.

    Members of one's organizations, maintainers of projects one has a part in, and for maintainers
    the authors of needs that were released to them.
    """
    projects = select(Sponsorship.project_id).where(
        Sponsorship.organization_id.in_(actor.organizations),
        Sponsorship.active_since.is_not(None),
    )
    met = union(
        select(Membership.person_id).where(Membership.organization_id.in_(actor.organizations)),
        select(Maintainership.person_id).where(
            Maintainership.project_id.in_({*actor.projects, *actor.contributions})
            | Maintainership.project_id.in_(projects)
        ),
        select(Need.author_id).where(
            Need.project_id.in_(actor.projects), Need.released_at.is_not(None)
        ),
    )
    own = select(PersonBlock.blocked_id).where(PersonBlock.blocker_id == actor.person_id)
    rows = db.session.execute(
        select(Person.id, Person.name)
        .where(Person.id.in_(met), Person.id.not_in(own), Person.id != actor.person_id)
        .order_by(Person.name, Person.id)
        .limit(_OFFERED)
    )
    return tuple((row.id, row.name) for row in rows)


def _holders(project_id: int) -> Select[int]:
    return select(Maintainership.person_id).where(Maintainership.project_id == project_id)
