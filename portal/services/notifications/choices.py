"""Choose how to get each kind of mail; stop one by a signed link, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.notifications import DEFAULT_WAYS, IN_DIGEST, MailKind, Way, next_digest_at
from portal.domain.permissions import Actor, Permission, require
from portal.domain.stop_links import StopLink, read_stop_link
from portal.models.identity import Person
from portal.models.notifications import MailChoice
from portal.models.outbox import OutboxMessage
from portal.services.audit import record_change


def choose_ways(actor: Actor, ways: Mapping[MailKind, Way], *, now: datetime) -> int:
    """Keep how one wants each kind; returns how many differ from before.

    What waits for a digest moves along with its kind. Refuses kinds that are necessary.
    """
    require(actor, Permission.PERSON_ACCOUNT_EDIT)
    if necessary := [kind for kind in ways if kind not in DEFAULT_WAYS]:
        raise Refusal("notifications.necessary", f"Mail about {necessary[0]} is always sent.")
    if actor.person_id is None:
        raise NotFound("person")
    held = _lock_choices(actor.person_id)
    changed = [kind for kind, way in ways.items() if _way(held, kind) is not way]
    for kind in changed:
        _keep(held, actor.person_id, kind, ways[kind], before="", now=now)
    if changed:
        record_change(
            "person:mail:chosen",
            "Chose how to get mail: " + ", ".join(f"{kind} {ways[kind]}" for kind in changed),
            actor=actor,
            now=now,
        )
    return len(changed)


def stop_by_link(token: str, *, secret: str, now: datetime) -> StopLink:
    """Stop the mail that a signed link names; doing so again changes nothing.

    The signature stands for the right: whoever holds the mail may stop it. A link from a digest
    stops every kind that comes in one. Refuses links that were not signed here, and old ones.
    """
    link = read_stop_link(secret, token, today=now.date())
    held = _lock_choices(link.person_id)
    stopped = [kind for kind in _named(link, held) if _way(held, kind) is not Way.NEVER]
    for kind in stopped:
        before = _way(held, kind).value
        _keep(held, link.person_id, kind, Way.NEVER, before=before, now=now)
    _note("stopped", stopped, link, now)
    return link


def take_back(token: str, *, secret: str, now: datetime) -> StopLink:
    """Let the mail come again that a link stopped, as it came before; harmless when repeated.

    What was turned off on the account page stays off. Refuses what ``stop_by_link`` refuses.
    """
    link = read_stop_link(secret, token, today=now.date())
    held = _lock_choices(link.person_id)
    again = [
        kind
        for kind in (DEFAULT_WAYS if link.kind is MailKind.DIGEST else (link.kind,))
        if kind in held and held[kind].before and _came_by(link, Way(held[kind].before))
    ]
    for kind in again:
        _keep(held, link.person_id, kind, Way(held[kind].before), before="", now=now)
    _note("resumed", again, link, now)
    return link


def _named(link: StopLink, held: Mapping[MailKind, MailChoice]) -> list[MailKind]:
    if link.kind is not MailKind.DIGEST:
        return [link.kind]
    return [kind for kind in DEFAULT_WAYS if _way(held, kind) in IN_DIGEST]


def _came_by(link: StopLink, before: Way) -> bool:
    return link.kind is not MailKind.DIGEST or before in IN_DIGEST


def _way(held: Mapping[MailKind, MailChoice], kind: MailKind) -> Way:
    return held[kind].way if kind in held else DEFAULT_WAYS[kind]


def _lock_choices(person_id: int) -> dict[MailKind, MailChoice]:
    """A person's choices by kind; the person's row is the queue for changing them."""
    person = db.session.get(Person, person_id, with_for_update={"key_share": True})
    if person is None:
        raise NotFound("person")
    rows = db.session.scalars(select(MailChoice).where(MailChoice.person_id == person_id))
    return {MailKind(row.kind): row for row in rows}


def _keep(
    held: dict[MailKind, MailChoice],
    person_id: int,
    kind: MailKind,
    way: Way,
    *,
    before: str,
    now: datetime,
) -> None:
    if kind not in held:
        held[kind] = MailChoice(person_id=person_id, kind=kind.value)
        db.session.add(held[kind])
    row = held[kind]
    row.way, row.before, row.changed_at = way, before, now
    if way is Way.NEVER:
        return  # what waits is thrown away when its time has come
    collected = way in IN_DIGEST
    db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.person_id == person_id,
            OutboxMessage.kind == kind.value,
            OutboxMessage.in_digest,
            OutboxMessage.sent_at.is_(None),
        )
        .values(in_digest=collected, due_at=next_digest_at(way, now) if collected else now)
        .execution_options(synchronize_session=False)
    )


def _note(done: str, kinds: list[MailKind], link: StopLink, now: datetime) -> None:
    if kinds:
        record_change(
            f"person:mail:{done}",
            f"By a link in a mail, {done}: " + ", ".join(kinds),
            actor=Actor(name="link in a mail"),
            now=now,
            details={"person_id": link.person_id},
        )
