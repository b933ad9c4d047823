"""Subscriptions over time: the first term, renewals by the clock, cancelling, resuming."""

from __future__ import annotations

from portal.sandbox import schedules
from portal.sandbox.account import Account
from portal.sandbox.billing_objects import new_subscription
from portal.sandbox.charging import settle_invoice
from portal.sandbox.errors import StripeError
from portal.sandbox.invoice_objects import new_invoice, set_lines, subscription_line
from portal.sandbox.invoicing import charge_on_file, draft, finalize
from portal.sandbox.periods import period_end
from portal.sandbox.store import JSON

_ENDED = ("canceled", "incomplete_expired")


def start_subscription(
    account: Account, session: JSON, intent: JSON, method: JSON, *, site: str
) -> None:
    """Begin what a paid checkout sold, with its first invoice settled by the checkout's intent."""
    subscription = new_subscription(
        account, session["customer"], session["_line_items"], session["_subscription_metadata"]
    )
    subscription |= {"default_payment_method": method["id"], "_site": site}
    invoice = bill(account, subscription, "subscription_create")
    account.save(subscription)
    account.emit("customer.subscription.created", subscription)
    settle_invoice(account, invoice, intent)
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}


def create_subscription(account: Account, params: JSON, site: str) -> JSON:
    """Begin a subscription by API: only with sent invoices, since cards are taken by checkouts."""
    customer = account.get("customer", params["customer"], "customer")
    if params.get("collection_method") != "send_invoice" or "days_until_due" not in params:
        raise StripeError(
            "The sandbox begins subscriptions without a checkout only with "
            "collection_method=send_invoice and days_until_due.",
            param="collection_method",
        )
    lines = [
        {"price": recurring_price(account, item), "quantity": item.get("quantity", 1)}
        for item in params.get("items", [])
    ]
    if not lines:
        raise StripeError("Missing required param: items.", code="parameter_missing", param="items")
    metadata = {name: value for name, value in params.get("metadata", {}).items() if value != ""}
    subscription = new_subscription(account, customer["id"], lines, metadata)
    subscription |= {
        "collection_method": "send_invoice",
        "days_until_due": params["days_until_due"],
        "_site": site,
    }
    subscription["invoice_settings"] |= params.get("invoice_settings", {})
    bill(account, subscription, "subscription_create")
    account.save(subscription)
    account.emit("customer.subscription.created", subscription)
    return subscription


def recurring_price(account: Account, item: JSON) -> JSON:
    """The active, recurring price that an item names."""
    if "price" not in item:
        raise StripeError(
            "Missing required param: items[0][price].",
            code="parameter_missing",
            param="items[0][price]",
        )
    price = account.get("price", item["price"], "items[0][price]")
    if not price["active"] or price["recurring"] is None:
        raise StripeError("The price specified is inactive or not recurring.", param="items")
    return price


def term_end(subscription: JSON) -> int:
    """When the paid term ends; all items of one subscription share their period."""
    end: int = subscription["items"]["data"][0]["current_period_end"]
    return end


def running(account: Account) -> list[JSON]:
    """Subscriptions that will still be billed or cancelled."""
    return [
        subscription
        for subscription in account.store.newest_first("subscription")
        if subscription["status"] not in _ENDED
    ]


def end_term(account: Account, subscription: JSON) -> None:
    """At the end of a term: cancel if so wished, else change what is scheduled, bill the next."""
    if subscription["cancel_at_period_end"]:
        cancel(account, subscription)
        return
    schedules.enter_next_phase(account, subscription, term_end(subscription))
    subscription["_periods"] += 1
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] = period_end(
            subscription["billing_cycle_anchor"],
            recurring["interval"],
            recurring["interval_count"],
            subscription["_periods"],
        )
    invoice = bill(account, subscription, "subscription_cycle")
    if invoice["status"] == "open":
        paid = charge_on_file(account, invoice, subscription)
        subscription["status"] = "active" if paid else "past_due"
    account.save(subscription)
    account.emit("customer.subscription.updated", subscription, {"status": None})


def set_cancel_at_period_end(account: Account, subscription: JSON, *, cancel_then: bool) -> None:
    """Stop, or keep, a subscription at the end of its term.

    Refuses one that has ended, and one that a schedule manages.
    """
    if subscription["status"] in _ENDED:
        raise StripeError("A canceled subscription can only update its cancellation_details.")
    if subscription["schedule"] is not None:
        raise StripeError(
            f"The subscription is managed by the subscription schedule "
            f"`{subscription['schedule']}`, and updating any cancelation behavior directly is not "
            "allowed."
        )
    before = {"cancel_at_period_end": subscription["cancel_at_period_end"]}
    subscription |= {
        "cancel_at_period_end": cancel_then,
        "cancel_at": term_end(subscription) if cancel_then else None,
        "canceled_at": account.now() if cancel_then else None,
    }
    subscription["cancellation_details"]["reason"] = (
        "cancellation_requested" if cancel_then else None
    )
    account.save(subscription)
    account.emit("customer.subscription.updated", subscription, before)


def cancel(account: Account, subscription: JSON) -> None:
    """End a subscription now, and its schedule; refuses one that has ended."""
    if subscription["status"] in _ENDED:
        raise StripeError(
            f"No such subscription: '{subscription['id']}'", status=404, code="resource_missing"
        )
    now = account.now()
    schedules.cancel_with(account, subscription)
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
        "pending_update": None,
    }
    subscription["cancellation_details"]["reason"] = "cancellation_requested"
    for invoice in open_invoices(account, subscription):
        account.save(invoice | {"next_payment_attempt": None, "auto_advance": False})
    account.save(subscription)
    account.emit("customer.subscription.deleted", subscription)


def open_invoices(account: Account, subscription: JSON) -> list[JSON]:
    """Issued, unpaid invoices of a subscription."""
    return [
        invoice
        for invoice in account.store.newest_first("invoice")
        if invoice["status"] == "open"
        and invoice["parent"] is not None
        and invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]


def miss_due_date(account: Account, invoice: JSON) -> None:
    """The last day to pay a sent invoice has gone by."""
    account.save(invoice | {"_overdue": True})
    account.emit("invoice.overdue", invoice)
    if invoice["parent"] is None:
        return
    details = invoice["parent"]["subscription_details"]
    subscription = account.get("subscription", details["subscription"])
    if subscription["status"] == "active":
        subscription["status"] = "past_due"
        account.save(subscription)
        account.emit("customer.subscription.updated", subscription, {"status": "active"})


def recover(account: Account, subscription: JSON) -> None:
    """A subscription without overdue invoices is active again."""
    overdue = [
        invoice
        for invoice in open_invoices(account, subscription)
        if invoice.get("_overdue")
        or (
            invoice["collection_method"] == "charge_automatically"
            and invoice["id"] != subscription.get("_pending_invoice")
        )
    ]
    if subscription["status"] == "past_due" and not overdue:
        subscription["status"] = "active"
        account.save(subscription)
        account.emit("customer.subscription.updated", subscription, {"status": "past_due"})


def bill(
    account: Account, subscription: JSON, reason: str, lines: list[JSON] | None = None
) -> JSON:
    """Draw up the invoice of a term, or of ``lines``; what is to be sent is held back first."""
    customer = account.get("customer", subscription["customer"])
    invoice = new_invoice(account, customer, subscription["currency"], reason, subscription)
    if lines is None:
        items = subscription["items"]["data"]
        lines = [subscription_line(account, invoice, subscription, item) for item in items]
    set_lines(invoice, [line | {"invoice": invoice["id"]} for line in lines])
    sent = subscription["collection_method"] == "send_invoice"
    invoice |= {
        "collection_method": subscription["collection_method"],
        "custom_fields": subscription["invoice_settings"].get("custom_fields"),
        "_days_until_due": subscription["days_until_due"] if sent else None,
    }
    hold = sent and reason != "subscription_update"
    draft(account, invoice, site=subscription["_site"], hold=hold)
    subscription["latest_invoice"] = invoice["id"]
    return invoice if hold else finalize(account, invoice)
