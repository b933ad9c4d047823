"""Invitations as they go out, whoever invites: kept under a token that the mail alone knows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.errors import Refusal
from portal.domain.identity import INVITATION_LIFETIME, Address
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor
from portal.domain.tokens import hash_token
from portal.models.invitations import Invitation
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.services.outbox import post_mail

_MOST_OPEN = 50


def find_open_invitations(*criteria: ColumnElement[bool], now: datetime) -> Sequence[Invitation]:
    """Invitations of one kind that may still be accepted, before one more is sent.

    Refuses one more where fifty are open.
    """
    found = db.session.scalars(
        select(Invitation).where(
            *criteria,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
    ).all()
    if len(found) >= _MOST_OPEN:
        raise Refusal(
            "invitation.too_many",
            f"{_MOST_OPEN} invitations are open. Withdraw some before you send more.",
        )
    return found


def send_invitation(
    actor: Actor,
    place: Organization | Project,
    address: Address,
    paragraphs: Sequence[str],
    *,
    role: str,
    work: str = "",
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Keep an invitation to a place and mail it, good for 14 days.

    ``paragraphs`` say what is offered; ``link_url`` turns a token into the address to accept at.
    """
    invitation = Invitation(
        organization=place if isinstance(place, Organization) else None,
        project=place if isinstance(place, Project) else None,
        email=address.email,
        email_canonical=address.canonical,
        role=role,
        work=work,
        invited_by=actor.name,
        invited_at=now,
    )
    db.session.add(invitation)
    mail_invitation(invitation, place, paragraphs, link_url=link_url, now=now)


def mail_invitation(
    invitation: Invitation,
    place: Organization | Project,
    paragraphs: Sequence[str],
    *,
    link_url: Callable[[str], str],
    now: datetime,
) -> None:
    """Mail an invitation under a new link, good for 14 days; an earlier link is worthless."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash = hash_token(token)
    invitation.expires_at = now + INVITATION_LIFETIME
    post_mail(
        dedupe_key=f"invitation:{invitation.token_hash}",
        recipient=invitation.email,
        subject=f"{invitation.invited_by} invites you to {place.name}",
        paragraphs=[
            *paragraphs,
            f"The invitation is good for {INVITATION_LIFETIME.days} days.",
        ],
        action=("Look at the invitation", link_url(token)),
        why=f"You get this because {invitation.invited_by} typed your address. Ignore it if you do"
        f" not know {place.name}; nothing happens then.",
        kind=MailKind.INVITATION,
        now=now,
    )
