"""Workers that gather the same digests at the same moment put each notification into one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.notifications import MailKind
from portal.models.outbox import OutboxMessage
from portal.services.notifications.digests import gather_digest
from portal.services.outbox import Letter, post_mails
from tests.builders import NOW, make_person

WORKERS, EACH = 4, 130


def test_each_notification_stands_in_exactly_one_digest(committed_app: Flask) -> None:
    with committed_app.app_context():
        person = make_person()
        person_id, email = person.id, person.email
        with transaction():
            post_mails(
                (
                    Letter(
                        f"n:{number}", email, "S", ["T"], "W",
                        kind=MailKind.OUTCOME, person_id=person_id,
                    )
                    for number in range(EACH)
                ),
                now=NOW,
            )  # fmt: skip
    together = Barrier(WORKERS)

    def work(_worker: int) -> None:
        with committed_app.app_context():
            together.wait()
            more = True
            while more:
                with transaction():
                    more = gather_digest(person_id, now=NOW + timedelta(days=1))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    with committed_app.app_context():
        rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
        digests = {row.id for row in rows if row.kind == MailKind.DIGEST}
        collected = [row for row in rows if row.in_digest]
        assert len(collected) == EACH
        assert {row.digest_id for row in collected} == digests
        assert all(row.sent_at is not None for row in collected)
        assert 2 <= len(digests) <= WORKERS + 1
