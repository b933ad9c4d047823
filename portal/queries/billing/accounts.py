"""What a person's account page shows, and what a mailed link is good for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.identity import LinkState, link_state
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.tokens import hash_token
from portal.models.identity import LinkedIdentity, Person, SignIn, SignInLink
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which a person is signed in; ``is_this_one`` is the one that asks."""

    id: int
    browser: str
    started_at: datetime
    expires_at: datetime
    is_this_one: bool


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """An account at an identity provider with which a person signs in."""

    id: int
    issuer: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A role somewhere: in an organization or in a project."""

    slug: str
    name: str
    role: OrganizationRole | ProjectRole


@dataclass(frozen=True, slots=True)
class Account:
    """A person's own account."""

    name: str
    email: str
    created_at: datetime
    sessions: tuple[Session, ...]
    linked: tuple[LinkedAccount, ...]
    organizations: tuple[Part, ...]
    projects: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PersonaFound:
    """Somebody of the demonstration who can be signed in as."""

    email: str
    name: str


def get_account(person_id: int, *, token: str, now: datetime) -> Account:
    """Everything the account page shows; ``token`` tells the asking browser's own session."""
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound("account")
    own = hash_token(token)
    sessions = db.session.execute(
        select(SignIn.id, SignIn.browser, SignIn.started_at, SignIn.expires_at, SignIn.token_hash)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > now)
        .order_by(SignIn.started_at.desc(), SignIn.id.desc())
    )
    linked = db.session.execute(
        select(LinkedIdentity.id, LinkedIdentity.issuer, LinkedIdentity.linked_at)
        .where(LinkedIdentity.person_id == person_id)
        .order_by(LinkedIdentity.id)
    )
    organizations = db.session.execute(
        select(Organization.slug, Organization.name, Membership.role)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.person_id == person_id)
        .order_by(Organization.name, Membership.id)
    )
    projects = db.session.execute(
        select(Project.slug, Project.name, Maintainership.role)
        .join(Maintainership, Maintainership.project_id == Project.id)
        .where(Maintainership.person_id == person_id)
        .order_by(Project.name, Maintainership.id)
    )
    return Account(
        name=person.name,
        email=person.email,
        created_at=person.created_at,
        sessions=tuple(
            Session(row.id, row.browser, row.started_at, row.expires_at, row.token_hash == own)
            for row in sessions
        ),
        linked=tuple(LinkedAccount(*row) for row in linked),
        organizations=tuple(Part(*row) for row in organizations),
        projects=tuple(Part(*row) for row in projects),
    )


def find_link_state(token: str, *, browser_secret: str, now: datetime) -> LinkState:
    """What a mailed sign-in link is good for in this browser; looking does not use it up."""
    row = db.session.execute(
        select(SignInLink.browser_hash, SignInLink.expires_at, SignInLink.used_at).where(
            SignInLink.token_hash == hash_token(token)
        )
    ).one_or_none()
    if row is None:
        return LinkState.UNKNOWN
    return link_state(
        same_browser=row.browser_hash == hash_token(browser_secret),
        expires_at=row.expires_at,
        used_at=row.used_at,
        now=now,
    )


def find_personas(emails: tuple[str, ...]) -> dict[str, PersonaFound]:
    """Those of the demonstration's people who exist, by address."""
    rows = db.session.execute(
        select(Person.email_canonical, Person.name).where(Person.email_canonical.in_(emails))
    )
    return {email: PersonaFound(email, name) for email, name in rows}
