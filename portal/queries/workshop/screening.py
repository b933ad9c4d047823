"""The screening desk: what waits for a steward, the oldest first, and how long it takes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, union_all

from portal.database import db
from portal.domain.needs import NeedState, NeedText
from portal.models.identity import Person
from portal.models.needs import MESSAGE_HELD, NEED_HELD, Intake, Need, NeedMessage, Trust
from portal.models.organizations import Organization
from portal.models.statements import Statement
from portal.queries.workshop.waiting_statements import (
    WaitingStatement,
    count_waiting_statements,
    list_waiting_statements,
)

_AT_ONCE = 50
_LOOKED_BACK = timedelta(days=90)
# What a block holds back waits in its author's eyes alone.
_NEED_WAITS = (Need.state == NeedState.WAITING, ~NEED_HELD)
_CAME = func.coalesce(Need.handed_in_at, Need.submitted_at, Need.updated_at)
_MESSAGE_WAITS = (
    NeedMessage.released_at.is_(None),
    NeedMessage.refused_at.is_(None),
    ~MESSAGE_HELD,
)


@dataclass(frozen=True, slots=True)
class WaitingNeed:
    """A need that waits for a steward; without an organization a contributor stated it."""

    number: int
    text: NeedText
    organization: str | None
    author_id: int
    author: str
    since: datetime


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message about a need that waits for a steward; ``organization`` as above."""

    id: int
    number: int
    text: str
    organization: str | None
    author_id: int
    author: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TrustedPerson:
    """Somebody whose words skip the screening."""

    person_id: int
    name: str
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class IntakeState:
    """Whether the project takes needs now."""

    paused: bool = False
    pause_note: str = ""
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScreeningDesk:
    """What waits, how much it is, and the median time of the last 90 days, None without any."""

    needs: tuple[WaitingNeed, ...]
    messages: tuple[WaitingMessage, ...]
    statements: tuple[WaitingStatement, ...]
    size: int
    median: timedelta | None
    trusted: tuple[TrustedPerson, ...]
    intake: IntakeState

    @property
    def queue(self) -> list[tuple[str, WaitingNeed | WaitingMessage | WaitingStatement]]:
        """All that waits with what it is, the oldest first whatever it is."""
        found: list[tuple[str, WaitingNeed | WaitingMessage | WaitingStatement]] = [
            *(("need", each) for each in self.needs),
            *(("message", each) for each in self.messages),
            *(("statement", each) for each in self.statements),
        ]
        return sorted(found, key=lambda waiting: waiting[1].since)


def get_screening_desk(project_id: int, *, now: datetime) -> ScreeningDesk:
    """The first fifty of each queue, in eight statements."""
    return ScreeningDesk(
        needs=_needs(project_id),
        messages=_messages(project_id),
        statements=list_waiting_statements(project_id, limit=_AT_ONCE),
        size=count_waiting(project_id),
        median=_median(project_id, now),
        trusted=_trusted(project_id),
        intake=find_intake(project_id),
    )


def count_waiting(project_id: int) -> int:
    """How much waits for a steward, in one statement."""
    needs = select(func.count(Need.id)).where(Need.project_id == project_id, *_NEED_WAITS)
    messages = select(func.count(NeedMessage.id)).where(
        NeedMessage.project_id == project_id, *_MESSAGE_WAITS
    )
    statements = count_waiting_statements(project_id)
    counts = db.session.execute(
        select(needs.scalar_subquery(), messages.scalar_subquery(), statements)
    ).one()
    return int(sum(counts))


def find_intake(project_id: int) -> IntakeState:
    """Whether the project takes needs now; open where nobody said otherwise."""
    intake = db.session.get(Intake, project_id)
    if intake is None:
        return IntakeState()
    return IntakeState(intake.paused, intake.pause_note, intake.quiet_until)


def _needs(project_id: int) -> tuple[WaitingNeed, ...]:
    rows = db.session.execute(
        select(Need, Organization.name, Person.name, _CAME)
        .outerjoin(Organization, Need.organization_id == Organization.id)
        .join(Person, Need.author_id == Person.id)
        .where(Need.project_id == project_id, *_NEED_WAITS)
        .order_by(_CAME, Need.id)
        .limit(_AT_ONCE)
    )
    return tuple(
        WaitingNeed(
            need.number,
            need.text,
            company,
            need.author_id,
            author,
            came,
        )
        for need, company, author, came in rows
    )


def _messages(project_id: int) -> tuple[WaitingMessage, ...]:
    rows = db.session.execute(
        select(
            NeedMessage.id,
            Need.number,
            NeedMessage.text,
            Organization.name,
            Person.id,
            Person.name,
            NeedMessage.written_at,
        )
        .join(Need, NeedMessage.need_id == Need.id)
        .outerjoin(Organization, Need.organization_id == Organization.id)
        .join(Person, NeedMessage.author_id == Person.id)
        .where(NeedMessage.project_id == project_id, *_MESSAGE_WAITS)
        .order_by(NeedMessage.written_at, NeedMessage.id)
        .limit(_AT_ONCE)
    )
    return tuple(WaitingMessage(*row) for row in rows)


def _median(project_id: int, now: datetime) -> timedelta | None:
    spans = (
        (Need, Need.handed_in_at, Need.screened_at),
        (Statement, Statement.submitted_at, Statement.screened_at),
    )
    newest = [
        select(handed_in.label("handed_in_at"), screened.label("screened_at"))
        .where(
            kind.project_id == project_id,
            screened > now - _LOOKED_BACK,
            handed_in.is_not(None),
        )
        .order_by(kind.id.desc())
        .limit(1000)
        .subquery()
        for kind, handed_in, screened in spans
    ]
    rows = db.session.execute(union_all(*(select(each) for each in newest)))
    waits = [row.screened_at - row.handed_in_at for row in rows]
    return statistics.median(waits) if waits else None


def _trusted(project_id: int) -> tuple[TrustedPerson, ...]:
    rows = db.session.execute(
        select(Person.id, Person.name, Trust.granted_by, Trust.granted_at)
        .join(Person, Trust.person_id == Person.id)
        .where(Trust.project_id == project_id, Trust.withdrawn_at.is_(None))
        .order_by(Person.name)
    )
    return tuple(TrustedPerson(*row) for row in rows)
