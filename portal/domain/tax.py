"""Tax on documents: who is charged, at which rate, and how much of a price it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from portal.domain.errors import Refusal
from portal.domain.money import Money

# Rates are whole thousandths of a percent: 19000 is 19%, 8875 is 8.875%.
MOST_RATE = 100_000
_HUNDRED_PERCENT = 100_000
_TYPED_RATE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,3}))?\s*%?")

# Members of the European Union, with the letters their VAT ids begin with (EL for Greece).
_VAT_LETTERS = {
    country: country
    for country in (
        "AT BE BG CY CZ DE DK EE ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
    )
} | {"GR": "EL"}


class Treatment(StrEnum):
    """How a document treats tax."""

    NONE = "none"
    CHARGED = "charged"
    REVERSE_CHARGE = "reverse_charge"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as tax sees it; ``country`` is an ISO 3166 code or empty."""

    country: str
    tax_id: str
    is_company: bool = True


@dataclass(frozen=True, slots=True)
class TaxCharge:
    """How tax is charged; ``rate`` in thousandths of a percent, 0 unless it is charged."""

    treatment: Treatment
    rate: int = 0

    def contained_in(self, total: Money) -> Money:
        """The tax that a total contains, rounded half up to the minor unit."""
        parts = total.amount_minor * self.rate
        whole = _HUNDRED_PERCENT + self.rate
        return Money((2 * parts + whole) // (2 * whole), total.currency)


def vat_country(party: Party) -> str:
    """The country of an EU VAT id, by the letters it begins with; empty if it is none."""
    letters = _VAT_LETTERS.get(party.country, "")
    plain = re.sub("[^A-Z0-9]", "", party.tax_id.upper())
    return party.country if letters and plain.startswith(letters) and len(plain) > 3 else ""  # noqa: PLR2004


def charge_tax(seller: Party, buyer: Party, *, charges: bool, rate: int) -> TaxCharge:
    """How a sale is taxed.

    A seller that charges no tax charges none. Between two EU VAT ids of different countries the
    buyer owes it (reverse charge, Directive 2006/112/EC, articles 44 and 196). A company outside
    the seller's country, and outside the EU if the seller is in it, is outside its tax (article
    44). Everybody else is charged.
    """
    if not charges or rate == 0:
        return TaxCharge(Treatment.NONE)
    sold_from, bought_from = vat_country(seller), vat_country(buyer)
    if sold_from and bought_from and sold_from != bought_from:
        return TaxCharge(Treatment.REVERSE_CHARGE)
    abroad = bool(buyer.country) and buyer.country != seller.country
    inside = seller.country in _VAT_LETTERS and buyer.country in _VAT_LETTERS
    if abroad and not inside and buyer.is_company:
        return TaxCharge(Treatment.OUTSIDE)
    return TaxCharge(Treatment.CHARGED, rate)


def parse_rate(typed: str) -> int:
    """Read a rate typed in percent, such as 19 or 8.875; refuses more than 100%."""
    found = _TYPED_RATE.fullmatch(typed.strip())
    whole, decimals = found.groups(default="") if found else ("", "")
    rate = int(whole or "0") * 1000 + int(decimals.ljust(3, "0")) if found else MOST_RATE + 1
    if rate > MOST_RATE:
        raise Refusal(
            "seller.rate", "Type the rate in percent, such as 19 or 8.875.", field="tax_rate"
        )
    return rate


def rate_text(rate: int) -> str:
    """A rate in percent, without needless zeros: ``19`` or ``8.875``."""
    return f"{(Decimal(rate) / 1000).normalize():f}"
