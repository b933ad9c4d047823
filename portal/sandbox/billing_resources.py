"""The calls the sandbox answers on subscriptions, schedules, invoices, refunds and disputes."""

from __future__ import annotations

from collections.abc import Callable

from portal.sandbox import billing, changes, invoice_calls, invoicing, returns, schedules
from portal.sandbox.account import Account
from portal.sandbox.billing_portal import open_portal
from portal.sandbox.calls import Answerer, Call, changing, creation, get, listing
from portal.sandbox.catalog import update
from portal.sandbox.clock import advance, test_clock
from portal.sandbox.credit_notes import create_credit_note
from portal.sandbox.errors import StripeError
from portal.sandbox.store import JSON

_COLLECTION = ("collection_method", "days_until_due")
_CUSTOM_FIELDS = "invoice_settings.custom_fields"


def _update_subscription(call: Call) -> JSON:
    account, params = call.account, dict(call.params)
    subscription = account.get("subscription", call.identifier)
    if "items" in params:
        changes.change_items(account, subscription, params)
    if "cancel_at_period_end" in params:
        billing.set_cancel_at_period_end(
            account, subscription, cancel_then=params["cancel_at_period_end"]
        )
    if any(name in params for name in (*_COLLECTION, "invoice_settings")):
        _set_collection(account, subscription, params)
    return update(account, subscription, {"metadata": params.get("metadata", {})})


def _set_collection(account: Account, subscription: JSON, params: JSON) -> None:
    method = params.get("collection_method", subscription["collection_method"])
    days = params.get("days_until_due", subscription["days_until_due"])
    if method == "send_invoice" and days is None:
        raise StripeError("Missing required param: days_until_due.", code="parameter_missing",
                          param="days_until_due")  # fmt: skip
    settings = params.get("invoice_settings", {})
    fields = settings.get("custom_fields", subscription["invoice_settings"]["custom_fields"])
    subscription["invoice_settings"]["custom_fields"] = fields or None
    subscription |= {
        "collection_method": method,
        "days_until_due": days if method == "send_invoice" else None,
    }
    account.emit("customer.subscription.updated", subscription, {"collection_method": None})


def _cancel_subscription(call: Call) -> JSON:
    subscription = call.account.get("subscription", call.identifier)
    billing.cancel(call.account, subscription)
    return subscription


def _paid_outside_or_by_card(call: Call) -> JSON:
    invoice = call.account.get("invoice", call.identifier)
    return invoice_calls.pay_invoice(call.account, invoice, call.params)


def _on(kind: str, handler: Callable[[Account, JSON, JSON], JSON], *acts_on: str) -> Answerer:
    """A step of an existing object."""
    return Answerer(
        lambda call: handler(call.account, call.account.get(kind, call.identifier), call.params),
        frozenset(acts_on),
    )


def _plain(kind: str, handler: Callable[[Account, JSON], JSON]) -> Answerer:
    """A step of an existing object that takes no parameters."""
    return Answerer(
        lambda call: handler(call.account, call.account.get(kind, call.identifier)), frozenset()
    )


def _start_clock(account: Account, params: JSON) -> JSON:
    """The sandbox has one clock; a test clock is that clock, moved to its time."""
    _move_clock(account, params)
    return test_clock(account)


def _move_clock(account: Account, params: JSON) -> None:
    if params["frozen_time"] < account.now():
        raise StripeError("You cannot move a test clock backwards.", param="frozen_time")
    advance(account, params["frozen_time"])


def _advance_clock(account: Account, _clock: JSON, params: JSON) -> JSON:
    return _start_clock(account, params)


_SUBSCRIPTION = (
    "cancel_at_period_end", "metadata", "items.id", "items.price", "proration_behavior",
    "proration_date", "payment_behavior", *_COLLECTION, _CUSTOM_FIELDS,
)  # fmt: skip
_PHASE = "items.price items.quantity start_date end_date duration proration_behavior".split()

BILLING: dict[tuple[str, str], Answerer] = {
    ("POST", "/v1/subscriptions"): Answerer(
        lambda call: billing.create_subscription(call.account, call.params, call.site),
        frozenset(
            {"customer", "items.price", "items.quantity", "metadata", _CUSTOM_FIELDS, *_COLLECTION}
        ),
    ),
    ("GET", "/v1/subscriptions"): listing("subscription", "customer", "status"),
    ("GET", "/v1/subscriptions/{subscription_exposed_id}"): get("subscription"),
    ("POST", "/v1/subscriptions/{subscription_exposed_id}"): Answerer(
        _update_subscription, frozenset(_SUBSCRIPTION)
    ),
    ("DELETE", "/v1/subscriptions/{subscription_exposed_id}"): Answerer(
        _cancel_subscription, frozenset()
    ),
    ("POST", "/v1/subscription_schedules"): creation(schedules.create, "from_subscription"),
    ("GET", "/v1/subscription_schedules"): listing("subscription_schedule", "customer"),
    ("GET", "/v1/subscription_schedules/{schedule}"): get("subscription_schedule"),
    ("POST", "/v1/subscription_schedules/{schedule}"): _on(
        "subscription_schedule", schedules.update, "end_behavior", "metadata",
        "proration_behavior", *(f"phases.{name}" for name in _PHASE),
    ),
    ("POST", "/v1/subscription_schedules/{schedule}/release"): _plain(
        "subscription_schedule", schedules.release
    ),
    ("POST", "/v1/invoices"): Answerer(
        lambda call: invoice_calls.create_invoice(call.account, call.params, call.site),
        frozenset(
            {"customer", "currency", "pending_invoice_items_behavior", "metadata",
             "custom_fields", *_COLLECTION}
        ),
    ),
    ("GET", "/v1/invoices"): listing("invoice", "customer", "status", "subscription"),
    ("POST", "/v1/invoices/create_preview"): creation(
        changes.preview, "subscription", "subscription_details.items.id",
        "subscription_details.items.price", "subscription_details.proration_behavior",
        "subscription_details.proration_date",
    ),
    ("GET", "/v1/invoices/{invoice}"): get("invoice"),
    ("POST", "/v1/invoices/{invoice}"): _on(
        "invoice", invoice_calls.update_invoice, "metadata", "custom_fields", "description"
    ),
    ("POST", "/v1/invoices/{invoice}/finalize"): _plain("invoice", invoicing.finalize),
    ("POST", "/v1/invoices/{invoice}/void"): _plain("invoice", invoicing.void),
    ("POST", "/v1/invoices/{invoice}/pay"): Answerer(
        _paid_outside_or_by_card, frozenset({"paid_out_of_band"})
    ),
    ("POST", "/v1/invoiceitems"): creation(
        invoice_calls.add_line, "customer", "invoice", "pricing.price", "quantity"
    ),
    ("GET", "/v1/invoiceitems"): listing("invoiceitem", "invoice"),
    ("GET", "/v1/invoice_payments"): listing("invoice_payment", "invoice", "payment", "status"),
    ("GET", "/v1/invoice_payments/{invoice_payment}"): get("invoice_payment"),
    ("POST", "/v1/credit_notes"): creation(
        create_credit_note, "invoice", "amount", "memo", "email_type"
    ),
    ("GET", "/v1/credit_notes"): listing("credit_note", "customer", "invoice"),
    ("GET", "/v1/credit_notes/{id}"): get("credit_note"),
    ("POST", "/v1/refunds"): creation(
        returns.refund, "payment_intent", "charge", "amount", "reason", "metadata"
    ),
    ("GET", "/v1/refunds"): listing("refund", "charge", "payment_intent"),
    ("GET", "/v1/refunds/{refund}"): get("refund"),
    ("POST", "/v1/refunds/{refund}"): changing("refund", "metadata"),
    ("GET", "/v1/disputes"): listing("dispute", "charge", "payment_intent"),
    ("GET", "/v1/disputes/{dispute}"): get("dispute"),
    ("POST", "/v1/disputes/{dispute}"): _on(
        "dispute", returns.answer_dispute, "evidence.uncategorized_text"
    ),
    ("POST", "/v1/disputes/{dispute}/close"): _plain(
        "dispute", lambda account, found: returns.close_dispute(account, found, won=False)
    ),
    ("POST", "/v1/billing_portal/sessions"): Answerer(
        lambda call: open_portal(call.account, call.params, call.site),
        frozenset({"customer", "return_url"}),
    ),
    ("POST", "/v1/test_helpers/test_clocks"): creation(_start_clock, "frozen_time"),
    ("GET", "/v1/test_helpers/test_clocks/{test_clock}"): get("test_helpers.test_clock"),
    ("POST", "/v1/test_helpers/test_clocks/{test_clock}/advance"): _on(
        "test_helpers.test_clock", _advance_clock, "frozen_time"
    ),
}  # fmt: skip
