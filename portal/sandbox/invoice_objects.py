"""New invoices, their lines and payments in the shape of the pinned API version."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.objects import listed
from portal.sandbox.store import JSON

_NO_TAX: JSON = {
    "disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None,
}  # fmt: skip


def new_invoice(
    account: Account, customer: JSON, currency: str, reason: str, subscription: JSON | None = None
) -> JSON:
    """A draft without lines, for a subscription or for itself."""
    now = account.now()
    identifier = account.new_id("in")
    return {
        "id": identifier,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": dict(_NO_TAX),
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listed(f"/v1/invoices/{identifier}/lines", []),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": _parent(subscription) if subscription else None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
        "_days_until_due": None,
    }


def _parent(subscription: JSON) -> JSON:
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": dict(subscription["metadata"]),
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }


def set_lines(invoice: JSON, lines: list[JSON]) -> JSON:
    """Put lines on a draft and sum them up."""
    total = sum(line["amount"] for line in lines)
    names = ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")
    invoice |= dict.fromkeys(names, total)
    invoice |= dict.fromkeys(("amount_due", "amount_remaining"), max(total, 0))
    invoice["lines"]["data"] = lines
    return invoice


def subscription_line(
    account: Account,
    invoice: JSON,
    subscription: JSON,
    item: JSON,
    *,
    amount: int | None = None,
    start: int | None = None,
    description: str | None = None,
) -> JSON:
    """A line for an item's period, or with ``amount`` for the part of it that begins at start."""
    price, quantity = item["price"], item["quantity"]
    whole = price["unit_amount"] * quantity
    line = _new_line(account, invoice, price, quantity, whole if amount is None else amount)
    return line | {
        "description": description,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": amount is not None,
                "proration_details": None,
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {
            "end": item["current_period_end"],
            "start": item["current_period_start"] if start is None else start,
        },
    }


def single_line(
    account: Account, invoice: JSON, price: JSON, quantity: int, invoice_item: str
) -> JSON:
    """A line that no subscription asked for."""
    now = account.now()
    amount = price["unit_amount"] * quantity
    return _new_line(account, invoice, price, quantity, amount) | {
        "parent": {
            "invoice_item_details": {
                "invoice_item": invoice_item,
                "proration": False,
                "proration_details": None,
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"end": now, "start": now},
    }


def _new_line(account: Account, invoice: JSON, price: JSON, quantity: int, amount: int) -> JSON:
    return {
        "id": account.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "subtotal": amount,
        "taxes": [],
    }


def new_invoice_payment(account: Account, invoice: JSON, intent: str) -> JSON:
    """The tie between an invoice and the intent that is to pay it."""
    return {
        "id": account.new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": account.now(),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
