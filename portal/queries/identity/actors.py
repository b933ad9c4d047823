"""Who is behind a browser session, and which organization or project a URL names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, bindparam, literal, select, type_coerce, union_all

from portal.database import Instant
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.contributors import Contributor
from portal.models.identity import Person, SignIn
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project
from portal.statements import Prepared


@dataclass(frozen=True, slots=True)
class Scope:
    """An organization or a project named in a URL."""

    id: int
    slug: str
    name: str


_NOWHERE, _ORGANIZATION, _PROJECT, _CONTRIBUTOR = "", "organization", "project", "contributor"
_SESSION = (
    select(Person.id, Person.name, Person.is_operator)
    .join(SignIn, SignIn.person_id == Person.id)
    .where(
        SignIn.token_hash == bindparam("token_hash"),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > bindparam("now", type_=Instant()),
    )
)
# Asked at every request of whoever is signed in, hence built once and sent as one statement: the
# person, and the person once more for each role held.
_ACTOR = Prepared(
    union_all(
        _SESSION.add_columns(literal(_NOWHERE), literal(0), literal("")),
        _SESSION.add_columns(
            literal(_ORGANIZATION), Membership.organization_id, type_coerce(Membership.role, String)
        ).join(Membership, Membership.person_id == Person.id),
        _SESSION.add_columns(
            literal(_PROJECT), Maintainership.project_id, type_coerce(Maintainership.role, String)
        ).join(Maintainership, Maintainership.person_id == Person.id),
        _SESSION.add_columns(literal(_CONTRIBUTOR), Contributor.project_id, literal("")).join(
            Contributor, (Contributor.person_id == Person.id) & Contributor.ended_at.is_(None)
        ),
    )
)


def find_actor(token_hash: str, *, now: datetime) -> Actor | None:
    """The person behind a session that has neither ended nor expired, with all roles."""
    rows = _ACTOR.find_all(token_hash=token_hash, now=now)
    if not rows:
        return None
    person_id, name, is_operator, *_nothing = rows[0]
    held: dict[str, dict[int, set[str]]] = {_ORGANIZATION: {}, _PROJECT: {}, _CONTRIBUTOR: {}}
    for *_person, scope, scope_id, role in rows:
        if scope:
            held[scope].setdefault(scope_id, set()).add(role)
    return Actor(
        person_id=person_id,
        name=name,
        is_operator=bool(is_operator),
        organizations={
            key: frozenset(map(OrganizationRole, roles))
            for key, roles in held[_ORGANIZATION].items()
        },
        projects={key: frozenset(map(ProjectRole, roles)) for key, roles in held[_PROJECT].items()},
        contributions=frozenset(held[_CONTRIBUTOR]),
    )


_ORGANIZATION_BY_SLUG = Prepared(
    select(Organization.id, Organization.slug, Organization.name).where(
        Organization.slug == bindparam("slug")
    )
)
_PROJECT_BY_SLUG = Prepared(
    select(Project.id, Project.slug, Project.name).where(Project.slug == bindparam("slug"))
)


def find_organization(slug: str) -> Scope | None:
    """The organization a URL names."""
    row = _ORGANIZATION_BY_SLUG.find(slug=slug)
    return None if row is None else Scope(row.id, row.slug, row.name)


def find_project(slug: str) -> Scope | None:
    """The project a URL names."""
    row = _PROJECT_BY_SLUG.find(slug=slug)
    return None if row is None else Scope(row.id, row.slug, row.name)
