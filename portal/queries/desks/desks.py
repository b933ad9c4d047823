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
from portal.domain.tasks import Desk, Task, count_waiting, in_order
from portal.models.contributors import Contributor
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.queries.desks.conduct_tasks import conduct_tasks
from portal.queries.desks.contributor_tasks import contributor_tasks
from portal.queries.desks.money_tasks import dated_money_tasks, money_tasks
from portal.queries.desks.organization_tasks import dated_organization_tasks, organization_tasks
from portal.queries.desks.support_tasks import (
    answered_support_tasks,
    dated_support_tasks,
    support_tasks,
)
from portal.queries.desks.task_rows import Scopes, gather, scopes_of
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
class Contribution:
    """A project to which somebody contributes, what they were invited for, how much waits there."""

    id: int
    slug: str
    name: str
    work: str
    waiting: int


@dataclass(frozen=True, slots=True)
class MyDesks:
    """Everything an actor has a part in, and what needs the actor there, the first due in front."""

    projects: tuple[Place[ProjectRole], ...]
    organizations: tuple[Place[OrganizationRole], ...]
    contributions: tuple[Contribution, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What needs somebody on a project's desk, the first due in front, and how it stands."""

    tasks: tuple[Task, ...]
    sponsors: int
    in_grace: int


def find_my_desks(actor: Actor, *, now: datetime) -> MyDesks:
    """Everything the actor has a part in and what waits there, in five statements at most."""
    scopes = scopes_of(
        actor,
        projects=sorted(actor.projects),
        organizations=sorted(actor.organizations),
        contributions=sorted(actor.contributions),
    )
    tasks = _tasks(actor, scopes, now)
    waiting = {desk: [each for each in tasks if each.kind.desk is desk] for desk in Desk}
    return MyDesks(
        _places(actor.projects, Project, waiting[Desk.PROJECT], now),
        _places(actor.organizations, Organization, waiting[Desk.ORGANIZATION], now),
        _contributions(actor, waiting[Desk.CONTRIBUTOR], now),
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
        tasks=find_project_tasks(project_id, actor, now=now),
        sponsors=sum(count for term, count in running if term in GOOD_STANDING),
        in_grace=sum(count for term, count in running if term is Term.GRACE),
    )


def find_project_tasks(project_id: int, actor: Actor, *, now: datetime) -> tuple[Task, ...]:
    """What needs the actor on one project's desk, in two statements."""
    return _tasks(actor, scopes_of(actor, projects=[project_id]), now)


def _tasks(actor: Actor, scopes: Scopes, now: datetime) -> tuple[Task, ...]:
    """All that waits, in one statement for instants and one for dates, however many the places."""
    desks = {kind.desk for kind, places in scopes.items() if places}
    instants, dates = [], []
    if Desk.PROJECT in desks:
        instants += workshop_tasks(scopes, actor.person_id, now)
        instants += conduct_tasks(scopes, actor.person_id)
        instants += vote_tasks(scopes, actor.person_id, now)
        instants += money_tasks(scopes, now)
        instants += support_tasks(scopes)
        dates += dated_money_tasks(scopes, now) + dated_vote_tasks(scopes, now)
        dates += dated_support_tasks(scopes)
    if Desk.ORGANIZATION in desks:
        instants += organization_tasks(scopes, now)
        instants += answered_support_tasks(scopes)
        dates += dated_organization_tasks(scopes)
    if Desk.CONTRIBUTOR in desks:
        instants += contributor_tasks(scopes, actor.person_id, now)
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


def _contributions(actor: Actor, tasks: list[Task], now: datetime) -> tuple[Contribution, ...]:
    if not actor.contributions:
        return ()
    rows = db.session.execute(
        select(Project.id, Project.slug, Project.name, Contributor.work)
        .join(Contributor, Contributor.project_id == Project.id)
        .where(Contributor.person_id == actor.person_id, Contributor.ended_at.is_(None))
        .order_by(Project.name, Project.id)
    )
    return tuple(
        Contribution(
            *row, count_waiting((each for each in tasks if each.scope_id == row.id), now=now)
        )
        for row in rows
    )
