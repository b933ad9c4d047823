"""The inbox: events in any order, twice, late, or for objects we do not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.domain.sponsorship import Term
from portal.jobs import SWEEPS, run_due
from portal.models.billing import Checkout, CheckoutStatus, Payment, ProcessorEvent
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import EventSeen
from portal.services.payments.processor_events import find_unhandled, store_event
from tests.builders import NOW
from tests.services.test_checkouts import Market, count, only


def arrive(
    number: int, *, checkout: str | None = None, renewal: str | None = None, kind: str = "x"
) -> bool:
    with transaction():
        return store_event(
            "stripe",
            EventSeen(f"evt_{number}", kind, False, NOW, checkout, renewal),
            livemode=False,
            now=NOW,
        )


def test_an_event_activates_what_was_paid(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    market.pay(checkout_id)
    arrive(1, checkout=checkout_id)
    run_due(app, NOW)
    assert only(Sponsorship).term is Term.ACTIVE
    assert only(ProcessorEvent).handled_at == NOW


@pytest.mark.parametrize("order", [("checkout", "renewal"), ("renewal", "checkout")])
def test_the_order_of_events_does_not_matter(app: Flask, order: tuple[str, str]) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    market.pay(checkout_id)
    ids = {"checkout": checkout_id, "renewal": f"sub_{checkout_id}"}
    for number, name in enumerate(order):
        arrive(number, **{name: ids[name]})
    run_due(app, NOW)
    assert only(Sponsorship).term is Term.ACTIVE
    assert count(Payment) == 1


def test_an_expiry_that_arrives_after_the_payment_undoes_nothing(app: Flask) -> None:
    """Handlers look at the object as it is now; what the event said is not even kept."""
    market = Market(app)
    checkout_id = market.buy()
    arrive(1, checkout=checkout_id, kind="checkout.session.expired")
    run_due(app, NOW)
    assert only(Checkout).status is CheckoutStatus.COMPLETED
    assert only(Sponsorship).term is Term.ACTIVE


def test_an_event_that_overtakes_the_answer_finds_our_row_by_its_reference(app: Flask) -> None:
    market = Market(app)
    started = market.start()
    opened = market.gateway.open_checkout(started.request, idempotency_key=started.reference)
    market.pay(opened.checkout_id)
    arrive(1, checkout=opened.checkout_id)
    run_due(app, NOW)
    assert only(Checkout).processor_checkout_id == opened.checkout_id
    assert only(Sponsorship).term is Term.ACTIVE


def test_an_event_about_nothing_of_ours_is_put_aside(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(app)

    def missing(_: str) -> None:
        raise Refusal("processor.missing", "The processor does not know this object.")

    monkeypatch.setattr(market.gateway, "get_checkout", missing)
    arrive(1, checkout="cs_unknown")
    arrive(2)
    run_due(app, NOW)
    with app.app_context():
        assert find_unhandled(now=NOW + timedelta(days=1)) == []


def test_an_outage_of_the_processor_uses_up_no_attempts(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    market.pay(checkout_id)
    arrive(1, checkout=checkout_id)

    def fail(*_: object, **__: object) -> None:
        raise ProcessorUnavailable("processor.unreachable", "Not reached.")

    with monkeypatch.context() as patched:
        for name in ("get_checkout", "list_checkouts", "open_checkout", "get_renewal"):
            patched.setattr(market.gateway, name, fail)
        for _ in range(12):
            run_due(app, NOW)
    assert only(ProcessorEvent).attempts == 0
    run_due(app, NOW)
    assert only(Sponsorship).term is Term.ACTIVE


def test_a_broken_handler_waits_ever_longer_and_is_not_tried_for_ever(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    arrive(1, checkout=checkout_id)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("portal.services.payments.processor_events.converge", broken)
    tries = []
    for minute in (0, *(2**number - early for number in range(1, 13) for early in (1, 0))):
        at = NOW + timedelta(minutes=minute)
        if find_unhandled(now=at):
            run_due(app, at)
            tries.append(minute)
    assert tries == [0, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert only(ProcessorEvent).problem == "broken"


def test_however_many_fail_the_others_are_handled(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Market(app)
    for number in range(4):
        arrive(number, checkout="cs_unknown")
    checkout_id = market.open(market.start())
    market.pay(checkout_id)
    arrive(9, checkout=checkout_id)
    some = partial(find_unhandled, limit=2)
    monkeypatch.setattr("portal.services.payments.processor_events.find_unhandled", some)
    inbox = next(sweep for sweep in SWEEPS if sweep.name == "process_inbox")
    for _ in range(2):
        with app.app_context():
            inbox.work(app.extensions["stakehold"], NOW)
    assert only(Sponsorship).term is Term.ACTIVE
    failed = select(ProcessorEvent.attempts).where(ProcessorEvent.handled_at.is_(None))
    assert db.session.scalars(failed).all() == [1] * 4


def test_a_mode_that_is_not_ours_is_refused(app: Flask) -> None:
    seen = replace(EventSeen("evt_1", "x", False, NOW, None, None), livemode=True)
    with pytest.raises(Refusal), transaction():
        store_event("stripe", seen, livemode=False, now=NOW)
    assert db.session.scalars(select(ProcessorEvent)).all() == []
