"""What currencies allow, and exact integer shares of an amount."""

from __future__ import annotations

# https://docs.stripe.com/currencies#three-decimal and #special-cases
_GRANULARITY = {
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 10),
    **dict.fromkeys(("isk", "ugx"), 100),
}


def granularity(currency: str) -> int:
    """Amounts in a currency are multiples of this."""
    return _GRANULARITY.get(currency, 1)


def share(amount: int, part: int, whole: int, currency: str) -> int:
    """``amount * part / whole`` to the nearest amount the currency allows, halves upwards."""
    unit = granularity(currency)
    return (2 * amount * part + whole * unit) // (2 * whole * unit) * unit


def fee_of(amount: int, currency: str) -> int:
    """What this processor keeps of a charge: 1.5 per cent and 25 units, rounded down."""
    unit = granularity(currency)
    return (amount * 15 // 1000 + 25 * unit) // unit * unit
