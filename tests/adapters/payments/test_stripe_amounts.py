"""Amounts go to Stripe and come back exactly, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.adapters.payments.stripe_amounts import from_stripe, most_for_stripe, to_stripe
from portal.domain.errors import Refusal
from portal.domain.money import Money


@pytest.mark.parametrize(
    ("money", "sent"),
    [
        (Money(1999, "EUR"), (1999, "eur")),
        (Money(500, "JPY"), (500, "jpy")),
        (Money(500, "ISK"), (50000, "isk")),
        (Money(7, "UGX"), (700, "ugx")),
        (Money(1230, "KWD"), (1230, "kwd")),
        (Money(50000, "MGA"), (500, "mga")),
        (Money(0, "USD"), (0, "usd")),
    ],
)
def test_each_currency_travels_in_stripes_minor_unit(money: Money, sent: tuple[int, str]) -> None:
    assert to_stripe(money) == sent
    assert from_stripe(*sent) == money


@pytest.mark.parametrize(
    ("money", "code"),
    [
        (Money(1234, "KWD"), "money.processor_amount"),
        (Money(50, "MGA"), "money.processor_amount"),
        (Money(1000, "LYD"), "money.processor_currency"),
    ],
)
def test_what_stripe_cannot_charge_exactly_is_refused(money: Money, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        to_stripe(money)
    assert refused.value.code == code


def test_a_reported_fraction_the_currency_lacks_is_refused() -> None:
    with pytest.raises(Refusal):
        from_stripe(50050, "isk")


@given(
    amount=st.integers(0, 10**12),
    currency=st.sampled_from("EUR USD JPY KRW ISK UGX MGA KWD BHD CLP HUF TWD".split()),
)
def test_no_amount_ever_changes_on_the_way(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    try:
        sent = to_stripe(money)
    except Refusal:
        return
    assert from_stripe(*sent) == money


def test_the_most_that_stripe_can_express_is_never_above_the_amount() -> None:
    cases = {("EUR", 1234): 1234, ("KWD", 1239): 1230, ("ISK", 5): 500, ("JPY", 7): 7,
             ("KWD", 9): 0, ("IQD", 5000): 0}  # fmt: skip
    for (currency, minor), most in cases.items():
        assert most_for_stripe(Money(minor, currency)) == most
