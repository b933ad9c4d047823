"""Subscriptions over time: the first term, renewals by the clock, cancelling, resuming."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.billing_objects import new_invoice, new_subscription
from portal.sandbox.cards import find_card
from portal.sandbox.charging import attempt, fail_invoice, settle_invoice
from portal.sandbox.errors import StripeError
from portal.sandbox.objects import new_payment_intent
from portal.sandbox.periods import period_end
from portal.sandbox.store import JSON

_ENDED = ("canceled", "incomplete_expired")


def start_subscription(
    account: Account, session: JSON, intent: JSON, method: JSON, *, site: str
) -> None:
    """Begin what a paid checkout sold, with its first invoice settled by the checkout's intent."""
    subscription = new_subscription(account, session, session["_line_items"], method["id"])
    subscription["_site"] = site
    invoice = _bill(account, subscription, "subscription_create")
    account.save(subscription)
    account.emit("customer.subscription.created", subscription)
    settle_invoice(account, invoice, intent)
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}


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
    """At the end of a term: cancel if so wished, else bill the next one."""
    if subscription["cancel_at_period_end"]:
        cancel(account, subscription)
        return
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
    _collect(account, subscription, _bill(account, subscription, "subscription_cycle"))
    account.save(subscription)
    account.emit("customer.subscription.updated", subscription, {"status": None})


def set_cancel_at_period_end(account: Account, subscription: JSON, *, cancel_then: bool) -> None:
    """Stop, or keep, a subscription at the end of its term; refuses one that has ended."""
    if subscription["status"] in _ENDED:
        raise StripeError("A canceled subscription can only update its cancellation_details.")
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
    """End a subscription now; refuses one that has ended."""
    if subscription["status"] in _ENDED:
        raise StripeError(
            f"No such subscription: '{subscription['id']}'", status=404, code="resource_missing"
        )
    now = account.now()
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
    }
    subscription["cancellation_details"]["reason"] = "cancellation_requested"
    account.save(subscription)
    account.emit("customer.subscription.deleted", subscription)


def _bill(account: Account, subscription: JSON, reason: str) -> JSON:
    customer = account.get("customer", subscription["customer"])
    invoice = new_invoice(account, subscription, customer, reason)
    invoice["hosted_invoice_url"] = f"{subscription['_site']}/receipts/{invoice['id']}"
    customer["next_invoice_sequence"] += 1
    account.save(customer)
    account.save(invoice)
    subscription["latest_invoice"] = invoice["id"]
    account.emit("invoice.created", invoice)
    account.emit("invoice.finalized", invoice)
    return invoice


def _collect(account: Account, subscription: JSON, invoice: JSON) -> None:
    """Charge the card on file for an invoice, without the payer."""
    method = account.get("payment_method", subscription["default_payment_method"])
    card = find_card(method["_number"])
    if card is None:
        raise StripeError("The card on file is not a test card.")
    intent = new_payment_intent(
        account, invoice["currency"], invoice["amount_due"], invoice["customer"]
    )
    attempt(account, intent, method, card.declined_later, site=subscription["_site"])
    if card.declined_later is None:
        settle_invoice(account, invoice, intent)
        subscription["status"] = "active"
    else:
        fail_invoice(account, invoice, intent, card)
        subscription["status"] = "past_due"
