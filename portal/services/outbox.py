"""Put mail into the outbox, in the transaction that causes it, and deliver what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from portal.database import db, insert_missing
from portal.domain.notifications import IN_DIGEST, MailKind, Way, next_digest_at
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.services.notifications.wanted import find_allowed
from portal.statements import Prepared

_MOST_ATTEMPTS = 10
_POSTED_AT_ONCE = 1000
_prepared = lru_cache(Prepared)  # one for each kind of database


class Item(NamedTuple):
    """One notification in a digest, as it would have come by itself; and its project's name."""

    project: str
    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that its claimer is to deliver; ``key`` is the same at every attempt.

    ``kind`` is None in mail posted before there were kinds. Digests have ``items``.
    """

    key: str
    recipient: str
    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str] | None
    why: str
    kind: MailKind | None
    person_id: int | None
    posted_at: datetime
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to post, with at most one action (label, URL) and the reason why it is sent.

    Of letters with the same ``dedupe_key`` only the first is ever posted. A ``kind`` that can be
    turned off needs the ``person_id`` of whoever gets it; ``project_id`` sorts it in digests.
    ``about_id`` is the person whose doing it tells of: it never reaches whoever is kept apart from
    them. What is done in the project's name, or by the portal, is about nobody.
    """

    dedupe_key: str
    recipient: str
    subject: str
    paragraphs: Sequence[str]
    why: str
    action: tuple[str, str] | None = None
    due_at: datetime | None = None
    kind: MailKind | None = None
    person_id: int | None = None
    project_id: int | None = None
    about_id: int | None = None


def post_mail(  # noqa: PLR0913 - the parts of a letter
    *,
    dedupe_key: str,
    recipient: str,
    subject: str,
    paragraphs: Sequence[str],
    why: str,
    now: datetime,
    action: tuple[str, str] | None = None,
    due_at: datetime | None = None,
    kind: MailKind | None = None,
    person_id: int | None = None,
    project_id: int | None = None,
    about_id: int | None = None,
) -> None:
    """Queue one mail; the same ``dedupe_key`` queues nothing a second time."""
    letter = Letter(
        dedupe_key,
        recipient,
        subject,
        paragraphs,
        why,
        action,
        due_at,
        kind,
        person_id,
        project_id,
        about_id,
    )
    post_mails([letter], now=now)


def post_mails(letters: Iterable[Letter], *, now: datetime) -> None:
    """Queue many mails, a thousand in one statement, so that they cost little each.

    Each goes the way its reader chose for its kind: by itself, into the next digest, or nowhere.
    """
    remaining = iter(letters)
    while batch := list(islice(remaining, _POSTED_AT_ONCE)):
        allowed = find_allowed(batch)
        if allowed:
            rows = [_row(batch[place], way, now) for place, way in allowed.items()]
            _prepared(insert_missing(OutboxMessage)).run_each(rows)


def _row(letter: Letter, way: Way, now: datetime) -> dict[str, Any]:
    label, url = letter.action or ("", "")
    due_at = letter.due_at or now
    return {
        "dedupe_key": letter.dedupe_key,
        "recipient": letter.recipient,
        "subject": letter.subject[:200],
        "paragraphs": "\n\n".join(letter.paragraphs),
        "action_label": label,
        "action_url": url,
        "why": letter.why,
        "created_at": now,
        "due_at": next_digest_at(way, due_at) if way in IN_DIGEST else due_at,
        "attempts": 0,
        "problem": "",
        "kind": letter.kind.value if letter.kind else "",
        "person_id": letter.person_id,
        "project_id": letter.project_id,
        "about_id": letter.about_id,
        "in_digest": way in IN_DIGEST,
    }


def find_due_messages(*, now: datetime, limit: int = 100) -> list[int]:
    """Ids of messages to deliver now, oldest first; ten failures end the attempts."""
    return list(
        db.session.scalars(
            select(OutboxMessage.id)
            .where(
                OutboxMessage.sent_at.is_(None),
                OutboxMessage.due_at <= now,
                ~OutboxMessage.in_digest,
                OutboxMessage.attempts < _MOST_ATTEMPTS,
            )
            .order_by(OutboxMessage.id)
            .limit(limit)
        )
    )


def claim_message(message_id: int, *, now: datetime) -> DueMessage | None:
    """Take a due message and put its next attempt off, so that two workers never share it.

    One that its reader has turned off meanwhile is thrown away instead.
    """
    message = db.session.get(OutboxMessage, message_id, with_for_update={"skip_locked": True})
    if message is None or message.sent_at is not None or message.due_at > now or message.in_digest:
        return None
    items = _items(message)
    if not (items if message.kind == MailKind.DIGEST else find_allowed([message])):
        _throw_away(message)
        return None
    message.attempts += 1
    message.due_at = now + timedelta(minutes=2**message.attempts)
    return DueMessage(
        key=f"{message.id}.{message.created_at:%Y%m%d%H%M%S}",
        recipient=message.recipient,
        subject=message.subject,
        paragraphs=_paragraphs(message),
        action=_action(message),
        why=message.why,
        kind=MailKind(message.kind) if message.kind else None,
        person_id=message.person_id,
        posted_at=message.created_at,
        items=items,
    )


def _items(digest: OutboxMessage) -> Sequence[Item]:
    """What stands in a digest and is still wanted, by project, oldest first."""
    if digest.kind != MailKind.DIGEST:
        return ()
    rows = db.session.execute(
        select(OutboxMessage, Project.name)
        .outerjoin(Project, Project.id == OutboxMessage.project_id)
        .where(OutboxMessage.digest_id == digest.id)
        .order_by(Project.name, OutboxMessage.id)
    ).all()
    allowed = find_allowed(row for row, _name in rows)
    return [
        Item(name or "", row.subject, _paragraphs(row), _action(row))
        for place, (row, name) in enumerate(rows)
        if place in allowed
    ]


def _throw_away(message: OutboxMessage) -> None:
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.digest_id == message.id))
    db.session.delete(message)


def _paragraphs(message: OutboxMessage) -> Sequence[str]:
    return message.paragraphs.split("\n\n") if message.paragraphs else ()


def _action(message: OutboxMessage) -> tuple[str, str] | None:
    return (message.action_label, message.action_url) if message.action_url else None


def mark_sent(message_id: int, *, now: datetime) -> None:
    """Note that the mail server took the message."""
    message = db.session.get_one(OutboxMessage, message_id)
    message.sent_at = now
    message.problem = ""


def mark_undelivered(message_id: int, problem: str) -> None:
    """Note why a delivery failed; it stays due."""
    db.session.get_one(OutboxMessage, message_id).problem = problem[:300]
