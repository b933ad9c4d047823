"""The outbox: one occasion is one mail, due when it is due, claimed by one worker."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.models.outbox import OutboxMessage
from portal.services.outbox import (
    claim_message,
    find_due_messages,
    mark_sent,
    mark_undelivered,
    post_mail,
)
from tests.builders import NOW


def post(key: str = "one", *, due_in: timedelta = timedelta()) -> None:
    with transaction():
        post_mail(
            dedupe_key=key,
            recipient="ada@example.org",
            subject="Subject",
            paragraphs=["First.", "Second."],
            why="A test.",
            now=NOW,
            due_at=NOW + due_in,
        )


def test_the_same_occasion_is_posted_once(app: Flask) -> None:
    post()
    post()
    assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 1


def test_a_later_mail_waits_for_its_time(app: Flask) -> None:
    post(due_in=timedelta(days=2))
    assert find_due_messages(now=NOW + timedelta(days=2, seconds=-1)) == []
    assert len(find_due_messages(now=NOW + timedelta(days=2))) == 1


def test_a_claimed_message_is_not_claimed_again_until_its_next_attempt(app: Flask) -> None:
    post()
    (message_id,) = find_due_messages(now=NOW)
    with transaction():
        first = claim_message(message_id, now=NOW)
    with transaction():
        second = claim_message(message_id, now=NOW)
        later = claim_message(message_id, now=NOW + timedelta(minutes=2))
    assert first is not None
    assert first.paragraphs == ["First.", "Second."]
    assert second is None
    assert later is not None
    assert later.key == first.key


def test_what_was_sent_is_not_due(app: Flask) -> None:
    post()
    (message_id,) = find_due_messages(now=NOW)
    with transaction():
        mark_sent(message_id, now=NOW)
    assert find_due_messages(now=NOW + timedelta(days=1)) == []
    with transaction():
        assert claim_message(message_id, now=NOW + timedelta(days=1)) is None


def test_after_ten_failures_nobody_tries_any_more_and_the_reason_is_kept(app: Flask) -> None:
    post()
    at, tries = NOW, 0
    while due := find_due_messages(now=at):
        with transaction():
            claim_message(due[0], now=at)
            mark_undelivered(due[0], "no such mailbox" * 40)
        at, tries = at + timedelta(days=1), tries + 1
    assert tries == 10
    assert db.session.scalars(select(OutboxMessage.problem)).one().startswith("no such mailbox")
