"""Invitations to an organization: sent, sent again, withdrawn; and any invitation accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.contributors import INVITED_AS
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import Actor, OrganizationRole, Permission, ProjectRole, require
from portal.domain.tokens import hash_token
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.organizations import Membership, Organization
from portal.models.projects import Maintainership, Project
from portal.services.audit import record_change
from portal.services.identity.addresses import read_address
from portal.services.identity.contributing import become_contributor
from portal.services.identity.memberships import add_role, find_seat_holder
from portal.services.identity.organizations import lock_organization
from portal.services.identity.sent_invitations import (
    find_open_invitations,
    mail_invitation,
    send_invitation,
)


@dataclass(frozen=True, slots=True)
class Joined:
    """Where an accepted invitation led: an organization or a project, by its slug and name.

    ``is_contributor`` says that it is a project in which the person is a contributor.
    """

    is_project: bool
    slug: str
    name: str
    is_contributor: bool = False


def invite_member(
    actor: Actor,
    organization_id: int,
    *,
    email: str,
    role: OrganizationRole,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Offer a role to an address by mail, for 14 days.

    Refuses what is no address, a role that the person already holds or was already offered, a seat
    that is taken, and more than fifty open invitations.
    """
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    organization = lock_organization(organization_id)
    address = read_address(email)
    open_now = find_open_invitations(Invitation.organization_id == organization_id, now=now)
    if any((one.email_canonical, one.role) == (address.canonical, role) for one in open_now):
        raise Refusal(
            "invitation.open",
            f"{address.email} is already invited as {role}. You can send that invitation again.",
            field="email",
        )
    if _holds(organization_id, address.canonical, role):
        raise Refusal("invitation.held", f"{address.email} already is {role} here.", field="email")
    holder = find_seat_holder(organization_id, role)
    if holder is not None:
        raise Refusal(
            "invitation.seat_taken",
            f"{holder} is the {role}, and there is one at a time. Invite as viewer, "
            f"then replace {holder} on the list of members.",
            field="role",
        )
    send_invitation(
        actor,
        organization,
        address,
        [_offer(role, organization)],
        role=role.value,
        link_url=link_url,
        now=now,
    )
    _note("send", f"Invited {address.email} as {role}.", actor, organization_id, now=now)


def resend_invitation(
    actor: Actor,
    organization_id: int,
    invitation_id: int,
    *,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Send an invitation again under a new link, good for 14 days; the old link is worthless."""
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    invitation = _own(organization_id, invitation_id)
    organization = db.session.get_one(Organization, organization_id)
    offer = _offer(OrganizationRole(invitation.role), organization)
    mail_invitation(invitation, organization, [offer], link_url=link_url, now=now)
    _note("resend", f"Invited {invitation.email} again.", actor, organization_id, now=now)


def withdraw_invitation(
    actor: Actor, organization_id: int, invitation_id: int, *, now: datetime
) -> None:
    """Make an open invitation worthless."""
    require(actor, Permission.ORGANIZATION_MEMBERS_EDIT, organization_id=organization_id)
    invitation = _own(organization_id, invitation_id)
    invitation.withdrawn_at = now
    sentence = f"Withdrew the invitation of {invitation.email} as {invitation.role}."
    _note("withdraw", sentence, actor, organization_id, now=now)


def accept_invitation(actor: Actor, token: str, *, now: datetime) -> Joined:
    """Take the offered role in an organization or a project; an invitation is accepted once.

    Refuses an unknown token as not found; one that was withdrawn, accepted or is too old; and
    anybody but the person with the invited address.
    """
    require(actor, Permission.PERSON_INVITATION_ACCEPT)
    invitation = db.session.scalar(
        select(Invitation).where(Invitation.token_hash == hash_token(token)).with_for_update()
    )
    if invitation is None:
        raise NotFound("invitation")
    person = db.session.get_one(Person, actor.person_id)
    if person.email_canonical != invitation.email_canonical:
        raise Forbidden(
            "invitation.other_address",
            "This invitation was sent to another address than the one you are signed in with.",
        )
    if invitation.accepted_at is not None:
        raise Refusal("invitation.accepted", "This invitation has already been accepted.")
    if invitation.withdrawn_at is not None:
        raise Refusal("invitation.withdrawn", "This invitation was withdrawn.")
    if invitation.expires_at <= now:
        raise Refusal("invitation.expired", "This invitation is too old. Ask for a new one.")
    invitation.accepted_at = now
    if invitation.organization_id is not None:
        organization = db.session.get_one(Organization, invitation.organization_id)
        role = OrganizationRole(invitation.role)
        add_role(actor, organization.id, person.id, role, now=now)
        return Joined(False, organization.slug, organization.name)
    if invitation.role == INVITED_AS:
        contributed = become_contributor(actor, invitation, now=now)
        return Joined(True, contributed.slug, contributed.name, is_contributor=True)
    return _join_project(actor, invitation, now=now)


def _join_project(actor: Actor, invitation: Invitation, *, now: datetime) -> Joined:
    project = db.session.get_one(Project, invitation.project_id, with_for_update=True)
    role = ProjectRole(invitation.role)
    held = select(Maintainership.id).where(
        Maintainership.project_id == project.id,
        Maintainership.person_id == actor.person_id,
        Maintainership.role == role,
    )
    if db.session.scalar(held) is None:
        db.session.add(
            Maintainership(project_id=project.id, person_id=actor.person_id, role=role, since=now)
        )
        record_change(
            "maintainer:invitation:accepted",
            f"{actor.name} joined as {role}.",
            actor=actor,
            now=now,
            project_id=project.id,
        )
    return Joined(True, project.slug, project.name)


def _holds(organization_id: int, canonical: str, role: OrganizationRole) -> bool:
    found = (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.organization_id == organization_id,
            Membership.role == role,
            Person.email_canonical == canonical,
        )
    )
    return db.session.scalar(found) is not None


def _own(organization_id: int, invitation_id: int) -> Invitation:
    """An invitation of this organization that is still to be accepted; others are not found."""
    invitation = db.session.get(Invitation, invitation_id, with_for_update=True)
    if (
        invitation is None
        or invitation.organization_id != organization_id
        or invitation.withdrawn_at is not None
    ):
        raise NotFound("invitation")
    if invitation.accepted_at is not None:
        raise Refusal("invitation.accepted", "This invitation has already been accepted.")
    return invitation


def _offer(role: OrganizationRole, organization: Organization) -> str:
    return f"You are offered the role of {role} in {organization.name}."


def _note(action: str, sentence: str, actor: Actor, organization_id: int, *, now: datetime) -> None:
    record_change(
        f"organization:invitation:{action}",
        sentence,
        actor=actor,
        now=now,
        organization_id=organization_id,
    )
