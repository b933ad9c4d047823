"""The process is killed at every step of a purchase; after a restart the state is right."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.database import db
from portal.domain.sponsorship import Term
from portal.jobs import SWEEPS, run_due
from portal.models.billing import Checkout, CheckoutStatus, Payment, ProcessorEvent
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.outbox import OutboxMessage
from portal.models.sponsorship import Sponsorship
from tests.sandbox.stage import API_KEY, WEBHOOK_SECRET, Stage, open_stage, wait_for
from tests.web.test_sponsorships import Shop

_KILLED = 9
_STEPS_AT_LEAST = 20
_OF_A_PURCHASE = ("process_inbox", "reconcile_checkouts", "deliver_mail")
# Every step with STAKEHOLD_EVERY_STEP=1; else every eleventh, another one on each database.
_STRIDE = 1 if os.environ.get("STAKEHOLD_EVERY_STEP") == "1" else 11


class Steps:
    """Counts each call of the processor and each commit, before and after; dies at one of them."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.taken = fatal, 0
        event.listen(Session, "before_commit", self.take)
        event.listen(Session, "after_commit", self.take)

    def take(self, *_: object) -> None:
        self.taken += 1
        if self.taken == self.fatal:
            os._exit(_KILLED)  # no handler, no rollback, no goodbye

    def around(self, gateway: StripeGateway) -> Any:
        return _Watched(gateway, self.take)


class _Watched:
    def __init__(self, gateway: StripeGateway, take: Callable[[], None]) -> None:
        self._gateway, self._take = gateway, take

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if not callable(found):
            return found

        def call(*args: Any, **values: Any) -> Any:
            self._take()
            answer = found(*args, **values)
            self._take()
            return answer

        return call


def _purchase(app: Flask, stage: Stage, shop: Shop) -> None:
    """Buy, pay, come back, and let what was posted and is due be done."""
    answer = shop.press()
    if answer.status_code == 303 and answer.location.startswith(stage.url):
        back = stage.pay(answer.location).headers["Location"]
        shop.client.get(back)
    _deliver(app, stage)
    for sweep in SWEEPS:
        if sweep.name in _OF_A_PURCHASE:
            sweep.work(app.extensions["stakehold"], datetime.now(UTC) + timedelta(minutes=10))


def _deliver(app: Flask, stage: Stage) -> None:
    for body, signature in stage.endpoint.received:
        headers = {"Stripe-Signature": signature}
        app.test_client().post("/webhooks/stripe", data=body, headers=headers)


def _die_at(fatal: int, app: Flask, stage: Stage, shop: Shop) -> bool:
    """Run a purchase in a process of its own that is killed at a step; False if it came through."""
    child = os.fork()
    if child == 0:
        try:
            with app.app_context():
                db.engine.dispose(close=False)
                world = app.extensions["stakehold"]
                steps = Steps(fatal)
                app.extensions["stakehold"] = replace(world, payments=steps.around(world.payments))
                _purchase(app, stage, shop)
        finally:
            os._exit(0 if steps.taken < fatal else 1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _KILLED), f"the process ended with {code}"
    return code == _KILLED


def _check(stage: Stage) -> None:
    """One sponsorship, one payment, one charge, and a ledger that sums to nothing."""
    db.session.expire_all()
    sponsorship = db.session.scalars(select(Sponsorship)).one()
    assert sponsorship.term is Term.ACTIVE
    payment = db.session.scalars(select(Payment)).one()
    charges = stage.call("GET", "charges").json()["data"]
    assert [charge["payment_intent"] for charge in charges] == [payment.processor_payment_id]
    done = select(Checkout.status).where(Checkout.status == CheckoutStatus.COMPLETED)
    assert len(db.session.scalars(done).all()) == 1
    keys = set(db.session.scalars(select(LedgerTransaction.key)))
    identity = f"stripe:{payment.processor_payment_id}"
    assert keys == {f"payment:{identity}", f"fee:{identity}"}
    assert db.session.scalar(select(func.sum(LedgerEntry.amount_minor))) == 0
    waiting = select(ProcessorEvent).where(ProcessorEvent.handled_at.is_(None))
    assert db.session.scalars(waiting).all() == []
    receipts = select(OutboxMessage).where(OutboxMessage.subject.contains("eceipt"))
    assert len(db.session.scalars(receipts).all()) == 1


class Slate:
    """An empty database, to begin every purchase with."""

    def __init__(self) -> None:
        path = db.engine.url.database
        self.path = Path(path) if db.engine.dialect.name == "sqlite" and path else None
        db.engine.dispose()
        self.empty = self.path.read_bytes() if self.path else b""

    def clear(self) -> None:
        db.session.remove()
        db.engine.dispose()
        if self.path is not None:
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.write_bytes(self.empty)
            return
        with db.engine.begin() as connection:
            # The guards of the ledger are off for this one transaction: tests may forget.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            names = ", ".join(table.name for table in db.metadata.sorted_tables)
            # With the ids from the start: what the process remembers by id is then still true.
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))


def test_a_process_killed_at_any_step_of_a_purchase_leaves_nothing_wrong(
    committed_app: Flask,
) -> None:
    app, killed = committed_app, True
    with app.app_context():
        slate = Slate()
        fatal = 0 if slate.path is None else -(_STRIDE // 2)
        while killed:
            fatal += _STRIDE
            slate.clear()
            with open_stage() as stage:
                killed = _is_healed(fatal, app, stage)
    assert fatal > _STEPS_AT_LEAST


def _is_healed(fatal: int, app: Flask, stage: Stage) -> bool:
    """Kill a purchase at a step, restart, and look; False once no step is left to die at."""
    gateway = StripeGateway(
        api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, api_base=stage.url, livemode=False
    )
    app.extensions["stakehold"] = replace(app.extensions["stakehold"], payments=gateway)
    shop = Shop(app)
    db.session.remove()
    db.engine.dispose()
    killed = _die_at(fatal, app, stage, shop)
    # The restart: whoever wanted to buy tries again, events come again, the sweeps run twice.
    _purchase(app, stage, shop)
    wait_for(lambda: b"checkout.session.completed" in b"".join(
        body for body, _ in stage.endpoint.received))  # fmt: skip
    _deliver(app, stage)
    run_due(app, datetime.now(UTC) + timedelta(minutes=20))
    _check(stage)
    return killed
