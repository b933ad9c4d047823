"""Money: an exact amount in a currency's minor units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from portal.domain.errors import Refusal

# ISO 4217 exponents that differ from two.
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}

_PLACES_OF_CARDS = 2


def minor_units(currency: str) -> int:
    """Number of decimal places of a currency (ISO 4217), e.g. 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def card_unit(currency: str) -> int:
    """Cards are charged multiples of this many minor units: 10 where there are three places."""
    return 10 if minor_units(currency) > _PLACES_OF_CARDS else 1


@dataclass(frozen=True, slots=True)
class Money:
    """An integer amount in minor units and an upper-case ISO 4217 currency code.

    Refuses a non-integer amount, a malformed currency, and arithmetic across currencies.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse anything that is not an exact amount in a well-formed currency."""
        if type(self.amount_minor) is not int:
            raise TypeError("amount_minor must be an int")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise Refusal("money.currency", "A currency is three capital letters, such as EUR.")

    def __add__(self, other: Money) -> Money:
        """Sum of two amounts in one currency."""
        self._same_currency(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Difference of two amounts in one currency."""
        self._same_currency(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise Refusal("money.mixed", "Amounts in different currencies cannot be added.")

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-minor_units(self.currency))
