"""The gateway against the sandbox, over HTTP, through the official SDK: purchases and renewals."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.adapters.payments.stripe_calls import API_VERSION
from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.domain.money import Money
from portal.ports.payments import CheckoutState, Interval, RenewalState
from portal.sandbox.account import API_VERSION as SPOKEN_VERSION
from tests.adapters.payments.requests_made import make_request
from tests.sandbox.stage import API_KEY, CHALLENGED, DECLINED, FAILS_LATER, WEBHOOK_SECRET, Stage

_PRICE = Money(120_000, "EUR")


def _count(stage: Stage, path: str) -> int:
    return len(stage.call("GET", path, {"limit": 100}).json()["data"])


def test_the_pinned_version_is_the_installed_sdks() -> None:
    """A new SDK brings a new version: this test is where somebody looks at what it changes."""
    assert API_VERSION == SPOKEN_VERSION


def test_a_purchase_ends_in_one_payment_and_one_renewal(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    assert timedelta(hours=23) < opened.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    stage.pay(opened.url)
    seen = gateway.get_checkout(opened.checkout_id)
    assert (seen.state, seen.reference) == (CheckoutState.COMPLETE, "chk-1")
    assert seen.payment is not None
    assert seen.renewal is not None
    assert seen.payment.money == seen.renewal.price == _PRICE
    assert (seen.renewal.state, seen.renewal.reference) == (RenewalState.ACTIVE, "chk-1")
    assert seen.renewal.term_ends_at.year == seen.renewal.term_starts_at.year + 1
    assert gateway.get_renewal(seen.renewal.renewal_id) == seen.renewal
    assert gateway.list_payments(seen.renewal.renewal_id) == [seen.payment]


def test_a_single_payment_has_no_renewal(stage: Stage, gateway: StripeGateway) -> None:
    request = make_request(interval=Interval.ONE_TIME)
    opened = gateway.open_checkout(request, idempotency_key="k")
    stage.pay(opened.url)
    seen = gateway.get_checkout(opened.checkout_id)
    assert seen.renewal is None
    assert seen.payment is not None
    assert seen.payment.money == _PRICE
    assert seen.payment.receipt_url is not None


@pytest.mark.parametrize("interval", [Interval.WEEK, Interval.MONTH, Interval.YEAR])
def test_the_term_is_the_tiers_interval(
    stage: Stage, gateway: StripeGateway, interval: Interval
) -> None:
    opened = gateway.open_checkout(make_request(interval=interval), idempotency_key="k")
    stage.pay(opened.url)
    renewal = gateway.get_checkout(opened.checkout_id).renewal
    assert renewal is not None
    days = (renewal.term_ends_at - renewal.term_starts_at).days
    assert days in {Interval.WEEK: {7}, Interval.MONTH: {28, 29, 30, 31}}.get(interval, {365, 366})


@pytest.mark.parametrize(
    "price", [Money(9_800, "JPY"), Money(1_250_990, "KWD"), Money(500, "ISK"), Money(1, "USD")]
)
@pytest.mark.parametrize("interval", [Interval.YEAR, Interval.ONE_TIME])
def test_every_currency_arrives_exactly(
    stage: Stage, gateway: StripeGateway, price: Money, interval: Interval
) -> None:
    request = make_request(price=price, interval=interval)
    opened = gateway.open_checkout(request, idempotency_key="k")
    stage.pay(opened.url)
    payment = gateway.get_checkout(opened.checkout_id).payment
    assert payment is not None
    assert payment.money == price


def test_an_amount_stripe_cannot_charge_is_refused_before_any_call(
    stage: Stage, gateway: StripeGateway
) -> None:
    with pytest.raises(Refusal) as refused:
        gateway.open_checkout(make_request(price=Money(1, "KWD")), idempotency_key="k")
    assert refused.value.code == "money.processor_amount"
    assert _count(stage, "prices") == 0


def test_a_declined_card_takes_nothing_and_another_card_completes(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    stage.pay(opened.url, DECLINED)
    seen = gateway.get_checkout(opened.checkout_id)
    assert (seen.state, seen.payment, seen.renewal) == (CheckoutState.OPEN, None, None)
    stage.pay(opened.url)
    seen = gateway.get_checkout(opened.checkout_id)
    assert seen.state is CheckoutState.COMPLETE
    assert seen.renewal is not None
    assert len(gateway.list_payments(seen.renewal.renewal_id)) == 1


def test_the_bank_confirms_and_the_purchase_is_complete(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    stage.pay(opened.url, CHALLENGED)
    assert gateway.get_checkout(opened.checkout_id).payment is None
    stage.pay(f"{opened.url}/challenge", answer="confirm")
    payment = gateway.get_checkout(opened.checkout_id).payment
    assert payment is not None
    assert payment.money == _PRICE


def test_the_bank_denies_and_the_checkout_stays_open(stage: Stage, gateway: StripeGateway) -> None:
    for interval in (Interval.YEAR, Interval.ONE_TIME):
        request = make_request(interval=interval, tier_reference=interval)
        opened = gateway.open_checkout(request, idempotency_key=interval)
        stage.pay(opened.url, CHALLENGED)
        stage.pay(f"{opened.url}/challenge", answer="deny")
        seen = gateway.get_checkout(opened.checkout_id)
        assert (seen.state, seen.payment) == (CheckoutState.OPEN, None)


def test_a_closed_tab_leaves_an_open_checkout_that_expires(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    assert gateway.get_checkout(opened.checkout_id).state is CheckoutState.OPEN
    stage.forward(1)
    seen = gateway.get_checkout(opened.checkout_id)
    assert (seen.state, seen.payment, seen.renewal) == (CheckoutState.EXPIRED, None, None)


def test_a_doubled_click_pays_once(stage: Stage, gateway: StripeGateway) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="k")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: stage.pay(opened.url), range(4)))
    renewal = gateway.get_checkout(opened.checkout_id).renewal
    assert renewal is not None
    assert len(gateway.list_payments(renewal.renewal_id)) == 1
    assert _count(stage, "subscriptions") == 1


def test_a_replayed_key_opens_the_same_checkout(stage: Stage, gateway: StripeGateway) -> None:
    first = gateway.open_checkout(make_request(), idempotency_key="k")
    assert gateway.open_checkout(make_request(), idempotency_key="k") == first
    assert _count(stage, "checkout/sessions") == 1


def test_a_replayed_key_with_other_details_is_refused(gateway: StripeGateway) -> None:
    gateway.open_checkout(make_request(), idempotency_key="k")
    with pytest.raises(Refusal) as refused:
        gateway.open_checkout(make_request(reference="chk-2"), idempotency_key="k")
    assert refused.value.code == "processor.idempotency"


def test_many_checkouts_at_once_share_one_price_and_one_payer(
    stage: Stage, gateway: StripeGateway
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda n: gateway.open_checkout(make_request(), idempotency_key=f"{n}"), range(4)
            )
        )
    assert [_count(stage, path) for path in ("products", "prices", "customers")] == [1, 1, 1]


def test_two_payers_with_one_address_stay_two(stage: Stage, gateway: StripeGateway) -> None:
    for reference in ("org-1", "org-2", "org-1"):
        request = make_request(payer_reference=reference)
        gateway.open_checkout(request, idempotency_key=f"{reference}-{_count(stage, 'customers')}")
    assert _count(stage, "customers") == 2


def test_a_known_payer_is_taken_as_told(stage: Stage, gateway: StripeGateway) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="a")
    payer_id = gateway.get_checkout(opened.checkout_id).payer_id
    again = gateway.open_checkout(
        make_request(payer_id=payer_id, payer_email="new@acme.example"), idempotency_key="b"
    )
    assert gateway.get_checkout(again.checkout_id).payer_id == payer_id
    assert _count(stage, "customers") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"price": Money(120_001, "EUR")},
        {"price": Money(120_000, "USD")},
        {"interval": Interval.MONTH},
        {"interval": Interval.ONE_TIME},
    ],
)
def test_a_price_that_differs_from_the_processors_is_never_charged(
    stage: Stage, gateway: StripeGateway, change: dict[str, object]
) -> None:
    gateway.open_checkout(make_request(), idempotency_key="a")
    with pytest.raises(Refusal) as refused:
        gateway.open_checkout(make_request(**change), idempotency_key="b")
    assert refused.value.code == "processor.price_mismatch"
    assert _count(stage, "checkout/sessions") == 1


def test_expiring_closes_a_checkout_and_is_harmless_when_closed(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="a")
    gateway.expire_checkout(opened.checkout_id)
    gateway.expire_checkout(opened.checkout_id)
    assert gateway.get_checkout(opened.checkout_id).state is CheckoutState.EXPIRED
    stage.pay(opened.url)
    assert gateway.get_checkout(opened.checkout_id).payment is None
    paid = gateway.open_checkout(make_request(), idempotency_key="b")
    stage.pay(paid.url)
    gateway.expire_checkout(paid.checkout_id)
    assert gateway.get_checkout(paid.checkout_id).state is CheckoutState.COMPLETE


def test_a_replayed_key_of_a_closed_checkout_still_names_it(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(), idempotency_key="a")
    stage.pay(opened.url)
    assert gateway.open_checkout(make_request(), idempotency_key="a") == opened


def test_stopping_ends_the_renewal_with_its_term_and_resuming_keeps_it(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(interval=Interval.MONTH), idempotency_key="a")
    stage.pay(opened.url)
    renewal = gateway.get_checkout(opened.checkout_id).renewal
    assert renewal is not None
    for n, cancel in enumerate((True, True, False, True)):
        seen = gateway.set_cancel_at_term_end(
            renewal.renewal_id, cancel=cancel, idempotency_key=f"c{n}"
        )
        assert (seen.cancel_at_term_end, seen.state) == (cancel, RenewalState.ACTIVE)
    stage.forward(32)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.ENDED
    assert len(gateway.list_payments(renewal.renewal_id)) == 1
    with pytest.raises(Refusal) as refused:
        gateway.set_cancel_at_term_end(renewal.renewal_id, cancel=False, idempotency_key="late")
    assert refused.value.code == "processor.refused"


def test_the_clock_renews_and_payments_are_listed_oldest_first(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(interval=Interval.MONTH), idempotency_key="a")
    stage.pay(opened.url)
    before = gateway.get_checkout(opened.checkout_id).renewal
    assert before is not None
    stage.forward(65)
    payments = gateway.list_payments(before.renewal_id)
    assert [payment.money for payment in payments] == [_PRICE] * 3
    assert payments == sorted(payments, key=lambda payment: payment.paid_at)
    assert len({payment.payment_id for payment in payments}) == 3
    after = gateway.get_renewal(before.renewal_id)
    assert after.term_starts_at == payments[-1].paid_at > before.term_starts_at


def test_a_renewal_that_fails_is_past_due_and_adds_no_payment(
    stage: Stage, gateway: StripeGateway
) -> None:
    opened = gateway.open_checkout(make_request(interval=Interval.MONTH), idempotency_key="a")
    stage.pay(opened.url, FAILS_LATER)
    renewal = gateway.get_checkout(opened.checkout_id).renewal
    assert renewal is not None
    stage.forward(32)
    assert gateway.get_renewal(renewal.renewal_id).state is RenewalState.PAST_DUE
    assert len(gateway.list_payments(renewal.renewal_id)) == 1


def test_checkouts_are_listed_over_all_pages_with_what_they_led_to(
    stage: Stage, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.adapters.payments.stripe_checkouts.PAGE", 2)
    opened = [
        gateway.open_checkout(make_request(reference=f"chk-{n}"), idempotency_key=f"{n}")
        for n in range(5)
    ]
    stage.pay(opened[3].url)
    listed = gateway.list_checkouts(since=datetime.now(UTC) - timedelta(minutes=5))
    assert [seen.reference for seen in listed] == [f"chk-{n}" for n in (4, 3, 2, 1, 0)]
    seen = gateway.get_checkout(opened[3].checkout_id)
    assert seen.payment is not None
    assert listed[1] == replace(seen, payment=replace(seen.payment, fee=None))
    assert gateway.list_checkouts(since=datetime.now(UTC) + timedelta(minutes=5)) == []


def test_an_unknown_object_is_refused_as_missing(gateway: StripeGateway) -> None:
    for look in (gateway.get_checkout, gateway.get_renewal, gateway.expire_checkout):
        with pytest.raises(Refusal) as refused:
            look("none_of_ours")
        assert refused.value.code == "processor.missing"


def test_a_wrong_key_and_a_dead_processor_are_unavailable(stage: Stage) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}"
        for base, key, code in (
            (stage.url, "sk_test_wrong", "processor.key"),
            (dead, API_KEY, "processor.unreachable"),
        ):
            gateway = StripeGateway(
                api_key=key, webhook_secret=WEBHOOK_SECRET, api_base=base, livemode=False
            )
            with pytest.raises(ProcessorUnavailable) as refused:
                gateway.get_checkout("cs_test_1")
            assert refused.value.code == code


def test_a_key_of_the_other_mode_is_refused_at_once() -> None:
    for key, livemode in (("sk_live_1", False), ("rk_live_1", False), ("sk_test_1", True)):
        with pytest.raises(Refusal) as refused:
            StripeGateway(api_key=key, webhook_secret="s", api_base=None, livemode=livemode)
        assert refused.value.code == "processor.livemode"


def test_building_the_gateway_loads_no_sdk() -> None:
    """The SDK takes about a second to import; the portal must start without it."""
    program = (
        "import sys; from portal.adapters.payments.stripe_gateway import StripeGateway as G; "
        "G(api_key='sk_test_1', webhook_secret='s', api_base=None, livemode=False); "
        "sys.exit('stripe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
