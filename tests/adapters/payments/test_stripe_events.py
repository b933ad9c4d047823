"""Signed events: read when genuine, refused when forged, stale, or of the other mode."""

from __future__ import annotations

import json
import time

import pytest

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import Refusal
from portal.ports.payments import EventSeen, SignatureInvalid
from portal.sandbox.webhooks import sign
from tests.adapters.payments.requests_made import make_request
from tests.sandbox.stage import FAILS_LATER, WEBHOOK_SECRET, Stage, wait_for


@pytest.fixture
def offline() -> StripeGateway:
    """A gateway that calls nobody: reading an event needs no network."""
    return StripeGateway(
        api_key="sk_test_1",
        webhook_secret=WEBHOOK_SECRET,
        api_base="http://127.0.0.1:1",
        livemode=False,
    )


def _event(
    kind: str = "checkout.session.completed", *, livemode: bool = False, **thing: object
) -> bytes:
    body = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1_790_000_000,
        "livemode": livemode,
        "data": {"object": {"id": "cs_1", "object": "checkout.session"} | thing},
    }
    return json.dumps(body).encode()


def _signed(payload: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    return sign(payload.decode(), secret, int(time.time()) - age)


def _seen(stage: Stage, gateway: StripeGateway) -> dict[str, EventSeen]:
    return {
        event.kind: event
        for event in (gateway.read_event(*received) for received in stage.endpoint.received)
    }


def test_a_purchase_is_told_by_events_that_name_checkout_and_renewal(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    stage.pay(opened.url, FAILS_LATER)
    stage.forward(366)
    wait_for(lambda: len(stage.endpoint.received) == 8)
    seen = _seen(stage, gateway)
    renewal = gateway.get_checkout(opened.checkout_id).renewal
    assert renewal is not None
    completed = seen["checkout.session.completed"]
    assert (completed.checkout_id, completed.renewal_id) == (opened.checkout_id, renewal.renewal_id)
    for kind in ("customer.subscription.created", "customer.subscription.updated",
                 "invoice.paid", "invoice.payment_failed"):  # fmt: skip
        assert (seen[kind].checkout_id, seen[kind].renewal_id) == (None, renewal.renewal_id)


def test_an_event_refused_by_the_portal_comes_again_and_reads_the_same(
    stage: Stage, gateway: StripeGateway
) -> None:
    stage.endpoint.answers[:] = [500]
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    gateway.expire_checkout(opened.checkout_id)
    wait_for(lambda: len(stage.endpoint.received) == 2)
    first, second = (gateway.read_event(*received) for received in stage.endpoint.received)
    assert first == second
    assert (first.kind, first.checkout_id) == ("checkout.session.expired", opened.checkout_id)


def test_a_genuine_event_is_read(offline: StripeGateway) -> None:
    payload = _event(subscription="sub_1")
    seen = offline.read_event(payload, _signed(payload, age=290))
    assert (seen.event_id, seen.checkout_id, seen.renewal_id) == ("evt_1", "cs_1", "sub_1")
    assert seen.created_at.timestamp() == 1_790_000_000


@pytest.mark.parametrize("signature", ["", "nonsense", "t=,v1=", "t=1", "v1=ab", "t=x,v1=y"])
def test_a_malformed_signature_is_refused(offline: StripeGateway, signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        offline.read_event(_event(), signature)


def test_a_forged_signature_is_refused(offline: StripeGateway) -> None:
    payload = _event()
    with pytest.raises(SignatureInvalid):
        offline.read_event(payload, _signed(payload, secret="whsec_guessed"))


def test_one_changed_byte_is_refused(offline: StripeGateway) -> None:
    payload = _event()
    with pytest.raises(SignatureInvalid):
        offline.read_event(payload.replace(b"cs_1", b"cs_2"), _signed(payload))


def test_the_raw_bytes_count_not_their_meaning(offline: StripeGateway) -> None:
    payload = _event()
    with pytest.raises(SignatureInvalid):
        offline.read_event(payload.replace(b'": ', b'":'), _signed(payload))


def test_a_stale_event_is_refused(offline: StripeGateway) -> None:
    payload = _event()
    with pytest.raises(SignatureInvalid):
        offline.read_event(payload, _signed(payload, age=301))


def test_bytes_that_are_no_text_are_refused(offline: StripeGateway) -> None:
    with pytest.raises(SignatureInvalid):
        offline.read_event(b"\xff\xfe", _signed(b"x"))


def test_an_event_of_the_other_mode_is_refused(offline: StripeGateway) -> None:
    payload = _event(livemode=True)
    with pytest.raises(Refusal) as refused:
        offline.read_event(payload, _signed(payload))
    assert refused.value.code == "webhook.livemode"


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{}", b"{", b'{"object": "v2.core.event"}',
                                     b'{"object": "event", "livemode": false}'])  # fmt: skip
def test_a_signed_message_that_is_no_event_is_refused(
    offline: StripeGateway, payload: bytes
) -> None:
    with pytest.raises(Refusal) as refused:
        offline.read_event(payload, _signed(payload))
    assert refused.value.code == "webhook.malformed"


def test_an_event_of_no_concern_names_nothing(offline: StripeGateway) -> None:
    payload = _event("payout.paid", id="po_1", object="payout")
    seen = offline.read_event(payload, _signed(payload))
    assert (seen.kind, seen.checkout_id, seen.renewal_id) == ("payout.paid", None, None)


def test_an_invoice_without_a_subscription_names_no_renewal(offline: StripeGateway) -> None:
    for parent in (None, {"type": "quote_details", "subscription_details": None}):
        payload = _event("invoice.paid", id="in_1", object="invoice", parent=parent)
        assert offline.read_event(payload, _signed(payload)).renewal_id is None
