"""The sandbox as a WSGI application, and as a server of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from portal.sandbox import api, billing_pages, control, pages
from portal.sandbox.account import Account
from portal.sandbox.clock_walk import Walker
from portal.sandbox.webhooks import Deliverer, Endpoint

_POLL_SECONDS = 0.02  # how soon a server in a thread notices that it is to stop


def create_sandbox(
    *,
    api_key: str,
    webhook_url: str,
    webhook_secret: str,
    state_path: Path | None,
    first_wait: float = 1.0,
    day_lasts: float = 0.5,
) -> Flask:
    """A stand-in for Stripe that remembers what it was told.

    ``state_path`` is a SQLite file that outlives the process, None keeps all in memory;
    ``first_wait`` is the pause in seconds before a refused event is sent again, ``day_lasts`` the
    one after each day when the clock goes day by day. Deliveries left over from an earlier run go
    out at once. Refuses to exist in production.
    """
    if os.environ.get("STAKEHOLD_ENV") == "production":
        raise RuntimeError("the sandbox takes no real money and must not run in production")
    app = Flask(__name__)
    app.config["API_KEY"] = api_key
    deliverer = Deliverer(Endpoint(webhook_url, webhook_secret, first_wait))
    account = Account(state_path, wake=deliverer.wake)
    deliverer.store = account.store
    walker = Walker(account, pause=day_lasts)
    app.extensions |= {"account": account, "deliverer": deliverer, "walker": walker}
    app.jinja_env.filters |= {
        "amount": pages.amount_text,
        "interval": pages.interval_text,
        "day": pages.day_text,
    }
    for room in (api, pages, billing_pages, control):
        app.register_blueprint(room.blueprint)
    app.after_request(_harden)
    deliverer.wake()
    return app


def close_sandbox(app: Flask) -> None:
    """Stop the clock's walk and the deliveries, and close the state."""
    app.extensions["walker"].stop()
    app.extensions["deliverer"].stop()
    app.extensions["account"].store.close()


def serve(
    host: str,
    port: int,
    *,
    api_key: str,
    webhook_url: str,
    webhook_secret: str,
    state_path: Path | None,
) -> None:
    """Serve until interrupted; a taken port ends with a message and exit status 1."""
    app = create_sandbox(
        api_key=api_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        state_path=state_path,
    )
    server = _make_server(host, port, app)
    try:
        server.serve_forever()
    finally:
        server.server_close()
        close_sandbox(app)


@contextmanager
def running(app: Flask, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve a sandbox in a thread while the block lasts; yields its address, port 0 = any."""
    server = _make_server(host, port, app)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close_sandbox(app)


class _QuietHandler(WSGIRequestHandler):
    """No line per request: the control page has the log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _make_server(host: str, port: int, app: Flask) -> BaseWSGIServer:
    return make_server(host, port, app, threaded=True, request_handler=_QuietHandler)


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; style-src 'self'")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
