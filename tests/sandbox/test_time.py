"""Terms renew, fail and end by the clock; events are delivered until they are accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import requests
import stripe

from portal.sandbox.periods import period_end
from tests.sandbox.stage import (
    CHALLENGED,
    FAILS_LATER,
    SUCCEEDS,
    WEBHOOK_SECRET,
    Stage,
    open_stage,
    wait_for,
)


def _kinds(stage: Stage) -> list[str]:
    return [json.loads(body)["type"] for body, _ in stage.endpoint.received]


def _subscription(stage: Stage) -> dict[str, object]:
    listed = stage.call("GET", "subscriptions", {"status": "all"}).json()["data"]
    found: dict[str, object] = listed[0]
    return found


@pytest.mark.parametrize(
    ("start", "interval", "periods", "end"),
    [
        ("2026-01-31", "month", 1, "2026-02-28"),
        ("2026-01-31", "month", 2, "2026-03-31"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2028-02-29", "year", 4, "2032-02-29"),
        ("2026-11-30", "month", 3, "2027-02-28"),
        ("2026-12-28", "week", 1, "2027-01-04"),
        ("2026-12-31", "day", 1, "2027-01-01"),
    ],
)
def test_periods_keep_the_anchors_day(start: str, interval: str, periods: int, end: str) -> None:
    anchor = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    found = datetime.fromtimestamp(period_end(anchor, interval, 1, periods), UTC)
    assert found.date().isoformat() == end


def test_each_term_is_billed_once_at_its_end(stage: Stage) -> None:
    stage.pay(stage.open_session(interval="month")["url"])
    stage.forward(100)
    invoices = stage.call("GET", "invoices").json()["data"]
    assert [invoice["status"] for invoice in invoices] == ["paid"] * 4
    assert [invoice["billing_reason"] for invoice in invoices][::3] == [
        "subscription_cycle", "subscription_create"]  # fmt: skip
    ends = [invoice["lines"]["data"][0]["period"] for invoice in reversed(invoices)]
    assert all(a["end"] == b["start"] for a, b in pairwise(ends))
    assert [invoice["created"] for invoice in invoices[:-1]] == [
        period["start"] for period in reversed(ends[1:])]  # fmt: skip


@pytest.mark.parametrize(
    ("card", "kinds"),
    [
        (FAILS_LATER, {"invoice.payment_failed"}),
        (CHALLENGED, {"invoice.payment_failed", "invoice.payment_action_required"}),
    ],
)
def test_a_card_that_fails_later_leaves_the_renewal_past_due(
    stage: Stage, card: str, kinds: set[str]
) -> None:
    session = stage.open_session(interval="month")
    stage.pay(session["url"], card)
    stage.pay(f"{session['url']}/challenge", answer="confirm")
    assert _subscription(stage)["status"] == "active"
    stage.forward(32)
    assert _subscription(stage)["status"] == "past_due"
    newest = stage.call("GET", "invoices").json()["data"][0]
    assert (newest["status"], newest["attempt_count"], newest["amount_paid"]) == ("open", 1, 0)
    wait_for(lambda: kinds <= set(_kinds(stage)))
    assert _kinds(stage).count("invoice.paid") == 1


def test_a_stopped_subscription_ends_with_its_term_and_is_not_billed(stage: Stage) -> None:
    stage.pay(stage.open_session(interval="month")["url"])
    path = f"subscriptions/{_subscription(stage)['id']}"
    stopped = stage.call("POST", path, {"cancel_at_period_end": "true"}).json()
    assert (stopped["status"], stopped["cancel_at"]) == (
        "active", stopped["items"]["data"][0]["current_period_end"])  # fmt: skip
    stage.forward(32)
    assert _subscription(stage)["status"] == "canceled"
    assert len(stage.call("GET", "invoices").json()["data"]) == 1
    wait_for(lambda: "customer.subscription.deleted" in _kinds(stage))


def test_a_resumed_subscription_goes_on(stage: Stage) -> None:
    stage.pay(stage.open_session(interval="month")["url"])
    path = f"subscriptions/{_subscription(stage)['id']}"
    stage.call("POST", path, {"cancel_at_period_end": "true"})
    resumed = stage.call("POST", path, {"cancel_at_period_end": "false"}).json()
    assert (resumed["cancel_at"], resumed["canceled_at"]) == (None, None)
    stage.forward(32)
    assert _subscription(stage)["status"] == "active"
    assert len(stage.call("GET", "invoices").json()["data"]) == 2


def test_a_checkout_expires_after_a_day(stage: Stage) -> None:
    session = stage.open_session()
    stage.forward(1)
    assert stage.call("GET", f"checkout/sessions/{session['id']}").json()["status"] == "expired"
    wait_for(lambda: "checkout.session.expired" in _kinds(stage))


def test_the_control_page_moves_the_clock(stage: Stage) -> None:
    stage.pay(stage.open_session(interval="month")["url"])
    requests.post(f"{stage.url}/clock", data={"step": "1 month"}, timeout=10)
    assert len(stage.call("GET", "invoices").json()["data"]) == 2
    assert requests.post(f"{stage.url}/clock", data={"step": "-1"}, timeout=10).status_code == 400


def test_events_are_signed_as_stripes_are(stage: Stage) -> None:
    stage.pay(stage.open_session()["url"])
    wait_for(lambda: len(stage.endpoint.received) == 4)
    for body, signature in stage.endpoint.received:
        assert stripe.WebhookSignature.verify_header(body, signature, WEBHOOK_SECRET, 300)


def test_an_event_is_sent_again_until_it_is_accepted(stage: Stage) -> None:
    stage.endpoint.answers[:] = [500, 302, 404]
    stage.call("POST", f"checkout/sessions/{stage.open_session()['id']}/expire")
    wait_for(lambda: len(stage.endpoint.received) == 4)
    ids = {json.loads(body)["id"] for body, _ in stage.endpoint.received}
    assert len(ids) == 1
    delivered = "SELECT * FROM deliveries WHERE status = 'delivered' AND attempts = 4"
    wait_for(lambda: stage.app.extensions["account"].store.rows(delivered))


def test_the_control_page_sends_an_event_again(stage: Stage) -> None:
    stage.call("POST", f"checkout/sessions/{stage.open_session()['id']}/expire")
    wait_for(lambda: len(stage.endpoint.received) == 1)
    event = json.loads(stage.endpoint.received[0][0])
    requests.post(f"{stage.url}/deliveries/{event['id']}", timeout=10)
    wait_for(lambda: len(stage.endpoint.received) == 2)
    assert json.loads(stage.endpoint.received[1][0]) == event
    unknown = requests.post(f"{stage.url}/deliveries/evt_none", timeout=10)
    assert unknown.status_code == 404


def test_a_second_start_keeps_objects_clock_and_undelivered_events(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.db"
    with open_stage(state) as stage:
        stage.endpoint.answers[:] = [500] * 50
        stage.pay(stage.open_session(interval="month")["url"], SUCCEEDS)
        stage.forward(32)
        before = _subscription(stage)
        wait_for(lambda: stage.endpoint.received)
    with open_stage(state) as stage:
        assert _subscription(stage) == before
        assert (
            stage.app.extensions["account"].now()
            >= before["items"]["data"][0]["current_period_start"]
        )  # type: ignore[index]
        wait_for(lambda: len(set(_kinds(stage))) == 6)
