"""Invite maintainers, change their roles, remove them; a project keeps at least one lead."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Actor, Permission, ProjectRole, require
from portal.domain.projects import check_leads
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.projects import Maintainership, Project
from portal.services.audit import record_change
from portal.services.identity.addresses import read_address
from portal.services.identity.sent_invitations import find_open_invitations, send_invitation


def invite_maintainer(
    actor: Actor,
    project_id: int,
    *,
    email: str,
    role: ProjectRole,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Offer a role to an address by mail, for 14 days; an earlier offer of it is withdrawn.

    ``link_url`` turns a token into the address to accept at. Refuses whoever may not, what is no
    address, a role the person already holds, and more than fifty open invitations.
    """
    require(actor, Permission.PROJECT_MAINTAINERS_EDIT, project_id=project_id)
    project = db.session.get_one(Project, project_id, with_for_update=True)
    address = read_address(email)
    if _holds(project_id, address.canonical, role):
        raise Refusal(
            "maintainers.held", f"This person already is {role} of {project.name}.", field="email"
        )
    open_invitations = find_open_invitations(
        Invitation.project_id == project_id,
        Invitation.role.in_([each.value for each in ProjectRole]),
        now=now,
    )
    for earlier in open_invitations:
        if (earlier.email_canonical, earlier.role) == (address.canonical, role.value):
            earlier.withdrawn_at = now
    offer = f"{actor.name} offers you the role of {role} in {project.name}."
    send_invitation(actor, project, address, [offer], role=role.value, link_url=link_url, now=now)
    record_change(
        "maintainer:invitation:sent",
        f"Invited {address.email} as {role}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def withdraw_invitation(
    actor: Actor, project_id: int, invitation_id: int, *, now: datetime
) -> None:
    """Make an open invitation worthless; doing so twice changes nothing."""
    require(actor, Permission.PROJECT_MAINTAINERS_EDIT, project_id=project_id)
    invitation = db.session.get(Invitation, invitation_id, with_for_update=True)
    if (
        invitation is None
        or invitation.project_id != project_id
        or invitation.role not in set(ProjectRole)
    ):
        raise NotFound("invitation")
    if invitation.accepted_at is not None:
        raise Refusal("invitation.accepted", "This invitation has already been accepted.")
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = now
        record_change(
            "maintainer:invitation:withdrawn",
            f"Invitation of {invitation.email} as {invitation.role} withdrawn.",
            actor=actor,
            now=now,
            project_id=project_id,
        )


def change_roles(
    actor: Actor,
    project_id: int,
    person_id: int,
    roles: Collection[ProjectRole],
    *,
    now: datetime,
) -> None:
    """Give a maintainer exactly these roles; none removes the person from the project.

    Refuses whoever may not, a person without a role here (those are invited), and leaving the
    project without a lead, whatever happens at the same time.
    """
    require(actor, Permission.PROJECT_MAINTAINERS_EDIT, project_id=project_id)
    # The project's row is the lock: two leads cannot remove each other at once.
    db.session.get_one(Project, project_id, with_for_update=True)
    rows = db.session.scalars(
        select(Maintainership).where(Maintainership.project_id == project_id)
    ).all()
    held: dict[int, set[ProjectRole]] = {}
    for row in rows:
        held.setdefault(row.person_id, set()).add(row.role)
    if person_id not in held:
        raise NotFound("maintainer")
    wanted = set(roles)
    if held[person_id] == wanted:
        return
    check_leads({**held, person_id: wanted})
    for row in rows:
        if row.person_id == person_id and row.role not in wanted:
            db.session.delete(row)
    db.session.add_all(
        Maintainership(project_id=project_id, person_id=person_id, role=role, since=now)
        for role in sorted(wanted - held[person_id])
    )
    name = db.session.get_one(Person, person_id).name
    sentence = f"{name} is now {', '.join(sorted(wanted))}." if wanted else f"{name} was removed."
    record_change(
        "maintainer:roles:changed" if wanted else "maintainer:person:removed",
        sentence,
        actor=actor,
        now=now,
        project_id=project_id,
        details={"person": person_id, "before": sorted(held[person_id])},
    )


def _holds(project_id: int, canonical: str, role: ProjectRole) -> bool:
    found = db.session.scalar(
        select(Maintainership.id)
        .join(Person, Maintainership.person_id == Person.id)
        .where(
            Maintainership.project_id == project_id,
            Maintainership.role == role,
            Person.email_canonical == canonical,
        )
    )
    return found is not None
