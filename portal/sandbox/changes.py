"""Another price in the middle of a term: previewed, invoiced at once, made when it is paid."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.amounts import share
from portal.sandbox.billing import bill, recover, recurring_price
from portal.sandbox.billing_objects import plan_of
from portal.sandbox.errors import StripeError
from portal.sandbox.invoice_objects import new_invoice, set_lines, subscription_line
from portal.sandbox.invoicing import charge_on_file, void
from portal.sandbox.periods import period_end
from portal.sandbox.store import JSON

_PENDING_LASTS = 23 * 3600


def preview(account: Account, params: JSON) -> JSON:
    """The invoice that a change would lead to; nothing is kept."""
    subscription = account.get("subscription", params.get("subscription", ""), "subscription")
    details = params.get("subscription_details", {})
    item, changed = _wanted(account, subscription, details)
    customer = account.get("customer", subscription["customer"])
    reason = "subscription_update"
    invoice = new_invoice(account, customer, subscription["currency"], reason, subscription)
    invoice["id"] = f"upcoming_{invoice['id']}"
    at = _instant(account, item, details)
    return set_lines(invoice, _lines(account, subscription, item, changed, at))


def change_items(account: Account, subscription: JSON, params: JSON) -> None:
    """Move to another price now.

    With ``always_invoice`` the difference is invoiced and charged; with ``pending_if_incomplete``
    the change waits until that is paid.
    """
    item, changed = _wanted(account, subscription, params)
    if item["price"]["id"] == changed["price"]["id"]:
        return
    if params["proration_behavior"] == "none":
        _make(account, subscription, changed)
        return
    at = _instant(account, item, params)
    lines = _lines(account, subscription, item, changed, at)
    changed |= {"_at": at}
    waits = params.get("payment_behavior") == "pending_if_incomplete"
    if not waits:
        _make(account, subscription, changed)
    invoice = bill(account, subscription, "subscription_update", lines)
    charged = subscription["collection_method"] == "charge_automatically"
    paid = invoice["status"] == "paid" or (
        charged and charge_on_file(account, invoice, subscription)
    )
    if waits and paid:
        _make(account, subscription, changed)
    elif waits:
        subscription["pending_update"] = {
            "billing_cycle_anchor": None,
            "expires_at": account.now() + _PENDING_LASTS,
            "subscription_items": [_public(changed)],
            "trial_end": None,
            "trial_from_plan": None,
        }
        subscription |= {"_pending_item": changed, "_pending_invoice": invoice["id"]}
        account.emit("customer.subscription.updated", subscription, {"pending_update": None})
    elif charged and not paid:
        subscription["status"] = "past_due"
    account.save(subscription)


def invoice_paid(account: Account, invoice: JSON) -> None:
    """What a paid invoice sets free: a change that waited for it, a subscription in arrears."""
    if invoice["parent"] is None:
        return
    details = invoice["parent"]["subscription_details"]
    subscription = account.get("subscription", details["subscription"])
    waiting = subscription["pending_update"] is not None
    if waiting and subscription["_pending_invoice"] == invoice["id"]:
        subscription["pending_update"] = None
        _make(account, subscription, subscription["_pending_item"])
        account.emit("customer.subscription.pending_update_applied", subscription)
    recover(account, subscription)


def charge_again(account: Account, invoice: JSON) -> bool:
    """Try the card on file for an open invoice of a subscription; False if that fails again."""
    details = invoice["parent"]["subscription_details"]
    subscription = account.get("subscription", details["subscription"])
    paid = charge_on_file(account, invoice, subscription)
    if paid:
        invoice_paid(account, invoice)
    return paid


def drop_pending(account: Account, subscription: JSON) -> None:
    """A change that was not paid in time is forgotten, and its invoice withdrawn."""
    subscription["pending_update"] = None
    account.save(subscription)
    invoice = account.get("invoice", subscription["_pending_invoice"])
    if invoice["status"] == "open":
        void(account, invoice)
    account.emit("customer.subscription.pending_update_expired", subscription)


def _wanted(account: Account, subscription: JSON, params: JSON) -> tuple[JSON, JSON]:
    """The item as it is and as it is to be; one item with another price is all that is offered."""
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise StripeError("A canceled subscription can only update its cancellation_details.")
    wishes = params.get("items", [])
    items = {item["id"]: item for item in subscription["items"]["data"]}
    if len(wishes) != 1 or wishes[0].get("id") not in items:
        raise StripeError("The sandbox changes exactly one existing item.", param="items")
    if params.get("proration_behavior") not in ("always_invoice", "none"):
        raise StripeError(
            "The sandbox knows proration_behavior=always_invoice and none.",
            param="proration_behavior",
        )
    item, price = items[wishes[0]["id"]], recurring_price(account, wishes[0])
    if price["currency"] != subscription["currency"]:
        raise StripeError("The currency of a subscription cannot change.", param="items")
    changed = item | {"price": price, "plan": plan_of(price)}
    return item, changed


def _instant(account: Account, item: JSON, params: JSON) -> int:
    at: int = params.get("proration_date", account.now())
    if not item["current_period_start"] <= at <= item["current_period_end"]:
        raise StripeError(
            "The proration_date must be within the current period.", param="proration_date"
        )
    return at


def _lines(account: Account, subscription: JSON, item: JSON, changed: JSON, at: int) -> list[JSON]:
    """The unused rest of the old price as credit, and the new one for the same rest.

    With another interval a new term begins, and is charged whole.
    """
    whole = item["current_period_end"] - item["current_period_start"]
    left = item["current_period_end"] - at
    blank: JSON = {"id": ""}

    def amount(of: JSON) -> int:
        price = of["price"]
        return share(price["unit_amount"] * of["quantity"], left, whole, price["currency"])

    credit = subscription_line(
        account, blank, subscription, item,
        amount=-amount(item), start=at, description="Unused time",
    )  # fmt: skip
    if _same_interval(item, changed):
        rest = subscription_line(
            account, blank, subscription, changed,
            amount=amount(changed), start=at, description="Remaining time",
        )  # fmt: skip
    else:
        fresh = _restarted(changed, at)
        rest = subscription_line(account, blank, subscription, fresh)
    return [credit, rest]


def _make(account: Account, subscription: JSON, changed: JSON) -> None:
    (item,) = subscription["items"]["data"]
    at = changed.pop("_at", account.now())
    if not _same_interval(item, changed):
        changed = _restarted(changed, at)
        subscription |= {"billing_cycle_anchor": at, "_periods": 1}
    subscription["items"]["data"] = [changed]
    account.save(subscription)
    account.emit("customer.subscription.updated", subscription, {"items": None})


def _same_interval(item: JSON, changed: JSON) -> bool:
    names = ("interval", "interval_count")
    return all(
        item["price"]["recurring"][name] == changed["price"]["recurring"][name] for name in names
    )


def _restarted(item: JSON, at: int) -> JSON:
    recurring = item["price"]["recurring"]
    end = period_end(at, recurring["interval"], recurring["interval_count"], 1)
    return item | {"current_period_start": at, "current_period_end": end}


def _public(item: JSON) -> JSON:
    return {name: value for name, value in item.items() if not name.startswith("_")}
