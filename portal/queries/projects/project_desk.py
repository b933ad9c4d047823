"""A project behind its desk: profile, people, audit list; and the operator's list of projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.permissions import ProjectRole
from portal.domain.projects import ProjectProfile
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.projects import Maintainership, Project
from portal.models.sponsorship import Sponsorship


@dataclass(frozen=True, slots=True)
class MaintainerLine:
    """A person with roles in a project; the address is for its leads only."""

    person_id: int
    name: str
    email: str
    roles: tuple[ProjectRole, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation that can still be accepted."""

    id: int
    email: str
    role: ProjectRole
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """A project's maintainers, leads first, and its open invitations."""

    maintainers: tuple[MaintainerLine, ...]
    invitations: tuple[InvitationLine, ...]


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project as the operator sees it."""

    slug: str
    name: str
    currency: str
    created_at: datetime
    leads: tuple[str, ...]
    sponsors: int


def get_profile(project_id: int) -> ProjectProfile:
    """What a project says about itself, as its form shows it."""
    project = db.session.get_one(Project, project_id)
    return ProjectProfile(
        name=project.name,
        tagline=project.tagline,
        description=project.description,
        how_we_work=project.how_we_work,
        website=project.website,
        help_url=project.help_url,
        security_url=project.security_url,
    )


def get_currency(project_id: int) -> str:
    """The currency a project sells in."""
    return db.session.get_one(Project, project_id).currency


def find_people(project_id: int, *, now: datetime) -> People:
    """A project's maintainers with their roles, and open invitations, in two statements."""
    order = list(ProjectRole)
    held: dict[int, MaintainerLine] = {}
    for row in db.session.execute(
        select(Person.id, Person.name, Person.email, Maintainership.role, Maintainership.since)
        .join(Maintainership, Maintainership.person_id == Person.id)
        .where(Maintainership.project_id == project_id)
        .order_by(Person.name, Person.id)
    ):
        known = held.get(row.id)
        roles = {row.role, *(known.roles if known else ())}
        since = min(row.since, known.since) if known else row.since
        held[row.id] = MaintainerLine(
            row.id, row.name, row.email, tuple(sorted(roles, key=order.index)), since
        )
    invitations = db.session.execute(
        select(
            Invitation.id,
            Invitation.email,
            Invitation.role,
            Invitation.invited_by,
            Invitation.expires_at,
        )
        .where(
            Invitation.project_id == project_id,
            Invitation.role.in_([role.value for role in ProjectRole]),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
        .order_by(Invitation.id.desc())
    )
    return People(
        tuple(sorted(held.values(), key=lambda line: order.index(line.roles[0]))),
        tuple(
            InvitationLine(row.id, row.email, ProjectRole(row.role), row.invited_by, row.expires_at)
            for row in invitations
        ),
    )


def list_projects() -> tuple[ProjectLine, ...]:
    """All projects with their leads and sponsors, in three statements."""
    leads: dict[int, list[str]] = {}
    for project_id, name in db.session.execute(
        select(Maintainership.project_id, Person.name)
        .join(Person, Maintainership.person_id == Person.id)
        .where(Maintainership.role == ProjectRole.LEAD)
        .order_by(Person.name)
    ):
        leads.setdefault(project_id, []).append(name)
    counts = db.session.execute(
        select(Sponsorship.project_id, func.count())
        .where(Sponsorship.term.in_(GOOD_STANDING))
        .group_by(Sponsorship.project_id)
    )
    sponsors = dict(counts.all())
    rows = db.session.execute(
        select(
            Project.id, Project.slug, Project.name, Project.currency, Project.created_at
        ).order_by(Project.name, Project.id)
    )
    return tuple(
        ProjectLine(
            row.slug,
            row.name,
            row.currency,
            row.created_at,
            tuple(leads.get(row.id, ())),
            sponsors.get(row.id, 0),
        )
        for row in rows
    )
