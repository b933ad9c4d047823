"""Put mail into the outbox, in the transaction that causes it, and deliver what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select

from portal.database import connection, db, insert_missing
from portal.models.outbox import OutboxMessage

_MOST_ATTEMPTS = 10
_POSTED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that its claimer is to deliver; ``key`` is the same at every attempt."""

    key: str
    recipient: str
    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str] | None
    why: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to post, with at most one action (label, URL) and the reason why it is sent.

    Of letters with the same ``dedupe_key`` only the first is ever posted.
    """

    dedupe_key: str
    recipient: str
    subject: str
    paragraphs: Sequence[str]
    why: str
    action: tuple[str, str] | None = None
    due_at: datetime | None = None


def post_mail(
    *,
    dedupe_key: str,
    recipient: str,
    subject: str,
    paragraphs: Sequence[str],
    why: str,
    now: datetime,
    action: tuple[str, str] | None = None,
    due_at: datetime | None = None,
) -> None:
    """Queue one mail; the same ``dedupe_key`` queues nothing a second time."""
    letter = Letter(dedupe_key, recipient, subject, paragraphs, why, action, due_at)
    post_mails([letter], now=now)


def post_mails(letters: Iterable[Letter], *, now: datetime) -> None:
    """Queue many mails, a thousand in one statement, so that they cost little each."""
    rows = (_row(letter, now) for letter in letters)
    while batch := list(islice(rows, _POSTED_AT_ONCE)):
        connection().execute(insert_missing(OutboxMessage), batch)


def _row(letter: Letter, now: datetime) -> dict[str, Any]:
    label, url = letter.action or ("", "")
    return {
        "dedupe_key": letter.dedupe_key,
        "recipient": letter.recipient,
        "subject": letter.subject[:200],
        "paragraphs": "\n\n".join(letter.paragraphs),
        "action_label": label,
        "action_url": url,
        "why": letter.why,
        "created_at": now,
        "due_at": letter.due_at or now,
        "attempts": 0,
        "problem": "",
    }


def find_due_messages(*, now: datetime, limit: int = 100) -> list[int]:
    """Ids of messages to deliver now, oldest first; ten failures end the attempts."""
    return list(
        db.session.scalars(
            select(OutboxMessage.id)
            .where(
                OutboxMessage.sent_at.is_(None),
                OutboxMessage.due_at <= now,
                OutboxMessage.attempts < _MOST_ATTEMPTS,
            )
            .order_by(OutboxMessage.id)
            .limit(limit)
        )
    )


def claim_message(message_id: int, *, now: datetime) -> DueMessage | None:
    """Take a due message and put its next attempt off, so that two workers never share it."""
    message = db.session.get(OutboxMessage, message_id, with_for_update={"skip_locked": True})
    if message is None or message.sent_at is not None or message.due_at > now:
        return None
    message.attempts += 1
    message.due_at = now + timedelta(minutes=2**message.attempts)
    return DueMessage(
        key=f"{message.id}.{message.created_at:%Y%m%d%H%M%S}",
        recipient=message.recipient,
        subject=message.subject,
        paragraphs=message.paragraphs.split("\n\n"),
        action=(message.action_label, message.action_url) if message.action_url else None,
        why=message.why,
    )


def mark_sent(message_id: int, *, now: datetime) -> None:
    """Note that the mail server took the message."""
    message = db.session.get_one(OutboxMessage, message_id)
    message.sent_at = now
    message.problem = ""


def mark_undelivered(message_id: int, problem: str) -> None:
    """Note why a delivery failed; it stays due."""
    db.session.get_one(OutboxMessage, message_id).problem = problem[:300]
