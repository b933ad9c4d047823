"""Our words as Stripe's parameters, and Stripe's objects in our words; calls nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from portal.adapters.payments.stripe_amounts import from_stripe, to_stripe
from portal.ports.payments import (
    CheckoutRequest,
    CheckoutSeen,
    CheckoutState,
    EventSeen,
    Interval,
    PaymentSeen,
    RenewalSeen,
    RenewalState,
)

if TYPE_CHECKING:
    # For the type checker alone: at run time the SDK is loaded by the gateway.
    import stripe
    from stripe.checkout import Session
    from stripe.params import CustomerCreateParams, PriceCreateParams
    from stripe.params.checkout import SessionCreateParams

_RENEWAL_STATES = {
    "incomplete": RenewalState.INCOMPLETE,
    "trialing": RenewalState.ACTIVE,
    "active": RenewalState.ACTIVE,
    "past_due": RenewalState.PAST_DUE,
    "unpaid": RenewalState.PAST_DUE,
    "paused": RenewalState.PAST_DUE,
    "canceled": RenewalState.ENDED,
    "incomplete_expired": RenewalState.ENDED,
}
RECURRING: dict[Interval, Literal["week", "month", "year"]] = {
    Interval.WEEK: "week",
    Interval.MONTH: "month",
    Interval.YEAR: "year",
}


def session_params(request: CheckoutRequest, price: str, payer: str) -> SessionCreateParams:
    """A hosted checkout that carries our reference, and so will all it leads to."""
    metadata = {
        "reference": request.reference,
        "project": request.project,
        "tier_reference": request.tier_reference,
    }
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


def price_params(request: CheckoutRequest) -> PriceCreateParams:
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


def payer_params(request: CheckoutRequest) -> CustomerCreateParams:
    """A customer that carries our reference."""
    return {
        "name": request.payer_name,
        "email": request.payer_email,
        "metadata": {"payer_reference": request.payer_reference},
    }


def checkout_seen(session: Session) -> CheckoutSeen:
    """A checkout whose subscription, invoice and payment intent were expanded."""
    subscription = session.subscription
    if isinstance(subscription, str):
        raise TypeError("the subscription was not expanded")
    return CheckoutSeen(
        checkout_id=session.id,
        reference=noted(session.metadata, "reference"),
        state=CheckoutState(session.status or "open"),
        payer_id=_id_of(session.customer),
        payment=_payment_of(session),
        renewal=renewal_seen(subscription) if subscription else None,
    )


def _payment_of(session: Session) -> PaymentSeen | None:
    """What a checkout took: by its invoice where it recurs, else by its payment intent."""
    invoice, intent = session.invoice, session.payment_intent
    if isinstance(invoice, str) or isinstance(intent, str):
        raise TypeError("invoice and payment intent were not expanded")
    if invoice is not None:
        return next(iter(payments_of(invoice)), None)
    if intent is None or intent.status != "succeeded":
        return None
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str):
        raise TypeError("the charge was not expanded")
    return PaymentSeen(
        payment_id=intent.id,
        money=from_stripe(intent.amount_received, intent.currency),
        paid_at=instant(charge.created),
        receipt_url=charge.receipt_url,
    )


def payments_of(invoice: stripe.Invoice) -> list[PaymentSeen]:
    """The succeeded payments of an invoice; an open attempt or a void one is none."""
    payments = invoice.payments.data if invoice.payments else []
    return [
        PaymentSeen(
            payment_id=_id_of(getattr(payment.payment, "payment_intent", None)) or payment.id,
            money=from_stripe(payment.amount_paid or 0, payment.currency),
            paid_at=instant(payment.status_transitions.paid_at or payment.created),
            receipt_url=invoice.hosted_invoice_url,
        )
        for payment in payments
        if payment.status == "paid"
    ]


def renewal_seen(subscription: stripe.Subscription) -> RenewalSeen:
    """A subscription to one tier: its single item bears the price and the paid term."""
    (item,) = subscription.items.data
    amount = (item.price.unit_amount or 0) * (item.quantity or 1)
    return RenewalSeen(
        renewal_id=subscription.id,
        reference=noted(subscription.metadata, "reference"),
        state=_RENEWAL_STATES[subscription.status],
        price=from_stripe(amount, item.price.currency),
        term_starts_at=instant(item.current_period_start),
        term_ends_at=instant(item.current_period_end),
        cancel_at_term_end=subscription.cancel_at_period_end or subscription.cancel_at is not None,
    )


def event_seen(event: dict[str, Any]) -> EventSeen:
    """The event's own members and the ids it names; its object may be of any API version."""
    thing = event["data"]["object"]
    checkout = renewal = None
    match thing["object"]:
        case "checkout.session":
            checkout, renewal = thing["id"], thing.get("subscription")
        case "subscription":
            renewal = thing["id"]
        case "invoice":
            parent = thing.get("parent") or {}
            renewal = (parent.get("subscription_details") or {}).get("subscription")
    return EventSeen(
        event_id=event["id"],
        kind=event["type"],
        livemode=event["livemode"],
        created_at=instant(event["created"]),
        checkout_id=checkout,
        renewal_id=renewal,
    )


def _id_of(thing: Any) -> str | None:  # noqa: ANN401 - an id or one of the SDK's objects
    return thing if thing is None or isinstance(thing, str) else thing.id


def noted(metadata: Any, name: str) -> str | None:  # noqa: ANN401 - free attributes in the SDK
    """What we once noted in an object's metadata."""
    value: str | None = getattr(metadata, name, None)
    return value


def instant(seconds: int) -> datetime:
    """Unix seconds as an instant in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
