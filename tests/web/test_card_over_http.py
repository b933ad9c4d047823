"""Buying by card through the official SDK against the sandbox over HTTP, the portal's pages on top."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.database import db
from portal.domain.sponsorship import Term
from portal.jobs import run_due
from portal.models.billing import Checkout, CheckoutStatus, Payment, ProcessorEvent
from portal.models.sponsorship import Sponsorship
from portal.sandbox.webhooks import sign
from tests.builders import make_tier
from tests.sandbox.stage import (
    API_KEY,
    DECLINED,
    FAILS_LATER,
    WEBHOOK_SECRET,
    Stage,
    open_stage,
    wait_for,
)
from tests.web.test_sponsorships import BUY, Shop, sponsorship


class Street:
    """The shop and its processor: events lie in the post until the test delivers them."""

    def __init__(self, app: Flask, stage: Stage, **tier: Any) -> None:
        self.app, self.stage, self.shop = app, stage, Shop(app, **tier)
        self.seen = 0

    def press(self, url: str = BUY) -> str:
        answer = self.shop.client.post(url, data={"organization": "acme", "version": "1"})
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def deliver(self, kind: str, *, backwards: bool = False) -> list[int]:
        """Wait for an event of a kind, then hand over all that came, and handle the inbox."""
        received = self.stage.endpoint.received
        wanted = f'"type": "{kind}"'.encode()
        wait_for(lambda: any(wanted in body for body, _ in received[self.seen :]))
        fresh = received[self.seen :]
        self.seen = len(received)
        codes = [self.post(body, signature) for body, signature in fresh[:: -1 if backwards else 1]]
        run_due(self.app, datetime.now(UTC))
        return codes

    def post(self, body: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature}
        return (
            self.app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code
        )

    def bought(self, card: str = "4242424242424242") -> Sponsorship:
        self.stage.pay(self.press(), card)
        self.deliver("checkout.session.completed")
        assert sponsorship().term is Term.ACTIVE
        return sponsorship()


@pytest.fixture
def street(app: Flask, request: pytest.FixtureRequest) -> Iterator[Street]:
    """A portal whose payments go over HTTP; what the sandbox answered must fit the SDK's types.

    A parameter, given indirectly, says what differs about its tier.
    """
    usual = app.extensions["stakehold"]
    with open_stage() as stage:
        gateway = StripeGateway(
            api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, api_base=stage.url, livemode=False
        )
        app.extensions["stakehold"] = replace(usual, payments=gateway)
        try:
            yield Street(app, stage, **getattr(request, "param", {}))
        finally:
            app.extensions["stakehold"] = usual
    assert stage.problems == []


def rows(model: type) -> Any:
    db.session.expire_all()
    return db.session.scalars(select(model).order_by(model.id)).all()  # type: ignore[attr-defined]


def test_pay_and_come_back_before_any_event(street: Street) -> None:
    back = street.stage.pay(street.press())
    assert back.status_code == 303
    answer = street.shop.client.get(back.headers["Location"])
    assert "Active until" in street.shop.client.get(answer.location).text
    (payment,) = rows(Payment)
    assert (payment.amount_minor, payment.currency) == (10000, "EUR")


@pytest.mark.parametrize("backwards", [False, True])
def test_pay_and_close_the_tab_then_events_come_in_any_order_and_twice(
    street: Street,
    backwards: bool,  # noqa: FBT001 - given by the parameters
) -> None:
    street.stage.pay(street.press())
    assert set(street.deliver("checkout.session.completed", backwards=backwards)) == {200}
    assert sponsorship().term is Term.ACTIVE
    known = len(rows(ProcessorEvent))
    for body, signature in street.stage.endpoint.received:
        assert street.post(body, signature) == 200
    run_due(street.app, datetime.now(UTC))
    assert len(rows(ProcessorEvent)) == known
    assert len(rows(Payment)) == 1


def test_a_declined_card_then_another(street: Street) -> None:
    url = street.press()
    assert street.stage.pay(url, DECLINED).headers["Location"] in url, "back on the hosted page"
    assert street.press() == url, "the same page is still open"
    street.stage.pay(url)
    street.deliver("checkout.session.completed")
    assert sponsorship().term is Term.ACTIVE
    assert len(rows(Payment)) == 1


def test_another_tier_closes_the_first_page(street: Street) -> None:
    make_tier(street.shop.project, slug="silver")
    first = street.press()
    second = street.press("/p/kiln/tiers/silver/buy")
    street.stage.pay(first)
    street.stage.pay(second)
    street.deliver("checkout.session.completed")
    assert [row.status for row in rows(Checkout)] == [
        CheckoutStatus.EXPIRED,
        CheckoutStatus.COMPLETED,
    ]
    assert sponsorship().tier_snapshot.tier.slug == "silver"


def test_the_processors_clock_renews(street: Street) -> None:
    first = street.bought().term_ends_at
    assert first is not None
    street.stage.forward(366)
    street.deliver("invoice.paid")
    assert len(rows(Payment)) == 2
    assert sponsorship().term_starts_at == first
    assert first + timedelta(days=364) < sponsorship().term_ends_at < first + timedelta(days=367)


def test_a_card_that_fails_at_renewal_begins_the_grace(street: Street) -> None:
    ends_at = street.bought(FAILS_LATER).term_ends_at
    street.stage.forward(366)
    street.deliver("invoice.payment_failed")
    assert sponsorship().term is Term.GRACE
    assert sponsorship().grace_ends_at == ends_at + timedelta(days=21)
    run_due(street.app, ends_at + timedelta(days=21))
    assert sponsorship().term is Term.LAPSED


def test_ending_with_the_term_taken_back_and_asked_again(street: Street) -> None:
    ends_at = street.bought().term_ends_at
    page = f"/organizations/acme/sponsorships/{sponsorship().reference}"
    for step, ends in (("cancel", True), ("resume", False), ("cancel", True)):
        street.shop.client.post(f"{page}/{step}")
        assert sponsorship().cancel_at_term_end is ends
    street.stage.forward(366)
    street.deliver("customer.subscription.deleted")
    run_due(street.app, ends_at)
    assert sponsorship().term is Term.ENDED
    assert len(rows(Payment)) == 1


def test_forged_stale_and_unsigned_events_leave_nothing(street: Street) -> None:
    street.stage.pay(street.press())
    received = street.stage.endpoint.received
    wait_for(lambda: received)
    body, signature = received[0]
    text, at = body.decode(), int(time.time())
    assert street.post(body.replace(b"evt_", b"evt_x"), signature) == 400
    assert street.post(body, sign(text, "whsec_other", at)) == 400
    assert street.post(body, sign(text, WEBHOOK_SECRET, at - 600)) == 400
    assert street.post(body, "") == 400
    assert street.post(b"\xff", signature) == 400
    live = text.replace('"livemode": false', '"livemode": true')
    assert street.post(live.encode(), sign(live, WEBHOOK_SECRET, at)) == 400
    assert rows(ProcessorEvent) == []
    assert street.post(body, sign(text, WEBHOOK_SECRET, at)) == 200
