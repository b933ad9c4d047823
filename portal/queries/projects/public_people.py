"""Who works on a project, as everybody may see it: maintainers, and contributors as they wish."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, null, select, union_all

from portal.database import db
from portal.domain.permissions import ProjectRole
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.projects import Maintainership


@dataclass(frozen=True, slots=True)
class PublicMaintainer:
    """Somebody who maintains the project; roles in the order of their table."""

    name: str
    roles: tuple[ProjectRole, ...]


@dataclass(frozen=True, slots=True)
class NamedContributor:
    """A contributor who chose to be named, and what they were invited for."""

    name: str
    work: str


@dataclass(frozen=True, slots=True)
class PublicContributors:
    """What the public may know: those who chose to be named, and how many others there are."""

    named: tuple[NamedContributor, ...]
    unnamed: int

    @property
    def number(self) -> int:
        """All contributors."""
        return len(self.named) + self.unnamed


@dataclass(frozen=True, slots=True)
class PublicPeople:
    """Who maintains a project, leads first, then by name; and who contributes."""

    maintainers: tuple[PublicMaintainer, ...]
    contributors: PublicContributors


def find_public_people(project_id: int) -> PublicPeople:
    """Who works on a project, in one statement; whoever is unnamed is a number and no more."""
    holders = (
        select(
            Maintainership.role.label("role"),
            Person.id.label("person_id"),
            Person.name.label("name"),
            null().label("work"),
        )
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(Maintainership.project_id == project_id)
    )
    contributors = (
        select(
            null(),
            Person.id,
            case((Contributor.is_named, Person.name)),
            case((Contributor.is_named, Contributor.work)),
        )
        .join(Contributor, Contributor.person_id == Person.id)
        .where(Contributor.project_id == project_id, Contributor.ended_at.is_(None))
    )
    both = union_all(holders, contributors)
    rows = db.session.execute(both.order_by("name", "person_id")).all()
    held: dict[tuple[int, str], list[ProjectRole]] = {}
    for role, person_id, name, _work in rows:
        if role is not None:
            held.setdefault((person_id, name), []).append(role)
    order = list(ProjectRole)
    people = [
        PublicMaintainer(name, tuple(sorted(roles, key=order.index)))
        for (_id, name), roles in held.items()
    ]
    named = tuple(
        NamedContributor(row.name, row.work)
        for row in rows
        if row.role is None and row.name is not None
    )
    unnamed = sum(row.role is None and row.name is None for row in rows)
    return PublicPeople(
        tuple(sorted(people, key=lambda each: order.index(each.roles[0]))),
        PublicContributors(named, unnamed),
    )
