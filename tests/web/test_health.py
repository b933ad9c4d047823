"""Liveness and readiness, as whoever watches over the process reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.database import db, transaction
from portal.models.outbox import OutboxMessage
from portal.queries.readiness import newest_revision


def test_the_process_is_alive_without_a_database(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_database_that_was_never_migrated_is_not_ready(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["database"], answer.json["migrated"]) == (True, False)


def test_ready_at_the_newest_migration_and_mail_that_waits_is_told(
    app: Flask, client: FlaskClient
) -> None:
    head = newest_revision(app.config["MIGRATIONS"])
    assert head is not None
    due = datetime.now(UTC) - timedelta(hours=1)
    with transaction() as session:
        session.execute(db.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        session.execute(db.text("INSERT INTO alembic_version VALUES (:head)"), {"head": head})
        session.add(
            OutboxMessage(
                dedupe_key="a",
                recipient="a@example.org",
                subject="A",
                paragraphs="A",
                why="A",
                created_at=due,
                due_at=due,
            )
        )
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ready"
    assert answer.json["outbox_seconds"] == pytest.approx(3600, abs=60)


def test_robots_keep_out_of_desks(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.content_type.startswith("text/plain")
    assert "Disallow: /desk" in answer.text
    assert "Disallow: /p" not in answer.text
