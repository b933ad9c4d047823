"""Who is behind a browser session, and which organization or project a URL names."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.identity import Person, SignIn
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project


@dataclass(frozen=True, slots=True)
class Scope:
    """An organization or a project named in a URL."""

    id: int
    slug: str
    name: str


def find_actor(token_hash: str, *, now: datetime) -> Actor | None:
    """The person behind a session that has neither ended nor expired, with all roles."""
    person = db.session.execute(
        select(Person.id, Person.name, Person.is_operator)
        .join(SignIn, SignIn.person_id == Person.id)
        .where(
            SignIn.token_hash == token_hash,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
        )
    ).one_or_none()
    return None if person is None else load_actor(person.id, person.name, person.is_operator)


def load_actor(person_id: int, name: str, is_operator: bool) -> Actor:  # noqa: FBT001
    """An actor with the roles that hold at this moment."""
    organizations: defaultdict[int, set[OrganizationRole]] = defaultdict(set)
    for organization_id, role in db.session.execute(
        select(Membership.organization_id, Membership.role).where(Membership.person_id == person_id)
    ):
        organizations[organization_id].add(role)
    projects: defaultdict[int, set[ProjectRole]] = defaultdict(set)
    for project_id, project_role in db.session.execute(
        select(Maintainership.project_id, Maintainership.role).where(
            Maintainership.person_id == person_id
        )
    ):
        projects[project_id].add(project_role)
    return Actor(
        person_id=person_id,
        name=name,
        is_operator=is_operator,
        organizations={key: frozenset(held) for key, held in organizations.items()},
        projects={key: frozenset(held) for key, held in projects.items()},
    )


def find_organization(slug: str) -> Scope | None:
    """The organization a URL names."""
    row = db.session.execute(
        select(Organization.id, Organization.slug, Organization.name).where(
            Organization.slug == slug
        )
    ).one_or_none()
    return None if row is None else Scope(row.id, row.slug, row.name)


def find_project(slug: str) -> Scope | None:
    """The project a URL names."""
    row = db.session.execute(
        select(Project.id, Project.slug, Project.name).where(Project.slug == slug)
    ).one_or_none()
    return None if row is None else Scope(row.id, row.slug, row.name)
