"""Signed events of the payment processor, stored and answered, beside a bare durable endpoint."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.jobs import SWEEPS
from portal.models.billing import ProcessorEvent
from portal.ports.payments import CheckoutSeen, CheckoutState, EventSeen
from portal.services.payments.processor_events import store_event
from tests.bench.electors import post
from tests.bench.lines import Line
from tests.bench.load import Load, join, send
from tests.bench.rows import fill
from tests.bench.server import serving
from tests.scripted_gateway import ScriptedGateway

_SECRET = "whsec_bench"
_ROUNDS = 4
_EACH = 100
_WARM = 60
_QUEUED = 10_000


def measure() -> Iterator[Line]:
    """One by one, as a processor sends them mostly, and eight at once, as after an outage."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        app = fill(url, sponsors=1)
        environ = {
            "STAKEHOLD_ENV": "bench", "STAKEHOLD_SECRET_KEY": "bench",
            "STAKEHOLD_DATABASE_URL": url, "STAKEHOLD_VAR": folder,
            "STAKEHOLD_STRIPE_WEBHOOK_SECRET": _SECRET,
            "BENCH_DURABLE": str(Path(folder) / "durable.db"),
        }  # fmt: skip
        with (
            serving("portal", environ, "/healthz") as portal,
            serving("durable", environ) as bare,
        ):
            send(portal.port, (_event("warm", number) for number in range(_WARM)), 8)
            for connections in (1, 8):
                events, posts = _in_turns(portal.port, bare.port, connections)
                name = f"webhook, {connections} at once"
                yield Line(f"{name}: bare durable endpoint, median", posts.percentile(0.5), "ms")
                yield Line(f"{name}: median", events.percentile(0.5), "ms", most=50)
                yield Line(f"{name}: p99", events.percentile(0.99), "ms")
                yield Line(f"{name}: events / bare durable endpoint", events.rate / posts.rate)
        yield from _queued(app)
        with app.app_context():
            db.engine.dispose()


def _queued(app: Flask) -> Iterator[Line]:
    """Ten thousand events that wait, as after a long outage: all are handled, none is lost."""
    world = app.extensions["stakehold"]
    gateway = ScriptedGateway()
    app.extensions["stakehold"] = replace(world, payments=gateway)
    now = datetime.now(UTC)
    with app.app_context():
        for first in range(0, _QUEUED, 500):
            with transaction():
                for number in range(first, first + 500):
                    event = EventSeen(
                        f"evt_q{number}", "checkout.session.completed", livemode=False,
                        created_at=now, checkout_id=f"cs_q{number}",
                    )  # fmt: skip
                    store_event("stripe", event, livemode=False, now=now)
        # Those that were posted before wait too; the processor knows what each is about.
        for references in db.session.scalars(select(ProcessorEvent.references)):
            seen = CheckoutSeen(references["checkout"], None, CheckoutState.OPEN, None, None, None)
            gateway.checkouts[seen.checkout_id] = seen
        inbox = next(sweep for sweep in SWEEPS if sweep.name == "process_inbox")
        waiting = select(func.count()).where(ProcessorEvent.external_id.like("evt_q%"))
        left = waiting.where(ProcessorEvent.handled_at.is_(None))
        queued = db.session.scalar(waiting) or 0
        db.session.rollback()
        began = time.perf_counter()
        inbox.work(app.extensions["stakehold"], now)
        seconds = time.perf_counter() - began
        lost = _QUEUED - queued + (db.session.scalar(left) or 0)
    app.extensions["stakehold"] = world
    yield Line(f"{_QUEUED} queued events: lost", lost, "", most=0)
    yield Line(f"{_QUEUED} queued events: handled a second", _QUEUED / seconds, "/s")


def _in_turns(portal: int, bare: int, connections: int) -> tuple[Load, Load]:
    events, posts = [], []
    for turn in range(_ROUNDS):
        name = f"{connections}-{turn}"
        numbers = range(_EACH)
        events.append(send(portal, [_event(name, number) for number in numbers], connections))
        bodies = [post("/", f"key={name}-{number}&value=paid") for number in numbers]
        posts.append(send(bare, bodies, connections))
    return join(events), join(posts)


def _event(name: str, number: int) -> bytes:
    """A signed event about a checkout, as the processor posts it."""
    at = int(time.time())
    thing = {"id": f"cs_{name}_{number}", "object": "checkout.session", "subscription": None}
    body = json.dumps(
        {
            "id": f"evt_{name}_{number}", "object": "event", "livemode": False, "created": at,
            "type": "checkout.session.completed", "data": {"object": thing},
        }
    )  # fmt: skip
    signature = hmac.new(_SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return (
        "POST /webhooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: t={at},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
