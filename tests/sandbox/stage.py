"""A sandbox and an endpoint on free ports, for tests on either side of Stripe's API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, request

from portal.sandbox.clock import advance
from portal.sandbox.server import create_sandbox, running
from portal.sandbox.shapes import find_problems

API_KEY = "sk_test_stage"
WEBHOOK_SECRET = "whsec_stage"
SUCCEEDS, DECLINED, CHALLENGED, FAILS_LATER = (
    "4242424242424242",
    "4000000000000002",
    "4000002760003184",
    "4000000000000341",
)
DAY = 24 * 3600


@dataclass
class Endpoint:
    """What arrived, raw, with its signature; ``answers`` are given first, then 200."""

    url: str
    received: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@dataclass
class Stage:
    """A running sandbox as a test sees it."""

    url: str
    app: Flask
    endpoint: Endpoint
    problems: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, data: dict[str, Any] | None = None,
             **headers: str) -> requests.Response:  # fmt: skip
        """One raw call of the API with the right key."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method,
            f"{self.url}/v1/{path}",
            **{"params" if method == "GET" else "data": data},
            headers={"Authorization": f"Bearer {API_KEY}"} | headers,
            timeout=10,
        )

    def open_session(self, mode: str = "subscription", interval: str = "year") -> dict[str, Any]:
        """A checkout of EUR 1,200, without a known customer."""
        price = {
            "currency": "eur",
            "unit_amount": "120000",
            "product_data[name]": "Gold",
        }
        if mode == "subscription":
            price["recurring[interval]"] = interval
        created = self.call("POST", "prices", price).json()
        answer = self.call(
            "POST",
            "checkout/sessions",
            {
                "mode": mode,
                "line_items[0][price]": created["id"],
                "line_items[0][quantity]": "1",
                "success_url": "http://localhost/done?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://shop.localhost/tiers",
                "customer_email": "billing@acme.example",
            },
        )
        assert answer.status_code == HTTPStatus.OK, answer.text
        session: dict[str, Any] = answer.json()
        return session

    def pay(self, url: str, card: str = SUCCEEDS, **fields: str) -> requests.Response:
        """Press the button on a checkout page; the redirect is not followed."""
        return requests.post(url, data={"card": card} | fields, timeout=10, allow_redirects=False)

    def forward(self, days: int) -> None:
        """Let the sandbox's clock run ahead."""
        account = self.app.extensions["account"]
        with account.store.transaction():
            advance(account, account.now() + days * DAY)


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is true; fail when it does not become so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@contextmanager
def open_stage(state_path: Path | None = None) -> Iterator[Stage]:
    """Run an endpoint and a sandbox that delivers to it."""
    with _open_endpoint() as endpoint:
        app = create_sandbox(
            api_key=API_KEY,
            webhook_url=endpoint.url,
            webhook_secret=WEBHOOK_SECRET,
            state_path=state_path,
            first_wait=0.05,
        )
        problems: list[str] = []

        def check(response: Response) -> Response:
            if request.path.startswith("/v1/") and response.status_code == HTTPStatus.OK:
                problems.extend(find_problems(response.get_json()))
            return response

        app.after_request(check)
        with running(app) as url:
            yield Stage(url, app, endpoint, problems)


@contextmanager
def _open_endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.received.append((body, self.headers["Stripe-Signature"]))
            self.send_response(endpoint.answers.pop(0) if endpoint.answers else 200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/webhooks")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
