"""What a person chose of each kind of mail, and what a link in a mail stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.notifications import DEFAULT_WAYS, IN_DIGEST, MailKind, Way, concerns
from portal.domain.permissions import Actor
from portal.domain.stop_links import StopLink, read_stop_link
from portal.models.identity import Person
from portal.models.notifications import MailChoice
from portal.models.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class ChoicesPage:
    """One's way for each kind that may concern one; what waits, and when the next digest goes."""

    email: str
    ways: Mapping[MailKind, Way]
    collected: int
    next_digest_at: datetime | None


@dataclass(frozen=True, slots=True)
class StopPage:
    """What a link in a mail stops, for whom, and which kinds are off now."""

    kind: MailKind
    address: str
    person_id: int
    named: tuple[MailKind, ...]
    off: tuple[MailKind, ...]


def get_choices(actor: Actor) -> ChoicesPage:
    """The ways of the kinds that a person's roles may bring, and of those chosen before."""
    person = db.session.get(Person, actor.person_id)
    if person is None:
        raise NotFound("person")
    chosen = _chosen(person.id)
    collected = db.session.execute(
        select(func.count(), func.min(OutboxMessage.due_at)).where(
            OutboxMessage.in_digest,
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.person_id == person.id,
        )
    ).one()
    return ChoicesPage(
        email=person.email,
        ways={
            kind: chosen[kind].way if kind in chosen else way
            for kind, way in DEFAULT_WAYS.items()
            if kind in chosen or concerns(actor, kind)
        },
        collected=collected[0],
        next_digest_at=collected[1],
    )


def get_stop_page(token: str, *, secret: str, today: date) -> StopPage:
    """What a signed link is about; refuses links that were not signed here, and old ones."""
    link = read_stop_link(secret, token, today=today)
    person = db.session.get(Person, link.person_id)
    if person is None:
        raise NotFound("person")
    chosen = _chosen(person.id)
    ways = {kind: chosen[kind].way if kind in chosen else way for kind, way in DEFAULT_WAYS.items()}
    named = tuple(kind for kind in DEFAULT_WAYS if _is_named(link, kind, ways[kind], chosen))
    return StopPage(
        kind=link.kind,
        address=_veiled(person.email),
        person_id=person.id,
        named=named,
        off=tuple(kind for kind in named if ways[kind] is Way.NEVER),
    )


def _chosen(person_id: int) -> dict[MailKind, MailChoice]:
    rows = db.session.scalars(select(MailChoice).where(MailChoice.person_id == person_id))
    return {MailKind(row.kind): row for row in rows}


def _is_named(
    link: StopLink, kind: MailKind, way: Way, chosen: Mapping[MailKind, MailChoice]
) -> bool:
    """A digest's link names what comes in digests, and what came in them until it was stopped."""
    if link.kind is not MailKind.DIGEST:
        return kind is link.kind
    return way in IN_DIGEST or (kind in chosen and chosen[kind].before in IN_DIGEST)


def _veiled(email: str) -> str:
    """Enough of an address for its owner to know it: ``a…@example.org``."""
    local, _at, host = email.rpartition("@")
    return f"{local[:1]}…@{host}"
