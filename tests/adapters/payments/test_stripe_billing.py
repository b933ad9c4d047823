"""Changes, sent invoices, refunds and disputes through the SDK over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.ports.payments import (
    ChangeRequest,
    Collection,
    DisputeState,
    Interval,
    InvoicedRequest,
    InvoicePurpose,
    InvoiceState,
    PaymentSeen,
    RefundRequest,
    RefundState,
    RenewalSeen,
    RenewalState,
)
from tests.adapters.payments.requests_made import make_request
from tests.sandbox.stage import DECLINED, FAILS_LATER, SUCCEEDS, Stage

GOLD, SILVER = Money(120_000, "EUR"), Money(50_000, "EUR")
DISPUTED = "4000000000000259"


def _change(renewal: RenewalSeen, price: Money, key: str = "platinum") -> ChangeRequest:
    return ChangeRequest(
        reference=f"ch-{key}",
        renewal_id=renewal.renewal_id,
        project="orchard",
        tier_reference=f"orchard.{key}.{price.currency}.{price.amount_minor}",
        tier_name=key.title(),
        price=price,
        interval=Interval.YEAR,
    )


def _invoiced(price: Money = GOLD, interval: Interval = Interval.YEAR) -> InvoicedRequest:
    return InvoicedRequest(
        reference="iv-1",
        project="orchard",
        tier_reference=f"orchard.gold.{price.currency}.{interval}",
        tier_name="Gold",
        price=price,
        interval=interval,
        payer_name="Acme",
        payer_email="billing@acme.example",
        payer_reference="organization-1",
        payer_id=None,
        days_until_due=30,
        po_number="PO 77",
    )


def _buy(
    stage: Stage, gateway: StripeGateway, price: Money = GOLD, card: str = SUCCEEDS
) -> tuple[RenewalSeen, PaymentSeen]:
    request = make_request(price=price, tier_reference=f"gold-{price.currency}")
    opened = gateway.open_checkout(request, idempotency_key="buy")
    stage.pay(opened.url, card)
    seen = gateway.get_checkout(opened.checkout_id)
    assert seen.renewal is not None
    assert seen.payment is not None
    return seen.renewal, seen.payment


def _now(stage: Stage) -> datetime:
    return datetime.fromtimestamp(stage.app.extensions["account"].now(), UTC)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (GOLD, Money(300_000, "EUR")),
        (Money(90_000, "JPY"), Money(200_001, "JPY")),
        (Money(120_000, "KWD"), Money(300_010, "KWD")),
        (Money(50_000, "ISK"), Money(90_001, "ISK")),
    ],
)
def test_an_upgrade_costs_what_its_preview_said(
    stage: Stage, gateway: StripeGateway, old: Money, new: Money
) -> None:
    renewal, _ = _buy(stage, gateway, old)
    stage.forward(100)
    at = _now(stage)
    preview = gateway.preview_change(_change(renewal, new), at=at)
    assert preview.due.amount_minor == preview.charged.amount_minor - preview.credited.amount_minor
    assert 0 < preview.due.amount_minor < new.amount_minor - old.amount_minor
    assert preview.term_ends_at == renewal.term_ends_at
    changed = gateway.change_renewal(_change(renewal, new), at=at, idempotency_key="up")
    assert changed.invoice is not None
    assert (changed.invoice.total, changed.invoice.state) == (preview.due, InvoiceState.PAID)
    assert changed.invoice.purpose is InvoicePurpose.CHANGE
    assert (changed.renewal.price, changed.renewal.change_pending) == (new, False)
    assert gateway.change_renewal(_change(renewal, new), at=at, idempotency_key="up") == changed
    paid = [payment.money for payment in gateway.list_payments(renewal.renewal_id)]
    assert paid == [old, preview.due]
    stage.forward(300)
    assert gateway.list_payments(renewal.renewal_id)[-1].money == new


def test_an_upgrade_by_a_failing_card_waits_for_another_one(
    stage: Stage, gateway: StripeGateway
) -> None:
    renewal, _ = _buy(stage, gateway, card=FAILS_LATER)
    wish = _change(renewal, Money(300_000, "EUR"))
    waiting = gateway.change_renewal(wish, at=_now(stage), idempotency_key="up")
    assert waiting.invoice is not None
    assert waiting.invoice.state is InvoiceState.OPEN
    assert (waiting.renewal.price, waiting.renewal.change_pending) == (GOLD, True)
    assert waiting.renewal.state is RenewalState.ACTIVE
    assert stage.pay(str(waiting.invoice.url), DECLINED).status_code == 422
    assert gateway.get_renewal(renewal.renewal_id).price == GOLD
    assert stage.pay(str(waiting.invoice.url)).status_code == 303
    after = gateway.get_renewal(renewal.renewal_id)
    assert (after.price, after.change_pending) == (wish.price, False)


def test_an_upgrade_that_is_never_paid_is_dropped(stage: Stage, gateway: StripeGateway) -> None:
    renewal, _ = _buy(stage, gateway, card=FAILS_LATER)
    wish = _change(renewal, Money(300_000, "EUR"))
    waiting = gateway.change_renewal(wish, at=_now(stage), idempotency_key="up")
    stage.forward(2)
    after = gateway.get_renewal(renewal.renewal_id)
    assert (after.price, after.change_pending) == (GOLD, False)
    assert waiting.invoice is not None
    assert gateway.get_invoice(waiting.invoice.invoice_id).state is InvoiceState.VOID


def test_a_downgrade_comes_with_the_next_term(stage: Stage, gateway: StripeGateway) -> None:
    renewal, _ = _buy(stage, gateway)
    seen = gateway.schedule_change(_change(renewal, SILVER, "silver"), idempotency_key="down")
    assert seen.scheduled is not None
    assert (seen.price, seen.scheduled.price) == (GOLD, SILVER)
    assert seen.scheduled.starts_at == renewal.term_ends_at
    again = gateway.schedule_change(_change(renewal, SILVER, "silver"), idempotency_key="down")
    assert again == seen
    assert gateway.list_renewals(since=_now(stage) - timedelta(days=1)) == [seen]
    stage.forward(370)
    after = gateway.get_renewal(renewal.renewal_id)
    assert (after.price, after.scheduled) == (SILVER, None)
    paid = [payment.money for payment in gateway.list_payments(renewal.renewal_id)]
    assert paid == [GOLD, SILVER]
    stage.forward(370)
    assert len(gateway.list_payments(renewal.renewal_id)) == 3


def test_a_scheduled_change_can_be_released_and_yields_to_an_end(
    stage: Stage, gateway: StripeGateway
) -> None:
    renewal, _ = _buy(stage, gateway)
    wish = _change(renewal, SILVER, "silver")
    gateway.schedule_change(wish, idempotency_key="down-1")
    assert gateway.release_change(renewal.renewal_id, idempotency_key="r").scheduled is None
    assert gateway.release_change(renewal.renewal_id, idempotency_key="r2").scheduled is None
    gateway.schedule_change(wish, idempotency_key="down-2")
    stopped = gateway.set_cancel_at_term_end(
        renewal.renewal_id, cancel=True, idempotency_key="stop"
    )
    assert (stopped.cancel_at_term_end, stopped.scheduled) == (True, None)
    ended = gateway.end_renewal(renewal.renewal_id, idempotency_key="end")
    assert ended.state is RenewalState.ENDED
    assert gateway.end_renewal(renewal.renewal_id, idempotency_key="end") == ended


def test_an_invoiced_sale_is_paid_on_the_invoices_page(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_invoiced_renewal(_invoiced(), idempotency_key="iv-1")
    assert gateway.open_invoiced_renewal(_invoiced(), idempotency_key="iv-1") == opened
    invoice, renewal = opened.invoice, opened.renewal
    assert renewal is not None
    assert (invoice.state, invoice.total, invoice.po_number) == (InvoiceState.OPEN, GOLD, "PO 77")
    assert (invoice.reference, renewal.reference) == ("iv-1", "iv-1")
    assert invoice.due_at == invoice.issued_at + timedelta(days=30)
    assert (renewal.collection, renewal.days_until_due) == (Collection.INVOICE, 30)
    stage.forward(31)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.PAST_DUE
    page = requests.get(str(invoice.url), timeout=10)
    assert "PO number: PO 77" in page.text
    stage.pay(str(invoice.url))
    paid = gateway.get_invoice(invoice.invoice_id)
    assert (paid.state, paid.paid_minor) == (InvoiceState.PAID, GOLD.amount_minor)
    (payment,) = paid.payments
    assert (payment.invoice_id, payment.fee) == (invoice.invoice_id, Money(1_825, "EUR"))
    assert gateway.get_payment(payment.payment_id).invoice_id == invoice.invoice_id
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.ACTIVE
    stage.forward(365)
    first, second = gateway.list_invoices(renewal_id=renewal.renewal_id)
    assert (first.invoice_id, second.state) == (invoice.invoice_id, InvoiceState.OPEN)
    assert (second.purpose, second.po_number) == (InvoicePurpose.RENEWAL, "PO 77")


def test_a_one_time_tier_is_one_invoice(stage: Stage, gateway: StripeGateway) -> None:
    request = _invoiced(Money(5_000, "KWD"), Interval.ONE_TIME)
    opened = gateway.open_invoiced_renewal(request, idempotency_key="iv-1")
    assert opened.renewal is None
    assert (opened.invoice.total, opened.invoice.reference) == (request.price, "iv-1")
    outside = gateway.settle_invoice_outside(opened.invoice.invoice_id, idempotency_key="out")
    assert (outside.state, outside.paid_outside, outside.payments) == (InvoiceState.PAID, True, ())
    assert gateway.settle_invoice_outside(opened.invoice.invoice_id, idempotency_key="x") == outside
    assert gateway.list_invoices(since=_now(stage) - timedelta(days=1)) == [outside]


def test_an_invoice_can_be_withdrawn(gateway: StripeGateway) -> None:
    invoice = gateway.open_invoiced_renewal(_invoiced(), idempotency_key="iv-1").invoice
    gone = gateway.void_invoice(invoice.invoice_id, idempotency_key="void")
    assert gone.state is InvoiceState.VOID
    assert gateway.void_invoice(invoice.invoice_id, idempotency_key="void") == gone


def test_card_and_invoice_are_exchanged_without_a_gap(stage: Stage, gateway: StripeGateway) -> None:
    renewal, _ = _buy(stage, gateway)
    sent = gateway.set_collection(
        renewal.renewal_id, Collection.INVOICE, days_until_due=45, po_number="PO 9",
        idempotency_key="a",
    )  # fmt: skip
    assert (sent.collection, sent.days_until_due) == (Collection.INVOICE, 45)
    assert (sent.term_ends_at, sent.state) == (renewal.term_ends_at, RenewalState.ACTIVE)
    stage.forward(366)
    invoice = gateway.list_invoices(renewal_id=renewal.renewal_id)[-1]
    assert (invoice.state, invoice.po_number) == (InvoiceState.OPEN, "PO 9")
    back = gateway.set_collection(renewal.renewal_id, Collection.CARD, idempotency_key="b")
    assert (back.collection, back.days_until_due) == (Collection.CARD, None)


def test_a_card_is_needed_to_be_charged_and_the_portal_takes_one(
    stage: Stage, gateway: StripeGateway
) -> None:
    renewal = gateway.open_invoiced_renewal(_invoiced(), idempotency_key="iv-1").renewal
    assert renewal is not None
    with pytest.raises(Refusal) as refused:
        gateway.set_collection(renewal.renewal_id, Collection.CARD, idempotency_key="a")
    assert refused.value.code == "processor.no_card"
    page = gateway.open_billing_portal(str(renewal.payer_id), return_url="http://localhost/desk")
    assert "There is no card on file" in requests.get(page, timeout=10).text
    assert stage.pay(page, DECLINED).status_code == 422
    assert stage.pay(page).status_code == 303
    assert "4242" in requests.get(page, timeout=10).text
    seen = gateway.set_collection(renewal.renewal_id, Collection.CARD, idempotency_key="b")
    assert seen.collection is Collection.CARD
    stage.forward(366)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.ACTIVE


def test_refunds_in_parts_never_exceed_the_payment(stage: Stage, gateway: StripeGateway) -> None:
    _, payment = _buy(stage, gateway)
    part = RefundRequest("rf-1", payment.payment_id, Money(20_000, "EUR"))
    seen = gateway.refund(part, idempotency_key="rf-1")
    assert (
        gateway.refund(part, idempotency_key="rf-1") == seen == gateway.get_refund(seen.refund_id)
    )
    assert (seen.reference, seen.state) == ("rf-1", RefundState.SUCCEEDED)
    rest = RefundRequest("rf-2", payment.payment_id, Money(100_001, "EUR"))
    with pytest.raises(Refusal):
        gateway.refund(rest, idempotency_key="rf-2")
    assert gateway.get_payment(payment.payment_id).refunded_minor == 20_000
    assert gateway.list_refunds(payment_id=payment.payment_id) == [seen]
    assert gateway.list_refunds(since=_now(stage) + timedelta(days=1)) == []
    with pytest.raises(Refusal) as refused:
        gateway.refund(RefundRequest("rf-3", payment.payment_id, Money(1, "USD")),
                       idempotency_key="rf-3")  # fmt: skip
    assert refused.value.code == "refund.currency"


@pytest.mark.parametrize(
    ("step", "state", "fee"), [("won", DisputeState.WON, 0), ("lost", DisputeState.LOST, 1500)]
)
def test_a_dispute_takes_money_and_fee_until_it_is_won(
    stage: Stage, gateway: StripeGateway, step: str, state: DisputeState, fee: int
) -> None:
    _, payment = _buy(stage, gateway, card=DISPUTED)
    (opened,) = gateway.list_disputes(payment_id=payment.payment_id)
    assert (opened.money, opened.state, opened.fee) == (GOLD, DisputeState.OPEN, Money(1500, "EUR"))
    requests.post(f"{stage.url}/disputes/{opened.dispute_id}", data={"step": step}, timeout=10)
    closed = gateway.get_dispute(opened.dispute_id)
    assert (closed.state, closed.fee) == (state, Money(fee, "EUR"))
    again = requests.post(
        f"{stage.url}/disputes/{opened.dispute_id}", data={"step": step}, timeout=10
    )
    assert again.status_code == 409


def test_a_renewal_that_failed_recovers_with_the_next_card(
    stage: Stage, gateway: StripeGateway
) -> None:
    renewal, _ = _buy(stage, gateway, card=FAILS_LATER)
    stage.forward(366)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.PAST_DUE
    page = gateway.open_billing_portal(str(renewal.payer_id), return_url="http://localhost/desk")
    stage.pay(page)
    stage.forward(4)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.ACTIVE
    assert len(gateway.list_payments(renewal.renewal_id)) == 2
