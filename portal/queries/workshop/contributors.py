"""Contributors as maintainers, they themselves and the public see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import ContributorsVoice
from portal.domain.contributors import INVITED_AS, ContributorState
from portal.domain.errors import NotFound
from portal.models.contributors import Contributor
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.queries.weights.electorate import get_charter

_PAST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ContributorLine:
    """Somebody's part, for maintainers; ``is_named`` says whether the public may read the name."""

    id: int
    name: str
    email: str
    work: str
    is_named: bool
    invited_by: str
    since: datetime
    state: ContributorState
    ended_at: datetime | None
    end_reason: str


@dataclass(frozen=True, slots=True)
class InvitedLine:
    """An invitation that can still be accepted."""

    id: int
    email: str
    work: str
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ContributorsDesk:
    """A project's contributors, open invitations, who was one, and the voice the charter gives."""

    active: tuple[ContributorLine, ...]
    past: tuple[ContributorLine, ...]
    invitations: tuple[InvitedLine, ...]
    voice: ContributorsVoice


@dataclass(frozen=True, slots=True)
class OwnPart:
    """Somebody's own part in a project; ``voice`` is the charter's for the next vote."""

    work: str
    is_named: bool
    invited_by: str
    since: datetime
    voice: ContributorsVoice


_LINE: tuple[Any, ...] = (
    Contributor.id,
    Person.name,
    Person.email,
    Contributor.work,
    Contributor.is_named,
    Contributor.invited_by,
    Contributor.since,
    Contributor.state,
    Contributor.ended_at,
    Contributor.end_reason,
)


def get_contributors_desk(project_id: int, *, now: datetime) -> ContributorsDesk:
    """Who contributes and who is invited to, in four statements."""
    lines = select(*_LINE).join(Person, Contributor.person_id == Person.id)
    active = db.session.execute(
        lines.where(Contributor.project_id == project_id, Contributor.ended_at.is_(None)).order_by(
            Person.name, Person.id
        )
    )
    past = db.session.execute(
        lines.where(Contributor.project_id == project_id, Contributor.ended_at.is_not(None))
        .order_by(Contributor.ended_at.desc(), Contributor.id.desc())
        .limit(_PAST_SHOWN)
    )
    invitations = db.session.execute(
        select(
            Invitation.id,
            Invitation.email,
            Invitation.work,
            Invitation.invited_by,
            Invitation.expires_at,
        )
        .where(
            Invitation.project_id == project_id,
            Invitation.role == INVITED_AS,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
        .order_by(Invitation.id.desc())
    )
    return ContributorsDesk(
        active=tuple(ContributorLine(*row) for row in active),
        past=tuple(ContributorLine(*row) for row in past),
        invitations=tuple(InvitedLine(*row) for row in invitations),
        voice=get_charter(project_id).contributors,
    )


def get_contributor(project_id: int, contributor_id: int) -> ContributorLine:
    """One contributor of a project; NotFound for any other, and for whoever is none any more."""
    row = db.session.execute(
        select(*_LINE)
        .join(Person, Contributor.person_id == Person.id)
        .where(
            Contributor.id == contributor_id,
            Contributor.project_id == project_id,
            Contributor.ended_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("contributor")
    return ContributorLine(*row)


def get_own_part(project_id: int, person_id: int) -> OwnPart:
    """Somebody's own part, in two statements; NotFound for whoever has none."""
    row = db.session.execute(
        select(
            Contributor.work, Contributor.is_named, Contributor.invited_by, Contributor.since
        ).where(
            Contributor.project_id == project_id,
            Contributor.person_id == person_id,
            Contributor.ended_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("contributor")
    return OwnPart(*row, voice=get_charter(project_id).contributors)
