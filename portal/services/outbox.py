"""Put mail into the outbox, in the transaction that causes it, and deliver what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.models.outbox import OutboxMessage

_MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that its claimer is to deliver; ``key`` is the same at every attempt."""

    key: str
    recipient: str
    subject: str
    paragraphs: Sequence[str]
    action: tuple[str, str] | None
    why: str


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
    """Queue one mail with at most one action (label, URL) and the reason why it is sent.

    The same ``dedupe_key`` queues nothing a second time.
    """
    known = select(OutboxMessage.id).where(OutboxMessage.dedupe_key == dedupe_key)
    if db.session.scalar(known) is not None:
        return
    label, url = action or ("", "")
    db.session.add(
        OutboxMessage(
            dedupe_key=dedupe_key,
            recipient=recipient,
            subject=subject[:200],
            paragraphs="\n\n".join(paragraphs),
            action_label=label,
            action_url=url,
            why=why,
            created_at=now,
            due_at=due_at or now,
        )
    )


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
