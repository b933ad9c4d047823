"""The calls the sandbox answers: catalog, checkouts, payments, events, and billing's own."""

from __future__ import annotations

from portal.sandbox import checkout
from portal.sandbox.account import public
from portal.sandbox.billing_resources import BILLING
from portal.sandbox.calls import Answerer, Call, changing, creation, get, listing
from portal.sandbox.catalog import create_customer, create_price, create_product
from portal.sandbox.objects import listed
from portal.sandbox.store import JSON


def _expire(call: Call) -> JSON:
    session = call.account.get("checkout.session", call.identifier)
    return checkout.expire_session(call.account, session)


def _line_items(call: Call) -> JSON:
    session = call.account.get("checkout.session", call.identifier)
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return listed(url, [public(line) for line in session["_line_items"]])


_PRODUCT = ("active", "description", "metadata", "name")
_CUSTOMER = ("description", "email", "metadata", "name", "phone")
_SESSION = (
    "mode line_items.price line_items.quantity success_url cancel_url customer customer_email "
    "client_reference_id metadata subscription_data.metadata payment_intent_data.metadata "
    "allowed_payment_method_types expires_at"
).split()
_PRICE = (
    "active currency lookup_key metadata nickname product product_data.name "
    "product_data.metadata recurring.interval recurring.interval_count unit_amount"
).split()

_SALES: dict[tuple[str, str], Answerer] = {
    ("POST", "/v1/products"): creation(create_product, *_PRODUCT),
    ("GET", "/v1/products"): listing("product", "active"),
    ("GET", "/v1/products/{id}"): get("product"),
    ("POST", "/v1/products/{id}"): changing("product", *_PRODUCT),
    ("POST", "/v1/prices"): creation(create_price, *_PRICE),
    ("GET", "/v1/prices"): listing("price", "active", "currency", "lookup_keys", "product", "type"),
    ("GET", "/v1/prices/{price}"): get("price"),
    ("POST", "/v1/prices/{price}"): changing("price", "active", "metadata", "nickname"),
    ("POST", "/v1/customers"): creation(create_customer, *_CUSTOMER),
    ("GET", "/v1/customers"): listing("customer", "email"),
    ("GET", "/v1/customers/{customer}"): get("customer"),
    ("POST", "/v1/customers/{customer}"): changing("customer", *_CUSTOMER),
    ("POST", "/v1/checkout/sessions"): Answerer(
        lambda call: checkout.open_session(call.account, call.params, call.site),
        frozenset(_SESSION),
    ),
    ("GET", "/v1/checkout/sessions"): listing(
        "checkout.session", "customer", "payment_intent", "status", "subscription"
    ),
    ("GET", "/v1/checkout/sessions/{session}"): get("checkout.session"),
    ("POST", "/v1/checkout/sessions/{session}/expire"): Answerer(_expire, frozenset()),
    ("GET", "/v1/checkout/sessions/{session}/line_items"): Answerer(
        _line_items, frozenset({"limit"})
    ),
    ("GET", "/v1/payment_intents"): listing("payment_intent", "customer"),
    ("GET", "/v1/payment_intents/{intent}"): get("payment_intent"),
    ("GET", "/v1/charges"): listing("charge", "customer", "payment_intent"),
    ("GET", "/v1/balance_transactions"): listing("balance_transaction", "source", "type"),
    ("GET", "/v1/balance_transactions/{id}"): get("balance_transaction"),
    ("GET", "/v1/charges/{charge}"): get("charge"),
    ("GET", "/v1/payment_methods/{payment_method}"): get("payment_method"),
    ("GET", "/v1/events"): listing("event", "type"),
    ("GET", "/v1/events/{id}"): get("event"),
}

ANSWERERS = _SALES | BILLING
