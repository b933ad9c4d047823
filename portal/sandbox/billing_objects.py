"""New subscriptions in the shape of the pinned API version."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.objects import listed
from portal.sandbox.periods import period_end
from portal.sandbox.store import JSON

_NO_TAX: JSON = {"disabled_reason": None, "enabled": False, "liability": None}


def new_subscription(
    account: Account, customer: str, lines: list[JSON], metadata: dict[str, str]
) -> JSON:
    """A subscription to what ``lines`` name with price and quantity; periods stand on its items."""
    now = account.now()
    subscription: JSON = {
        "id": account.new_id("sub"),
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": dict(_NO_TAX),
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": lines[0]["price"]["currency"],
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": dict(metadata),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": ["card"],
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
        "_periods": 1,
    }
    items = [_new_item(account, subscription, line) for line in lines]
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    return subscription | {"items": listed(url, items)}


def _new_item(account: Account, subscription: JSON, line: JSON) -> JSON:
    price = line["price"]
    recurring = price["recurring"]
    start = subscription["billing_cycle_anchor"]
    return {
        "id": account.new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": start,
        "current_period_end": period_end(
            start, recurring["interval"], recurring["interval_count"], 1
        ),
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(price),
        "price": price,
        "quantity": line["quantity"],
        "subscription": subscription["id"],
        "tax_rates": [],
    }


def plan_of(price: JSON) -> JSON:
    """The older description of a recurring price, which items still carry."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
