"""Create a project, edit its profile, and grant or take the operator's rights."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.charter import Charter
from portal.domain.errors import Refusal
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, ProjectRole, require
from portal.domain.projects import ProjectProfile, check_currency, check_slug
from portal.domain.text import clean_line
from portal.models.identity import Person
from portal.models.projects import Maintainership, Project
from portal.services.audit import record_change
from portal.services.identity.addresses import read_address
from portal.services.identity.people import get_or_make_person
from portal.services.outbox import post_mail
from portal.services.projects.charters import write_charter


def create_project(
    actor: Actor,
    *,
    slug: str,
    name: str,
    currency: str,
    lead_email: str,
    desk_url: str,
    now: datetime,
) -> Project:
    """Create a project with its first lead and a charter of the usual settings.

    The lead is told by mail, and known from then on by that address. Refuses whoever is no
    operator, a malformed or taken slug, an unknown currency, an empty name, what is no address.
    """
    require(actor, Permission.PORTAL_PROJECT_CREATE)
    name = clean_line(name, max_length=120)
    if not name:
        raise Refusal("project.name", "A project needs a name.", field="name")
    address = read_address(lead_email, field="lead_email")
    project = Project(
        slug=check_slug(slug), name=name, currency=check_currency(currency), created_at=now
    )
    try:
        with db.session.begin_nested():
            db.session.add(project)
    except IntegrityError as error:
        raise Refusal(
            "project.slug_taken", "Another project has this address.", field="slug"
        ) from error
    lead, _is_new = get_or_make_person(address, name="", now=now)
    db.session.add(
        Maintainership(project_id=project.id, person_id=lead.id, role=ProjectRole.LEAD, since=now)
    )
    write_charter(actor, project.id, Charter(), number=1, note="", now=now)
    record_change(
        "project:project:created",
        f"Project {name} created in {currency}; first lead: {lead.name}.",
        actor=actor,
        now=now,
        project_id=project.id,
    )
    post_mail(
        dedupe_key=f"project-created-{project.id}",
        recipient=lead.email,
        subject=f"You lead {name} on this portal",
        paragraphs=[
            f"{name} can now sell tiers and hold votes, and you are its first lead.",
            "Start with the profile, then the charter and the tiers.",
        ],
        action=("Open the desk", desk_url),
        why=f"You get this because an operator made you the lead of {name}.",
        kind=MailKind.ACCESS,
        person_id=lead.id,
        now=now,
    )
    return project


def edit_profile(
    actor: Actor, project_id: int, profile: ProjectProfile, *, now: datetime
) -> list[str]:
    """Change what a project says about itself; returns what differs, by name.

    Takes text that is already cleaned. Refuses whoever may not.
    """
    require(actor, Permission.PROJECT_PROFILE_EDIT, project_id=project_id)
    project = db.session.get_one(Project, project_id, with_for_update=True)
    changed = [name for name, value in asdict(profile).items() if getattr(project, name) != value]
    for name in changed:
        setattr(project, name, getattr(profile, name))
    if changed:
        record_change(
            "project:profile:changed",
            f"Profile changed: {', '.join(name.replace('_', ' ') for name in changed)}.",
            actor=actor,
            now=now,
            project_id=project_id,
        )
    return changed


def grant_operator(actor: Actor, email: str, *, now: datetime) -> str:
    """Make somebody an operator of this portal; returns the name. Doing so twice changes nothing.

    The person need not have signed in yet: whoever proves the address has the rights.
    """
    require(actor, Permission.PORTAL_PROJECT_CREATE)
    person, _is_new = get_or_make_person(read_address(email), name="", now=now)
    if not person.is_operator:
        person.is_operator = True
        _record_operator(actor, person, "granted", now=now)
    return person.name


def revoke_operator(actor: Actor, email: str, *, now: datetime) -> str:
    """Take an operator's rights away, at once; returns the name. Refuses who is no operator."""
    require(actor, Permission.PORTAL_PROJECT_CREATE)
    known = Person.email_canonical == read_address(email).canonical
    person = db.session.scalar(select(Person).where(known, Person.is_operator))
    if person is None:
        raise Refusal("operator.unknown", "No operator has this address.", field="email")
    person.is_operator = False
    _record_operator(actor, person, "revoked", now=now)
    return person.name


def _record_operator(actor: Actor, person: Person, what: str, *, now: datetime) -> None:
    record_change(
        f"portal:operator:{what}",
        f"Operator's rights {what}: {person.name}.",
        actor=actor,
        now=now,
        details={"person": person.id},
    )
