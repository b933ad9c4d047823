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
from portal.services.purges import find_old_mail, forget_mail
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


def forget_old_mail(*, after: timedelta) -> None:
    with transaction():
        forget_mail(find_old_mail(now=NOW + after), now=NOW + after)
    db.session.expire_all()


def words(key: str) -> list[str | int | None]:
    row = db.session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key == key)).one()
    return [row.recipient, row.subject, row.paragraphs, row.why, row.person_id]


def test_mail_is_forgotten_ninety_days_after_it_was_sent_and_never_before(app: Flask) -> None:
    for key in ("sent", "unsent", "failed"):
        post(key)
    with transaction():
        mark_sent(find_due_messages(now=NOW)[0], now=NOW + timedelta(days=1))
        db.session.scalars(
            select(OutboxMessage).where(OutboxMessage.dedupe_key == "failed")
        ).one().attempts = 10
    before = words("sent")
    forget_old_mail(after=timedelta(days=91, seconds=-1))
    assert words("sent") == before
    forget_old_mail(after=timedelta(days=91))
    assert words("sent") == ["", "", "", "", None]
    assert words("unsent") == words("failed") == before
    assert find_old_mail(now=NOW + timedelta(days=900)) == []


def test_a_forgotten_occasion_is_not_posted_again(app: Flask) -> None:
    post()
    with transaction():
        mark_sent(find_due_messages(now=NOW)[0], now=NOW)
    forget_old_mail(after=timedelta(days=400))
    post()
    assert find_due_messages(now=NOW + timedelta(days=900)) == []


def test_what_stands_in_a_digest_is_forgotten_with_the_digest(app: Flask) -> None:
    post("digest")
    post("item")
    with transaction() as session:
        digest, item = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        item.digest_id, item.sent_at = digest.id, NOW
    forget_old_mail(after=timedelta(days=400))
    assert words("item")[0] == "ada@example.org"
    with transaction():
        mark_sent(digest.id, now=NOW + timedelta(days=400))
    forget_old_mail(after=timedelta(days=489))
    assert words("item")[0] == "ada@example.org"
    forget_old_mail(after=timedelta(days=490))
    assert words("item")[0] == words("digest")[0] == ""
