"""Sellers: what a project says about itself on invoices."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from portal.domain.documents import check_bic, check_iban, check_prefix
from portal.domain.errors import Obstacle, Refusal
from portal.domain.text import clean_line, clean_lines

MOST_NET_DAYS = 120
SELLER_LENGTHS = {
    "legal_name": 200,
    "address": 500,
    "country": 2,
    "tax_id": 40,
    "email": 254,
    "account_holder": 200,
    "iban": 42,
    "bic": 14,
    "bank_note": 300,
    "tax_name": 20,
    "prefix": 8,
}
_OF_LINES = frozenset({"address", "bank_note"})


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells: printed on every document, with the account to pay to.

    ``tax_rate`` is in thousandths of a percent. ``bank_note`` holds what an IBAN cannot say, such
    as a routing number.
    """

    legal_name: str
    address: str
    country: str
    tax_id: str = ""
    email: str = ""
    account_holder: str = ""
    iban: str = ""
    bic: str = ""
    bank_note: str = ""
    charges_tax: bool = False
    tax_name: str = "VAT"
    tax_rate: int = 0
    prefix: str = ""
    net_days: int = 30


def clean_seller(seller: Seller) -> Seller:
    """The seller as it is kept; refuses what cannot be kept or is missing, at its field."""
    values = asdict(seller)
    for key, length in SELLER_LENGTHS.items():
        clean = clean_lines if key in _OF_LINES else clean_line
        try:
            values[key] = clean(values[key], max_length=length)
        except Refusal as refusal:
            raise Refusal(refusal.code, refusal.message, field=key) from refusal
    for key, what in (("legal_name", "legal name"), ("address", "address"), ("country", "country")):
        if not values[key]:
            raise Refusal(f"seller.{key}", f"Invoices need the seller's {what}.", field=key)
    if not 0 <= seller.net_days <= MOST_NET_DAYS:
        raise Refusal(
            "seller.net_days", f"Between 0 and {MOST_NET_DAYS} days to pay.", field="net_days"
        )
    cleaned = Seller(**values)
    return replace(
        cleaned,
        iban=check_iban(cleaned.iban),
        bic=check_bic(cleaned.bic),
        prefix=check_prefix(cleaned.prefix),
        tax_name=cleaned.tax_name or "VAT",
    )


def seller_obstacles(seller: Seller | None) -> list[Obstacle]:
    """Why a project cannot sell by invoice yet; empty if it can."""
    if seller is None:
        return [Obstacle("seller.missing", "The project has not said yet who sends its invoices.")]
    if not (seller.iban or seller.bank_note):
        return [Obstacle("seller.account", "The project has named no bank account yet.")]
    return []


@dataclass(frozen=True, slots=True)
class BillingData:
    """What stands of a buyer on documents."""

    legal_name: str
    address: str
    country: str
    tax_id: str


def buyer_data_obstacles(data: BillingData) -> list[Obstacle]:
    """What is missing of a buyer before it can be billed; the tax id is never needed."""
    needed = (("legal name", data.legal_name), ("address", data.address), ("country", data.country))
    missing = [name for name, value in needed if not value]
    if not missing:
        return []
    words = ", ".join(missing)
    return [Obstacle("buyer.data", f"Invoices need more of the organization: {words}.")]
