"""Contributors: invited by maintainers for their work, they leave, or their part is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.contributors import (
    INVITED_AS,
    ContributorAction,
    check_end,
    check_work,
    move,
)
from portal.domain.errors import NotFound, Refusal
from portal.domain.needs import TRANSITIONS, NeedAction
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, require
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.needs import Need
from portal.models.projects import Project
from portal.services.audit import record_change
from portal.services.identity.addresses import read_address
from portal.services.identity.sent_invitations import find_open_invitations, send_invitation
from portal.services.outbox import post_mail


def invite_contributor(
    actor: Actor,
    project_id: int,
    *,
    email: str,
    work: str,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Invite an address by mail for ``work``, for 14 days; an earlier invitation is withdrawn.

    ``link_url`` turns a token into the address to accept at. Refuses whoever may not, what is no
    address, an invitation that does not say what for, somebody who is a contributor already, and
    more than fifty open invitations.
    """
    require(actor, Permission.PROJECT_CONTRIBUTORS_EDIT, project_id=project_id)
    check_work(work)
    project = db.session.get_one(Project, project_id, with_for_update=True)
    address = read_address(email)
    if _is_contributor(project_id, address.canonical):
        raise Refusal(
            "contributor.held",
            f"This person already is a contributor to {project.name}.",
            field="email",
        )
    open_invitations = find_open_invitations(
        Invitation.project_id == project_id, Invitation.role == INVITED_AS, now=now
    )
    for earlier in open_invitations:
        if earlier.email_canonical == address.canonical:
            earlier.withdrawn_at = now
    offer = [
        f"{actor.name} invites you to {project.name} as a contributor, for your work: {work}",
        "It costs nothing and pays nothing. No public page names you unless you say so.",
    ]
    send_invitation(
        actor, project, address, offer, role=INVITED_AS, work=work, link_url=link_url, now=now
    )
    said = f"Invited {address.email} as a contributor: {work}"
    _note("invitation:sent", said, actor, project_id, now)


def withdraw_contributor_invitation(
    actor: Actor, project_id: int, invitation_id: int, *, now: datetime
) -> None:
    """Make an open invitation worthless; doing so twice changes nothing."""
    require(actor, Permission.PROJECT_CONTRIBUTORS_EDIT, project_id=project_id)
    invitation = db.session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.project_id != project_id or invitation.role != INVITED_AS:
        raise NotFound("invitation")
    if invitation.accepted_at is not None:
        raise Refusal("invitation.accepted", "This invitation has already been accepted.")
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = now
        said = f"Invitation of {invitation.email} as a contributor withdrawn."
        _note("invitation:withdrawn", said, actor, project_id, now)


def show_name(actor: Actor, project_id: int, *, is_named: bool, now: datetime) -> None:
    """Let public pages name oneself with one's work, or be one of a number again.

    Holds for pages at once and for votes that open from now on; votes keep what was frozen.
    """
    require(actor, Permission.CONTRIBUTOR_NAME_EDIT, project_id=project_id)
    part = _lock_own(actor, project_id)
    if part.is_named == is_named:
        return
    part.is_named = is_named
    said = "is named in public" if is_named else "stays unnamed in public"
    _note("name:changed", f"{actor.name} {said}.", actor, project_id, now)


def leave_project(actor: Actor, project_id: int, *, now: datetime) -> None:
    """End one's own part; needs that nobody decided on yet are withdrawn along with it.

    A ballot that is cast stands; in votes that are open no other one can be cast.
    """
    require(actor, Permission.CONTRIBUTOR_PART_END, project_id=project_id)
    part = _lock_own(actor, project_id)
    part.state = move(part.state, ContributorAction.LEAVE)
    _end(part, now=now)
    _note("part:left", f"{actor.name} left as a contributor.", actor, project_id, now)


def change_work(
    actor: Actor, project_id: int, contributor_id: int, *, work: str, now: datetime
) -> bool:
    """Say anew what somebody was invited for; they are told, it may be public. False if the same.

    Refuses an empty one, and whoever is no contributor any more.
    """
    require(actor, Permission.PROJECT_CONTRIBUTORS_EDIT, project_id=project_id)
    part = _lock(
        Contributor.id == contributor_id,
        Contributor.project_id == project_id,
        Contributor.ended_at.is_(None),
    )
    check_work(work)
    if part.work == work:
        return False
    said = f"{part.person.name} is a contributor for: {work} (before: {part.work})"
    part.work = work
    _note("work:changed", said, actor, project_id, now)
    post_mail(
        dedupe_key=f"contributor:{part.id}:work:{now.isoformat()}",
        recipient=part.person.email,
        subject=f"Your part in {part.project.name}",
        paragraphs=[
            f"The maintainers of {part.project.name} now say of your work: {work}",
            "Public pages show it with your name."
            if part.is_named
            else "No public page shows it: you chose to stay unnamed.",
        ],
        why=f"You are a contributor to {part.project.name}.",
        kind=MailKind.ACCESS,
        action=("See your part", f"/contributor/{part.project.slug}"),
        person_id=part.person_id,
        project_id=part.project_id,
        now=now,
    )
    return True


def withdraw_contributor(
    actor: Actor, project_id: int, contributor_id: int, *, reason: str, now: datetime
) -> None:
    """End somebody's part with a reason, which the person reads in a mail.

    Otherwise as ``leave_project``. Refuses an empty reason, and whoever is none any more.
    """
    require(actor, Permission.PROJECT_CONTRIBUTORS_EDIT, project_id=project_id)
    part = _lock(Contributor.id == contributor_id, Contributor.project_id == project_id)
    check_end(reason)
    part.state = move(part.state, ContributorAction.WITHDRAW)
    part.end_reason = reason
    _end(part, now=now)
    # The reason stays beside the part: audit lists are read by more people.
    said = f"{part.person.name} is no contributor any more."
    _note("part:withdrawn", said, actor, project_id, now)
    post_mail(
        dedupe_key=f"contributor:{part.id}:withdrawn",
        recipient=part.person.email,
        subject=f"Your part in {part.project.name} has ended",
        paragraphs=[
            f"The maintainers of {part.project.name} ended your part as a contributor.",
            f"The reason: {reason}",
            "A ballot that you cast in an open vote stands.",
        ],
        why=f"You were a contributor to {part.project.name}.",
        kind=MailKind.ACCESS,
        person_id=part.person_id,
        project_id=part.project_id,
        now=now,
    )


def _end(part: Contributor, *, now: datetime) -> None:
    part.ended_at = now
    for need in db.session.scalars(
        select(Need)
        .where(
            Need.project_id == part.project_id,
            Need.author_id == part.person_id,
            Need.organization_id.is_(None),
        )
        .order_by(Need.id)
        .with_for_update()
    ):
        following = TRANSITIONS.get((need.state, NeedAction.WITHDRAW))
        if following is not None:
            need.state, need.updated_at = following, now


def _lock_own(actor: Actor, project_id: int) -> Contributor:
    return _lock(
        Contributor.person_id == actor.person_id,
        Contributor.project_id == project_id,
        Contributor.ended_at.is_(None),
    )


def _lock(*criteria: ColumnElement[bool]) -> Contributor:
    part = db.session.scalar(
        select(Contributor)
        .where(*criteria)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if part is None:
        raise NotFound("contributor")
    return part


def _is_contributor(project_id: int, canonical: str) -> bool:
    found = (
        select(Contributor.id)
        .join(Person, Person.id == Contributor.person_id)
        .where(
            Contributor.project_id == project_id,
            Contributor.ended_at.is_(None),
            Person.email_canonical == canonical,
        )
    )
    return db.session.scalar(found) is not None


def _note(action: str, sentence: str, actor: Actor, project_id: int, now: datetime) -> None:
    """For the maintainers' audit list, which is not public."""
    record_change(f"contributor:{action}", sentence, actor=actor, now=now, project_id=project_id)
