"""The control page and its calls: webhooks held, shuffled, doubled, dropped; the clock walked."""

from __future__ import annotations

import json

import requests

from tests.sandbox.stage import DAY, Stage, wait_for


def _steer(stage: Stage, action: str) -> None:
    answer = requests.post(f"{stage.url}/webhooks", data={"action": action}, timeout=10)
    assert answer.status_code == 200, answer.text


def _ids(stage: Stage) -> list[str]:
    return [json.loads(body)["id"] for body, _ in stage.endpoint.received]


def _held(stage: Stage) -> list[str]:
    rows = stage.app.extensions["account"].store.rows(
        "SELECT event FROM deliveries WHERE status = 'held' ORDER BY seq"
    )
    return [row["event"] for row in rows]


def test_held_deliveries_go_out_as_told(stage: Stage) -> None:
    _steer(stage, "pause")
    for number in range(3):
        stage.pay(stage.open_session(f"{'payment' if number else 'subscription'}")["url"])
    held = _held(stage)
    assert len(held) == 6
    _steer(stage, "next")
    wait_for(lambda: _ids(stage) == held[:1])
    _steer(stage, "drop")
    _steer(stage, "duplicate")
    _steer(stage, "shuffle")
    wait_for(lambda: len(_ids(stage)) == 9)
    assert sorted(_ids(stage)[1:]) == sorted(held[2:] * 2)
    stage.pay(stage.open_session("payment")["url"])
    _steer(stage, "drop all")
    assert _held(stage) == []
    _steer(stage, "resume")
    stage.pay(stage.open_session("payment")["url"])
    wait_for(lambda: len(_ids(stage)) == 10)
    wrong = requests.post(f"{stage.url}/webhooks", data={"action": "burn"}, timeout=10)
    assert wrong.status_code == 400


def test_the_clock_tells_how_far_it_is_ahead_and_whoever_listens_is_told(stage: Stage) -> None:
    assert requests.get(f"{stage.url}/clock", timeout=10).json()["offset_seconds"] == 0
    stage.forward(3)
    assert requests.get(f"{stage.url}/clock", timeout=10).json()["offset_seconds"] >= 3 * DAY - 1
    ready = b"test_helpers.test_clock.ready"
    wait_for(lambda: any(ready in body for body, _ in stage.endpoint.received))


def test_the_clock_walks_day_by_day(stage: Stage) -> None:
    stage.pay(stage.open_session(interval="week")["url"])
    walker = stage.app.extensions["walker"]
    walker._pause = 0
    requests.post(f"{stage.url}/clock", data={"step": "1 month by days"}, timeout=10)
    wait_for(lambda: not walker.walking)
    days = [e for e in stage.call("GET", "events", {"limit": 100}).json()["data"]
            if e["type"] == "test_helpers.test_clock.ready"]  # fmt: skip
    assert 28 <= len(days) <= 31
    assert len(stage.call("GET", "invoices").json()["data"]) == 5
    requests.post(f"{stage.url}/clock", data={"step": "halt"}, timeout=10)


def test_the_clock_moves_by_api_and_never_back(stage: Stage) -> None:
    now = stage.app.extensions["account"].now()
    clock = stage.call("POST", "test_helpers/test_clocks", {"frozen_time": str(now + DAY)}).json()
    path = f"test_helpers/test_clocks/{clock['id']}/advance"
    moved = stage.call("POST", path, {"frozen_time": str(now + 40 * DAY)}).json()
    assert moved["frozen_time"] == now + 40 * DAY
    assert stage.call("GET", f"test_helpers/test_clocks/{clock['id']}").json() == moved
    assert stage.call("POST", path, {"frozen_time": str(now)}).status_code == 400


def test_the_log_of_requests_is_pruned(stage: Stage) -> None:
    account = stage.app.extensions["account"]
    for number in range(1200):
        account.store.rows(
            "INSERT INTO requests (id, at, method, path, status, note) "
            "VALUES (?, 0, 'GET', '/', 200, '')",
            f"req_{number}",
        )
    stage.call("GET", "events")
    assert account.store.rows("SELECT count(*) AS n FROM requests")[0]["n"] == 1000


def test_a_charge_is_disputed_from_the_control_page(stage: Stage) -> None:
    stage.pay(stage.open_session("payment")["url"])
    charge = stage.call("GET", "charges").json()["data"][0]
    page = f"{stage.url}/disputes/{charge['id']}"
    assert requests.post(page, data={"step": "won"}, timeout=10).status_code == 400
    requests.post(page, data={"step": "open"}, timeout=10)
    (found,) = stage.call("GET", "disputes").json()["data"]
    answer = stage.call(
        "POST", f"disputes/{found['id']}", {"evidence[uncategorized_text]": "winning_evidence"}
    )
    assert answer.json()["status"] == "won"
    assert "We win" not in requests.get(stage.url, timeout=10).text
