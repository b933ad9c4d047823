"""The same calls against Stripe itself in test mode, when STRIPE_TEST_KEY holds a test key."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.ports.payments import CheckoutState, Interval
from tests.adapters.payments.requests_made import make_request

KEY = os.environ.get("STRIPE_TEST_KEY", "")

pytestmark = pytest.mark.skipif(
    not KEY, reason="needs the network and a Stripe test-mode key in STRIPE_TEST_KEY"
)


@pytest.fixture
def gateway() -> StripeGateway:
    """Stripe in test mode; a live key is refused by the constructor."""
    return StripeGateway(api_key=KEY, webhook_secret="", api_base=None, livemode=False)


@pytest.mark.parametrize("interval", list(Interval))
@pytest.mark.parametrize("price", [Money(1_200, "EUR"), Money(900, "JPY"), Money(5_000, "KWD")])
def test_stripe_itself_takes_our_calls(
    gateway: StripeGateway, interval: Interval, price: Money
) -> None:
    unique = uuid.uuid4().hex
    request = make_request(
        reference=unique,
        tier_reference=unique,
        payer_reference=unique,
        payer_email=f"{unique}@example.com",
        interval=interval,
        price=price,
    )
    opened = gateway.open_checkout(request, idempotency_key=unique)
    assert gateway.open_checkout(request, idempotency_key=unique) == opened
    seen = gateway.get_checkout(opened.checkout_id)
    assert (seen.state, seen.reference, seen.payment) == (CheckoutState.OPEN, unique, None)
    recent = gateway.list_checkouts(since=datetime.now(UTC) - timedelta(minutes=5))
    assert opened.checkout_id in {checkout.checkout_id for checkout in recent}
    gateway.expire_checkout(opened.checkout_id)
    gateway.expire_checkout(opened.checkout_id)
    assert gateway.get_checkout(opened.checkout_id).state is CheckoutState.EXPIRED


def test_stripe_itself_does_not_know_an_invented_object(gateway: StripeGateway) -> None:
    with pytest.raises(Refusal) as refused:
        gateway.get_renewal("sub_none_of_ours")
    assert refused.value.code == "processor.missing"
