"""Subscription schedules: another price from the end of the term on."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.billing_objects import plan_of
from portal.sandbox.errors import StripeError
from portal.sandbox.periods import period_end
from portal.sandbox.store import JSON


def create(account: Account, params: JSON) -> JSON:
    """A schedule with one phase: what an existing subscription does until its term ends."""
    if "from_subscription" not in params:
        raise StripeError(
            "The sandbox makes schedules from subscriptions only.", param="from_subscription"
        )
    subscription = account.get("subscription", params["from_subscription"], "from_subscription")
    if subscription["schedule"] is not None or subscription["status"] == "canceled":
        raise StripeError(
            "You cannot migrate a subscription that is already attached to a schedule, or ended.",
            param="from_subscription",
        )
    (item,) = subscription["items"]["data"]
    start, end = item["current_period_start"], item["current_period_end"]
    phase = _phase(item["price"]["id"], item["quantity"], subscription["currency"], start, end)
    schedule = account.save(_new_schedule(account, subscription, phase))
    subscription["schedule"] = schedule["id"]
    account.save(subscription)
    account.emit("subscription_schedule.created", schedule)
    return schedule


def update(account: Account, schedule: JSON, params: JSON) -> JSON:
    """Replace the phases; they must follow one another without a gap."""
    _require_active(schedule)
    schedule |= {name: params[name] for name in ("end_behavior",) if name in params}
    schedule["metadata"] |= params.get("metadata", {})
    phases: list[JSON] = []
    for wish in params.get("phases", []):
        phase = _read_phase(account, schedule, wish, phases)
        if phases and phase["start_date"] != phases[-1]["end_date"]:
            raise StripeError("Phases must follow one another.", param="phases")
        phases.append(phase)
    if phases:
        schedule["phases"] = phases
    account.save(schedule)
    account.emit("subscription_schedule.updated", schedule)
    return schedule


def release(account: Account, schedule: JSON) -> JSON:
    """Let the subscription go on as it is, without the schedule."""
    _require_active(schedule)
    subscription = account.get("subscription", schedule["subscription"])
    subscription["schedule"] = None
    account.save(subscription)
    _release(account, schedule)
    return schedule


def enter_next_phase(account: Account, subscription: JSON, at: int) -> None:
    """At the end of a term take over the price of the phase that begins; the last one releases."""
    if subscription["schedule"] is None:
        return
    schedule = account.get("subscription_schedule", subscription["schedule"])
    phase = next((phase for phase in schedule["phases"] if phase["start_date"] == at), None)
    if phase is None:
        if schedule["phases"][-1]["end_date"] <= at:
            subscription["schedule"] = None
            _release(account, schedule)
        return
    (item,) = subscription["items"]["data"]
    (wish,) = phase["items"]
    price = account.get("price", wish["price"])
    if item["price"]["recurring"] != price["recurring"]:
        subscription |= {"billing_cycle_anchor": at, "_periods": 0}
    item |= {"price": price, "plan": plan_of(price), "quantity": wish["quantity"]}
    schedule["current_phase"] = {
        "start_date": phase["start_date"], "end_date": phase["end_date"],
    }  # fmt: skip
    account.save(schedule)
    account.emit("subscription_schedule.updated", schedule)


def cancel_with(account: Account, subscription: JSON) -> None:
    """A subscription that ends takes its schedule along."""
    if subscription["schedule"] is None:
        return
    schedule = account.get("subscription_schedule", subscription["schedule"])
    schedule |= {"status": "canceled", "canceled_at": account.now(), "current_phase": None}
    account.save(schedule)
    subscription["schedule"] = None
    account.emit("subscription_schedule.canceled", schedule)


def _release(account: Account, schedule: JSON) -> None:
    schedule |= {
        "status": "released",
        "released_at": account.now(),
        "released_subscription": schedule["subscription"],
        "subscription": None,
        "current_phase": None,
    }
    account.save(schedule)
    account.emit("subscription_schedule.released", schedule)


def _require_active(schedule: JSON) -> None:
    if schedule["status"] != "active":
        raise StripeError(
            f"This subscription schedule is currently in the `{schedule['status']}` status."
        )


def _read_phase(account: Account, schedule: JSON, wish: JSON, before: list[JSON]) -> JSON:
    if len(wish["items"]) != 1 or "price" not in wish["items"][0]:
        raise StripeError("The sandbox schedules exactly one price per phase.", param="phases")
    (item,) = wish["items"]
    price = account.get("price", item["price"], "phases")
    start = wish.get("start_date", before[-1]["end_date"] if before else None)
    if start is None:
        raise StripeError("The first phase needs a start_date.", param="phases")
    if ("end_date" in wish) == ("duration" in wish):
        raise StripeError("Give exactly one of end_date and duration.", param="phases")
    if "end_date" in wish:
        end = wish["end_date"]
    else:
        duration = wish["duration"]
        end = period_end(start, duration["interval"], duration.get("interval_count", 1), 1)
    currency = schedule["phases"][0]["currency"]
    if price["currency"] != currency or end <= start:
        raise StripeError("A phase has the schedule's currency and some length.", param="phases")
    return _phase(price["id"], item.get("quantity", 1), currency, start, end)


def _phase(price: str, quantity: int, currency: str, start: int, end: int) -> JSON:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": {},
                "plan": price,
                "price": price,
                "quantity": quantity,
                "tax_rates": [],
            }
        ],
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "none",
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
    }


def _new_schedule(account: Account, subscription: JSON, phase: JSON) -> JSON:
    return {
        "id": account.new_id("sub_sched"),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "canceled_at": None,
        "completed_at": None,
        "created": account.now(),
        "current_phase": {"start_date": phase["start_date"], "end_date": phase["end_date"]},
        "customer": subscription["customer"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": subscription["collection_method"],
            "default_payment_method": subscription["default_payment_method"],
            "description": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "days_until_due": subscription["days_until_due"],
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [phase],
        "released_at": None,
        "released_subscription": None,
        "status": "active",
        "subscription": subscription["id"],
        "test_clock": None,
    }
