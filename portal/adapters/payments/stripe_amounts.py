"""Amounts as Stripe writes them: its minor units differ from ISO 4217 in a few currencies."""

from __future__ import annotations

from portal.domain.errors import Refusal
from portal.domain.money import Money, minor_units

# https://docs.stripe.com/currencies#zero-decimal
_ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
# https://docs.stripe.com/currencies#special-cases: written with two decimals that must be zero.
_WHOLE_UNITS_WITH_TWO_DECIMALS = frozenset({"ISK", "UGX"})
# https://docs.stripe.com/currencies#three-decimal: the last digit must be zero.
_THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
_UNSUPPORTED = frozenset("IQD LYD UYI".split())


def to_stripe(money: Money) -> tuple[int, str]:
    """The integer amount and lower-case currency for Stripe.

    Most currencies pass unchanged. ISK and UGX gain two zeros (ISK 500 is sent as 50000), MGA
    loses its two, three-decimal currencies must be a multiple of ten minor units. Refuses with
    ``money.processor_amount`` what Stripe cannot express, and with ``money.processor_currency``
    a currency it does not charge.
    Source: https://docs.stripe.com/currencies, sections on minor units and special cases.
    """
    if money.currency in _UNSUPPORTED:
        raise Refusal(
            "money.processor_currency",
            f"The card processor does not charge in {money.currency}.",
        )
    shift = _stripe_places(money.currency) - minor_units(money.currency)
    amount, rest = divmod(money.amount_minor * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if rest or (money.currency in _THREE_DECIMAL and amount % 10):
        raise Refusal(
            "money.processor_amount",
            f"The card processor cannot charge this exact amount in {money.currency}; round it.",
        )
    return amount, money.currency.lower()


def most_for_stripe(money: Money) -> int:
    """The largest integer for Stripe that is not above an amount; 0 where nothing of it can be."""
    if money.currency in _UNSUPPORTED:
        return 0
    shift = _stripe_places(money.currency) - minor_units(money.currency)
    amount: int = money.amount_minor * 10 ** max(shift, 0) // 10 ** max(-shift, 0)
    return amount - amount % 10 if money.currency in _THREE_DECIMAL else amount


def from_stripe(amount: int, currency: str) -> Money:
    """The exact money behind an amount that Stripe reports; the inverse of ``to_stripe``.

    Refuses with ``money.processor_amount`` an amount that has no exact counterpart.
    """
    code = currency.upper()
    shift = minor_units(code) - _stripe_places(code)
    minor, rest = divmod(amount * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if rest:
        raise Refusal(
            "money.processor_amount",
            f"The card processor reported a fraction that {code} does not have.",
        )
    return Money(minor, code)


def _stripe_places(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    if currency in _WHOLE_UNITS_WITH_TWO_DECIMALS:
        return 2
    return 3 if currency in _THREE_DECIMAL else 2
