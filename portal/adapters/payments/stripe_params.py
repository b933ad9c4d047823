"""Our words as Stripe's parameters; calls nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from portal.adapters.payments.stripe_amounts import to_stripe
from portal.ports.payments import ChangeRequest, CheckoutRequest, Interval, InvoicedRequest

if TYPE_CHECKING:
    # For the type checker alone: at run time the SDK is loaded by the calls.
    from stripe.params import (
        CustomerCreateParams,
        InvoiceCreateParams,
        PriceCreateParams,
        SubscriptionCreateParams,
        SubscriptionScheduleUpdateParams,
        SubscriptionUpdateParams,
    )
    from stripe.params.checkout import SessionCreateParams

RECURRING: dict[Interval, Literal["week", "month", "year"]] = {
    Interval.WEEK: "week",
    Interval.MONTH: "month",
    Interval.YEAR: "year",
}
PO_FIELD = "PO number"


def session_params(request: CheckoutRequest, price: str, payer: str) -> SessionCreateParams:
    """A hosted checkout that carries our reference, and so will all it leads to."""
    metadata = _metadata(request)
    params: SessionCreateParams = {
        "mode": "payment" if request.interval is Interval.ONE_TIME else "subscription",
        "line_items": [{"price": price, "quantity": 1}],
        "allowed_payment_method_types": ["card"],
        "customer": payer,
        "client_reference_id": request.reference,
        "metadata": metadata,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
    }
    if request.interval is Interval.ONE_TIME:
        params["payment_intent_data"] = {"metadata": metadata}
    else:
        params["subscription_data"] = {"metadata": metadata}
    return params


def price_params(request: CheckoutRequest | InvoicedRequest | ChangeRequest) -> PriceCreateParams:
    """A tier's price under its reference, made together with its product."""
    amount, currency = to_stripe(request.price)
    params: PriceCreateParams = {
        "currency": currency,
        "unit_amount": amount,
        "lookup_key": request.tier_reference,
        "metadata": {"tier_reference": request.tier_reference},
        "product_data": {
            "name": request.tier_name,
            "metadata": {"tier_reference": request.tier_reference, "project": request.project},
        },
    }
    if interval := RECURRING.get(request.interval):
        params["recurring"] = {"interval": interval, "interval_count": 1}
    return params


def payer_params(request: CheckoutRequest | InvoicedRequest) -> CustomerCreateParams:
    """A customer that carries our reference."""
    return {
        "name": request.payer_name,
        "email": request.payer_email,
        "metadata": {"payer_reference": request.payer_reference},
    }


def invoiced_params(request: InvoicedRequest, price: str, payer: str) -> SubscriptionCreateParams:
    """A subscription whose invoices are sent, with our reference and the buyer's PO number."""
    params: SubscriptionCreateParams = {
        "customer": payer,
        "items": [{"price": price, "quantity": 1}],
        "collection_method": "send_invoice",
        "days_until_due": request.days_until_due,
        "metadata": _metadata(request) | {"po_number": request.po_number},
    }
    if request.po_number:
        params["invoice_settings"] = {
            "custom_fields": [{"name": PO_FIELD, "value": request.po_number}]
        }
    return params


def one_invoice_params(request: InvoicedRequest, payer: str) -> InvoiceCreateParams:
    """A single invoice that nothing renews."""
    params: InvoiceCreateParams = {
        "customer": payer,
        "currency": to_stripe(request.price)[1],
        "collection_method": "send_invoice",
        "days_until_due": request.days_until_due,
        "pending_invoice_items_behavior": "exclude",
        "metadata": _metadata(request) | {"po_number": request.po_number},
    }
    if request.po_number:
        params["custom_fields"] = [{"name": PO_FIELD, "value": request.po_number}]
    return params


def invoice_collection_params(days_until_due: int, po_number: str) -> SubscriptionUpdateParams:
    """Send invoices from now on; an empty PO number forgets the old one."""
    return {
        "collection_method": "send_invoice",
        "days_until_due": days_until_due,
        "metadata": {"po_number": po_number},
        "invoice_settings": {
            "custom_fields": [{"name": PO_FIELD, "value": po_number}] if po_number else ""
        },
    }


def phases_params(
    request: ChangeRequest, *, old_price: str, new_price: str, starts_at: int, changes_at: int
) -> SubscriptionScheduleUpdateParams:
    """The tier of now until the paid term ends, then the other one for a term, then no schedule."""
    return {
        "end_behavior": "release",
        "proration_behavior": "none",
        "metadata": {"reference": request.reference, "tier_reference": request.tier_reference},
        "phases": [
            {
                "items": [{"price": old_price, "quantity": 1}],
                "start_date": starts_at,
                "end_date": changes_at,
                "proration_behavior": "none",
            },
            {
                "items": [{"price": new_price, "quantity": 1}],
                "start_date": changes_at,
                "duration": {"interval": RECURRING[request.interval], "interval_count": 1},
                "proration_behavior": "none",
            },
        ],
    }


def _metadata(request: CheckoutRequest | InvoicedRequest) -> dict[str, str]:
    return {
        "reference": request.reference,
        "project": request.project,
        "tier_reference": request.tier_reference,
    }
