"""The desks: everything somebody has a role in, and what needs them there today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import func, select

from portal.database import db
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sponsorship import GOOD_STANDING, RUNNING, Term
from portal.domain.tasks import Task, count_waiting, in_order
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.queries.desks.conduct_tasks import conduct_tasks
from portal.queries.desks.money_tasks import dated_money_tasks, money_tasks
from portal.queries.desks.organization_tasks import dated_organization_tasks, organization_tasks
from portal.queries.desks.support_tasks import (
    answered_support_tasks,
    dated_support_tasks,
    support_tasks,
)
from portal.queries.desks.task_rows import gather, scopes_of
from portal.queries.desks.vote_tasks import dated_vote_tasks, vote_tasks
from portal.queries.desks.workshop_tasks import workshop_tasks

_Role = TypeVar("_Role", ProjectRole, OrganizationRole)


@dataclass(frozen=True, slots=True)
class Place(Generic[_Role]):
    """A project or an organization somebody has roles in, and how much waits there."""

    id: int
    slug: str
    name: str
    roles: tuple[_Role, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class MyDesks:
    """Everything an actor has roles in, and what needs the actor there, the first due in front."""

    projects: tuple[Place[ProjectRole], ...]
    organizations: tuple[Place[OrganizationRole], ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What needs somebody on a project's desk, the first due in front, and how it stands."""

    tasks: tuple[Task, ...]
    sponsors: int
    in_grace: int


def find_my_desks(actor: Actor, *, now: datetime) -> MyDesks:
    """Everything the actor has roles in and what waits there, in four statements."""
    tasks = _tasks(actor, frozenset(actor.projects), frozenset(actor.organizations), now)
    return MyDesks(
        _places(actor.projects, Project, [each for each in tasks if each.kind.is_of_project], now),
        _places(
            actor.organizations,
            Organization,
            [each for each in tasks if not each.kind.is_of_project],
            now,
        ),
        tasks,
    )


def get_overview(project_id: int, actor: Actor, *, now: datetime) -> Overview:
    """What needs the actor on one project's desk, in three statements."""
    running = db.session.execute(
        select(Sponsorship.term, func.count())
        .where(Sponsorship.project_id == project_id, Sponsorship.term.in_(RUNNING))
        .group_by(Sponsorship.term)
    ).all()
    return Overview(
        tasks=_tasks(actor, frozenset({project_id}), frozenset(), now),
        sponsors=sum(count for term, count in running if term in GOOD_STANDING),
        in_grace=sum(count for term, count in running if term is Term.GRACE),
    )


def find_organization_tasks(
    organization_id: int, actor: Actor, *, now: datetime
) -> tuple[Task, ...]:
    """What needs the actor in one organization, in two statements."""
    return _tasks(actor, frozenset(), frozenset({organization_id}), now)


def _tasks(
    actor: Actor, projects: frozenset[int], organizations: frozenset[int], now: datetime
) -> tuple[Task, ...]:
    """All that waits, in one statement for instants and one for dates, however many the places."""
    scopes = scopes_of(actor, projects=sorted(projects), organizations=sorted(organizations))
    instants, dates = [], []
    if projects:
        instants += workshop_tasks(scopes, now)
        instants += conduct_tasks(scopes, actor.person_id)
        instants += vote_tasks(scopes, actor.person_id, now)
        instants += money_tasks(scopes, now)
        instants += support_tasks(scopes)
        dates += dated_money_tasks(scopes, now) + dated_vote_tasks(scopes, now)
        dates += dated_support_tasks(scopes)
    if organizations:
        instants += organization_tasks(scopes, now)
        instants += answered_support_tasks(scopes)
        dates += dated_organization_tasks(scopes)
    return in_order(gather(instants) + gather(dates))


def _places(
    held: Mapping[int, frozenset[_Role]],
    table: type[Project | Organization],
    tasks: list[Task],
    now: datetime,
) -> tuple[Place[_Role], ...]:
    rows = db.session.execute(
        select(table.id, table.slug, table.name)
        .where(table.id.in_(sorted(held)))
        .order_by(table.name, table.id)
    )
    return tuple(
        Place(
            row.id,
            row.slug,
            row.name,
            tuple(sorted(held[row.id])),
            count_waiting((each for each in tasks if each.scope_id == row.id), now=now),
        )
        for row in rows
    )
