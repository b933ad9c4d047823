"""Only what the processor has signed, lately and as it stands, is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import stripe
from flask import Flask
from werkzeug.test import TestResponse

from portal.adapters.payments.stripe_gateway import StripeGateway
from tests.web.spoiling import snapshot


@pytest.fixture
def webhook(app: Flask) -> Iterator[Callable[..., TestResponse]]:
    """Posts an event as Stripe would, signed with a secret at an instant."""
    collaborators = app.extensions["stakehold"]
    ours = "whsec_ours"
    gateway = StripeGateway(api_key="sk_test_x", webhook_secret=ours, api_base=None, livemode=False)
    app.extensions["stakehold"] = replace(collaborators, payments=gateway)
    body = (
        b'{"id":"evt_1","object":"event","type":"checkout.session.completed","created":1,'
        b'"livemode":false,"data":{"object":{"id":"cs_1","object":"checkout.session"}}}'
    )

    def post(secret: str = ours, *, age: int = 0, sent: bytes = body) -> TestResponse:
        at = int(time.time()) - age
        signature = stripe.WebhookSignature.generate_signature_header(
            payload=body.decode(), secret=secret, timestamp=at
        )
        return app.test_client().post(
            "/webhooks/stripe", data=sent, headers={"Stripe-Signature": signature}
        )

    yield post
    app.extensions["stakehold"] = collaborators


def test_a_signed_event_is_stored(webhook: Callable[..., TestResponse]) -> None:
    assert webhook().status_code == 200
    assert len(snapshot()["processor_events"]) == 1


@pytest.mark.parametrize(
    "forged",
    [{"secret": "whsec_theirs"}, {"age": 3600}, {"sent": b'{"id":"evt_2"}'}, {"sent": b""}],
    ids=["another secret", "an hour old", "another body", "no body"],
)
def test_a_forged_or_stale_webhook_stores_nothing(
    webhook: Callable[..., TestResponse], forged: dict[str, Any]
) -> None:
    assert webhook(**forged).status_code == 400
    assert snapshot()["processor_events"] == []


@pytest.mark.parametrize("signature", [None, "", "t=1", "v1=abc", "t=x,v1=y", "\x00", "t=9" * 4000])
def test_a_webhook_without_a_readable_signature_stores_nothing(
    app: Flask, webhook: Callable[..., TestResponse], signature: str | None
) -> None:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    answer = app.test_client().post("/webhooks/stripe", data=b"{}", headers=headers)
    assert answer.status_code == 400
    assert snapshot()["processor_events"] == []
