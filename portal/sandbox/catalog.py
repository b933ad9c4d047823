"""Products, prices and customers: made and changed."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.amounts import granularity
from portal.sandbox.errors import StripeError
from portal.sandbox.objects import new_customer, new_price, new_product
from portal.sandbox.store import JSON

_MAX_LOOKUP_KEY = 200


def create_product(account: Account, params: JSON) -> JSON:
    """A new product."""
    product = update(account, new_product(account, params["name"]), params)
    account.emit("product.created", product)
    return product


def create_price(account: Account, params: JSON) -> JSON:
    """A new price of a product, which may be made with it.

    Refuses a lookup key that is taken, and amounts the currency cannot be charged in.
    """
    currency = params["currency"].lower()
    amount = _amount(currency, params)
    _check_lookup_key(account, params.get("lookup_key"))
    price = new_price(account, _product_of(account, params), currency, amount)
    if recurring := params.get("recurring"):
        price |= {
            "type": "recurring",
            "recurring": {
                "interval": recurring["interval"],
                "interval_count": recurring.get("interval_count", 1),
                "meter": None,
                "trial_period_days": None,
                "usage_type": "licensed",
            },
        }
    kept = ("active", "lookup_key", "metadata", "nickname")
    update(account, price, {name: params[name] for name in kept if name in params})
    account.emit("price.created", price)
    return price


def create_customer(account: Account, params: JSON) -> JSON:
    """A new customer."""
    customer = update(account, new_customer(account), params)
    account.emit("customer.created", customer)
    return customer


def update(account: Account, thing: JSON, changes: JSON) -> JSON:
    """Change an object; metadata is merged, and an empty value unsets its key."""
    metadata = changes.get("metadata")
    thing |= {name: value for name, value in changes.items() if name != "metadata"}
    if metadata == "":
        thing["metadata"] = {}
    elif metadata:
        merged = thing["metadata"] | metadata
        thing["metadata"] = {name: value for name, value in merged.items() if value != ""}
    return account.save(thing)


def _amount(currency: str, params: JSON) -> int:
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):  # noqa: PLR2004
        raise StripeError(f"Invalid currency: {currency}", param="currency")
    if "unit_amount" not in params:
        raise StripeError(
            "Missing required param: unit_amount.", code="parameter_missing", param="unit_amount"
        )
    amount: int = params["unit_amount"]
    if amount < 0:
        raise StripeError("Invalid non-negative integer", param="unit_amount")
    if amount % granularity(currency):
        raise StripeError(
            f"Amounts in {currency} must be divisible by {granularity(currency)}.",
            code="invalid_charge_amount",
            param="unit_amount",
        )
    return amount


def _check_lookup_key(account: Account, key: str | None) -> None:
    if key is None:
        return
    if len(key) > _MAX_LOOKUP_KEY:
        raise StripeError("The lookup key is too long.", param="lookup_key")
    if any(price["lookup_key"] == key for price in account.store.newest_first("price")):
        raise StripeError(
            "A price already uses that lookup key.",
            code="resource_already_exists",
            param="lookup_key",
        )


def _product_of(account: Account, params: JSON) -> str:
    if ("product" in params) == ("product_data" in params):
        raise StripeError(
            "Give exactly one of product and product_data.",
            code="parameter_missing",
            param="product",
        )
    if "product" in params:
        product = account.get("product", params["product"], "product")
    else:
        product = create_product(account, params["product_data"])
    identifier: str = product["id"]
    return identifier
