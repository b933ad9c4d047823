"""Becoming a contributor by an accepted invitation; nothing else makes one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.contributors import ContributorState
from portal.domain.permissions import Actor
from portal.models.contributors import Contributor
from portal.models.invitations import Invitation
from portal.models.projects import Project
from portal.services.audit import record_change


def become_contributor(actor: Actor, invitation: Invitation, *, now: datetime) -> Project:
    """Begin a person's part in the inviting project, unnamed in public.

    Whoever has a part already keeps it as it is: one person counts once.
    """
    project = db.session.get_one(Project, invitation.project_id, with_for_update=True)
    held = select(Contributor.id).where(
        Contributor.project_id == project.id,
        Contributor.person_id == actor.person_id,
        Contributor.ended_at.is_(None),
    )
    if db.session.scalar(held) is None:
        db.session.add(
            Contributor(
                project_id=project.id,
                person_id=actor.person_id,
                state=ContributorState.ACTIVE,
                work=invitation.work,
                invited_by=invitation.invited_by,
                since=now,
            )
        )
        record_change(
            "contributor:invitation:accepted",
            f"{actor.name} joined as a contributor: {invitation.work}",
            actor=actor,
            now=now,
            project_id=project.id,
        )
    return project
