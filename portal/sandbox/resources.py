"""The calls the sandbox answers, each with the parameters it acts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.sandbox import billing, checkout
from portal.sandbox.account import Account, public
from portal.sandbox.catalog import create_customer, create_price, create_product, update
from portal.sandbox.lists import list_objects
from portal.sandbox.objects import listed
from portal.sandbox.store import JSON


@dataclass(frozen=True, slots=True)
class Call:
    """A request after its parameters were read."""

    account: Account
    params: JSON
    identifier: str
    site: str


Handler = Callable[[Call], JSON]


@dataclass(frozen=True, slots=True)
class Answerer:
    """A handler and the parameters it acts on, as dotted names; others are refused loudly."""

    handler: Handler
    acts_on: frozenset[str]


def _get(kind: str) -> Answerer:
    return Answerer(lambda call: call.account.get(kind, call.identifier), frozenset())


def _list(kind: str, *filters: str) -> Answerer:
    return Answerer(
        lambda call: list_objects(call.account, kind, call.params),
        frozenset({"limit", "starting_after", "ending_before", "created", *filters}),
    )


def _expire(call: Call) -> JSON:
    session = call.account.get("checkout.session", call.identifier)
    return checkout.expire_session(call.account, session)


def _line_items(call: Call) -> JSON:
    session = call.account.get("checkout.session", call.identifier)
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return listed(url, [public(line) for line in session["_line_items"]])


def _update_subscription(call: Call) -> JSON:
    subscription = call.account.get("subscription", call.identifier)
    if "cancel_at_period_end" in call.params:
        billing.set_cancel_at_period_end(
            call.account, subscription, cancel_then=call.params["cancel_at_period_end"]
        )
    return update(call.account, subscription, {"metadata": call.params.get("metadata", {})})


def _cancel_subscription(call: Call) -> JSON:
    subscription = call.account.get("subscription", call.identifier)
    billing.cancel(call.account, subscription)
    return subscription


def _create(handler: Callable[[Account, JSON], JSON], *acts_on: str) -> Answerer:
    return Answerer(lambda call: handler(call.account, call.params), frozenset(acts_on))


def _update(kind: str, *acts_on: str) -> Answerer:
    return Answerer(
        lambda call: update(call.account, call.account.get(kind, call.identifier), call.params),
        frozenset(acts_on),
    )


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

ANSWERERS: dict[tuple[str, str], Answerer] = {
    ("POST", "/v1/products"): _create(create_product, *_PRODUCT),
    ("GET", "/v1/products"): _list("product", "active"),
    ("GET", "/v1/products/{id}"): _get("product"),
    ("POST", "/v1/products/{id}"): _update("product", *_PRODUCT),
    ("POST", "/v1/prices"): _create(create_price, *_PRICE),
    ("GET", "/v1/prices"): _list("price", "active", "currency", "lookup_keys", "product", "type"),
    ("GET", "/v1/prices/{price}"): _get("price"),
    ("POST", "/v1/prices/{price}"): _update("price", "active", "metadata", "nickname"),
    ("POST", "/v1/customers"): _create(create_customer, *_CUSTOMER),
    ("GET", "/v1/customers"): _list("customer", "email"),
    ("GET", "/v1/customers/{customer}"): _get("customer"),
    ("POST", "/v1/customers/{customer}"): _update("customer", *_CUSTOMER),
    ("POST", "/v1/checkout/sessions"): Answerer(
        lambda call: checkout.open_session(call.account, call.params, call.site),
        frozenset(_SESSION),
    ),
    ("GET", "/v1/checkout/sessions"): _list(
        "checkout.session", "customer", "payment_intent", "status", "subscription"
    ),
    ("GET", "/v1/checkout/sessions/{session}"): _get("checkout.session"),
    ("POST", "/v1/checkout/sessions/{session}/expire"): Answerer(_expire, frozenset()),
    ("GET", "/v1/checkout/sessions/{session}/line_items"): Answerer(
        _line_items, frozenset({"limit"})
    ),
    ("GET", "/v1/subscriptions"): _list("subscription", "customer", "status"),
    ("GET", "/v1/subscriptions/{subscription_exposed_id}"): _get("subscription"),
    ("POST", "/v1/subscriptions/{subscription_exposed_id}"): Answerer(
        _update_subscription, frozenset({"cancel_at_period_end", "metadata"})
    ),
    ("DELETE", "/v1/subscriptions/{subscription_exposed_id}"): Answerer(
        _cancel_subscription, frozenset()
    ),
    ("GET", "/v1/invoices"): _list("invoice", "customer", "status", "subscription"),
    ("GET", "/v1/invoices/{invoice}"): _get("invoice"),
    ("GET", "/v1/invoice_payments"): _list("invoice_payment", "invoice", "status"),
    ("GET", "/v1/invoice_payments/{invoice_payment}"): _get("invoice_payment"),
    ("GET", "/v1/payment_intents"): _list("payment_intent", "customer"),
    ("GET", "/v1/payment_intents/{intent}"): _get("payment_intent"),
    ("GET", "/v1/charges"): _list("charge", "customer", "payment_intent"),
    ("GET", "/v1/charges/{charge}"): _get("charge"),
    ("GET", "/v1/payment_methods/{payment_method}"): _get("payment_method"),
    ("GET", "/v1/events"): _list("event", "type"),
    ("GET", "/v1/events/{id}"): _get("event"),
}
