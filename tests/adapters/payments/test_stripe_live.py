"""The same calls against Stripe itself in test mode, when STRIPE_TEST_KEY holds a test key."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.ports.payments import (
    ChangeRequest,
    CheckoutState,
    Collection,
    Interval,
    InvoicedRequest,
    InvoiceState,
    RenewalState,
)
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


def test_stripe_itself_sends_and_withdraws_an_invoice(gateway: StripeGateway) -> None:
    unique = uuid.uuid4().hex
    request = InvoicedRequest(
        reference=unique, project="orchard", tier_reference=unique, tier_name="Gold",
        price=Money(120_000, "EUR"), interval=Interval.YEAR, payer_name="Acme",
        payer_email=f"{unique}@example.com", payer_reference=unique, payer_id=None,
        days_until_due=30, po_number="PO 77",
    )  # fmt: skip
    opened = gateway.open_invoiced_renewal(request, idempotency_key=unique)
    assert gateway.open_invoiced_renewal(request, idempotency_key=unique) == opened
    assert opened.renewal is not None
    renewal_id = opened.renewal.renewal_id
    assert (opened.invoice.state, opened.invoice.total) == (InvoiceState.OPEN, request.price)
    assert (opened.invoice.po_number, opened.invoice.reference) == ("PO 77", unique)
    change = ChangeRequest(
        reference=f"{unique}-up", renewal_id=renewal_id, project="orchard",
        tier_reference=f"{unique}-up", tier_name="Platinum", price=Money(300_000, "EUR"),
        interval=Interval.YEAR,
    )  # fmt: skip
    at = datetime.now(UTC)
    preview = gateway.preview_change(change, at=at)
    assert preview.due.amount_minor > 0
    seen = gateway.schedule_change(change, idempotency_key=f"{unique}-later")
    assert seen.scheduled is not None
    assert seen.scheduled.price == change.price
    assert gateway.release_change(renewal_id, idempotency_key=f"{unique}-not").scheduled is None
    changed = gateway.change_renewal(change, at=at, idempotency_key=f"{unique}-now")
    assert changed.renewal.price == change.price
    assert changed.invoice is not None
    assert changed.invoice.total == preview.due
    outside = gateway.settle_invoice_outside(
        opened.invoice.invoice_id, idempotency_key=f"{unique}-paid"
    )
    assert (outside.state, outside.paid_outside) == (InvoiceState.PAID, True)
    gone = gateway.void_invoice(changed.invoice.invoice_id, idempotency_key=f"{unique}-void")
    assert gone.state is InvoiceState.VOID
    with pytest.raises(Refusal):
        gateway.set_collection(renewal_id, Collection.CARD, idempotency_key=f"{unique}-card")
    assert gateway.open_billing_portal(
        str(opened.renewal.payer_id), return_url="https://example.com"
    ).startswith("https://")
    ended = gateway.end_renewal(renewal_id, idempotency_key=f"{unique}-end")
    assert ended.state is RenewalState.ENDED


def test_stripe_itself_lists_refunds_disputes_and_renewals(gateway: StripeGateway) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    for listed in (gateway.list_refunds, gateway.list_disputes, gateway.list_invoices):
        assert isinstance(listed(since=since), list)
    assert isinstance(gateway.list_renewals(since=since), list)


def test_stripe_itself_does_not_know_an_invented_object(gateway: StripeGateway) -> None:
    with pytest.raises(Refusal) as refused:
        gateway.get_renewal("sub_none_of_ours")
    assert refused.value.code == "processor.missing"
