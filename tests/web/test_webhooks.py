"""The door for processor events: signature, mode, replays, and nothing stored when refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import Refusal
from portal.models.billing import ProcessorEvent
from portal.ports.payments import EventSeen, SignatureInvalid

SEEN = EventSeen(
    "evt_1", "checkout.session.completed", False, datetime(2026, 11, 21, tzinfo=UTC), "cs_1", None
)


def post(app: Flask, client: FlaskClient, seen: EventSeen = SEEN) -> Any:
    app.extensions["stakehold"].payments.events[b"body"] = seen
    return client.post("/webhooks/stripe", data=b"body", headers={"Stripe-Signature": "t=1"})


def stored() -> int:
    return db.session.scalar(select(func.count()).select_from(ProcessorEvent)) or 0


def test_an_event_is_stored_with_its_ids_and_answered_at_once(
    app: Flask, client: FlaskClient
) -> None:
    assert post(app, client).status_code == 200
    event = db.session.scalars(select(ProcessorEvent)).one()
    assert (event.source, event.external_id, event.references, event.handled_at) == (
        "stripe",
        "evt_1",
        {"checkout": "cs_1"},
        None,
    )


def test_a_replay_is_answered_and_stored_once(app: Flask, client: FlaskClient) -> None:
    assert [post(app, client).status_code for _ in range(3)] == [200, 200, 200]
    assert stored() == 1


@pytest.mark.parametrize("refusal", [SignatureInvalid(), Refusal("webhook.malformed", "No event.")])
def test_a_forged_stale_or_malformed_event_leaves_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(*_: object) -> EventSeen:
        raise refusal

    monkeypatch.setattr(app.extensions["stakehold"].payments, "read_event", refuse)
    assert post(app, client).status_code == 400
    assert stored() == 0


def test_an_event_of_the_other_mode_is_refused(app: Flask, client: FlaskClient) -> None:
    live = EventSeen("evt_2", "x", True, SEEN.created_at, None, None)
    assert post(app, client, live).status_code == 400
    assert stored() == 0


def test_an_oversized_body_is_refused(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/webhooks/stripe", data=b"x" * (600 * 1024))
    assert answer.status_code == 413


def test_only_posting_is_answered(client: FlaskClient) -> None:
    assert client.get("/webhooks/stripe").status_code == 405
