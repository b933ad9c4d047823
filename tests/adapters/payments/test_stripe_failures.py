"""What the portal is told when the processor fails: which kind, and nothing half done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import DomainError, ProcessorUnavailable, Refusal
from portal.ports.payments import CheckoutState
from tests.adapters.payments.requests_made import make_request
from tests.sandbox.stage import Stage


@pytest.fixture
def answer() -> Iterator[dict[str, object]]:
    """A processor that gives one answer to everything: its status and body."""
    given: dict[str, object] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(str(given["status"])))
            self.end_headers()
            self.wfile.write(str(given["body"]).encode())

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    given["url"] = f"http://127.0.0.1:{server.server_port}"
    yield given
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "kind", "expected", "code"),
    [
        (400, "invalid_request_error", Refusal, "processor.refused"),
        (400, "idempotency_error", Refusal, "processor.idempotency"),
        (401, "invalid_request_error", ProcessorUnavailable, "processor.key"),
        (402, "card_error", Refusal, "processor.refused"),
        (403, "invalid_request_error", ProcessorUnavailable, "processor.key"),
        (404, "invalid_request_error", Refusal, "processor.missing"),
        (429, "invalid_request_error", ProcessorUnavailable, "processor.busy"),
        (500, "api_error", ProcessorUnavailable, "processor.error"),
        (503, "api_error", ProcessorUnavailable, "processor.error"),
    ],
)
def test_each_failure_has_its_code(
    answer: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: str,
    expected: type[DomainError],
    code: str,
) -> None:
    monkeypatch.setattr("portal.adapters.payments.stripe_calls._RETRIES", 0)
    answer |= {"status": status, "body": f'{{"error": {{"type": "{kind}", "message": "secret"}}}}'}
    gateway = StripeGateway(
        api_key="sk_test_1", webhook_secret="s", api_base=str(answer["url"]), livemode=False
    )
    with pytest.raises(expected) as refused:
        gateway.get_renewal("sub_1")
    assert refused.value.code == code
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}"])
def test_an_answer_that_is_no_stripe_answer_is_an_outage(
    answer: dict[str, object], monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr("portal.adapters.payments.stripe_calls._RETRIES", 0)
    answer |= {"status": 502, "body": body}
    gateway = StripeGateway(
        api_key="sk_test_1", webhook_secret="s", api_base=str(answer["url"]), livemode=False
    )
    with pytest.raises(ProcessorUnavailable):
        gateway.get_renewal("sub_1")


def test_a_checkout_that_closes_while_it_is_being_closed_is_closed(
    stage: Stage, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    stage.pay(opened.url)
    answers = iter([True, False])
    monkeypatch.setattr(gateway, "_is_open", lambda _: next(answers))
    gateway.expire_checkout(opened.checkout_id)
    assert gateway.get_checkout(opened.checkout_id).state is CheckoutState.COMPLETE


def test_a_checkout_that_cannot_be_closed_is_said_to_be_open(
    stage: Stage, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    stage.pay(opened.url)
    monkeypatch.setattr(gateway, "_is_open", lambda _: True)
    with pytest.raises(Refusal):
        gateway.expire_checkout(opened.checkout_id)
