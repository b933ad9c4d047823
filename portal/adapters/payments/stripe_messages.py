"""Stripe's objects in our words; calls nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portal.adapters.payments.stripe_amounts import from_stripe
from portal.domain.money import Money
from portal.ports.payments import (
    ChangePreview,
    CheckoutSeen,
    CheckoutState,
    Collection,
    DisputeSeen,
    DisputeState,
    EventSeen,
    InvoicePurpose,
    InvoiceSeen,
    InvoiceState,
    PaymentSeen,
    RefundSeen,
    RefundState,
    RenewalSeen,
    RenewalState,
    ScheduledChange,
)

if TYPE_CHECKING:
    # For the type checker alone: at run time the SDK is loaded by the calls.
    import stripe
    from stripe.checkout import Session

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
_COLLECTIONS = {
    "charge_automatically": Collection.CARD,
    "send_invoice": Collection.INVOICE,
}
_PURPOSES = {
    "subscription_create": InvoicePurpose.FIRST_TERM,
    "subscription_cycle": InvoicePurpose.RENEWAL,
    "subscription_update": InvoicePurpose.CHANGE,
}
_REFUND_STATES = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_DISPUTE_STATES = {
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    # Warnings and prevented disputes have not moved any money.
    "warning_needs_response": DisputeState.WARNED,
    "warning_under_review": DisputeState.WARNED,
    "warning_closed": DisputeState.WARNED,
    "prevented": DisputeState.WARNED,
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
        payer_id=id_of(session.customer),
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
    return intent_payment(intent) if intent is not None else None


def intent_payment(intent: stripe.PaymentIntent) -> PaymentSeen | None:
    """What a payment intent took, None if nothing; its charge was expanded."""
    charge = intent.latest_charge
    if intent.status != "succeeded":
        return None
    if charge is None or isinstance(charge, str):
        raise TypeError("the charge was not expanded")
    return PaymentSeen(
        payment_id=intent.id,
        money=from_stripe(intent.amount_received, intent.currency),
        paid_at=instant(charge.created),
        receipt_url=charge.receipt_url,
        fee=fee_of(charge),
        refunded_minor=refunded_of(charge),
        disputed=charge.disputed,
    )


def fee_of(charge: stripe.Charge) -> Money | None:
    """What Stripe keeps of a charge; None while that is not settled, or was not asked for."""
    booked = charge.balance_transaction
    if booked is None or isinstance(booked, str):
        return None
    return from_stripe(booked.fee, booked.currency)


def refunded_of(charge: stripe.Charge) -> int:
    """What was given back of a charge, in minor units of its currency."""
    return from_stripe(charge.amount_refunded, charge.currency).amount_minor


def payments_of(invoice: stripe.Invoice) -> list[PaymentSeen]:
    """The succeeded payments of an invoice; an open attempt or a void one is none."""
    payments = invoice.payments.data if invoice.payments else []
    return [
        PaymentSeen(
            payment_id=id_of(getattr(payment.payment, "payment_intent", None)) or payment.id,
            money=from_stripe(payment.amount_paid or 0, payment.currency),
            paid_at=instant(payment.status_transitions.paid_at or payment.created),
            receipt_url=invoice.hosted_invoice_url,
            invoice_id=invoice.id,
        )
        for payment in payments
        if payment.status == "paid"
    ]


def invoice_seen(invoice: stripe.Invoice) -> InvoiceSeen:
    """An invoice whose payments were expanded; paid without any, it was paid outside."""
    parent = invoice.parent.subscription_details if invoice.parent else None
    inherited = parent.metadata if parent else None
    payments = tuple(payments_of(invoice))
    state = InvoiceState(invoice.status or "draft")
    paid_at = invoice.status_transitions.paid_at
    return InvoiceSeen(
        invoice_id=invoice.id,
        number=invoice.number or "",
        reference=noted(invoice.metadata, "reference") or noted(inherited, "reference"),
        renewal_id=id_of(parent.subscription) if parent else None,
        purpose=_PURPOSES.get(invoice.billing_reason or "", InvoicePurpose.OTHER),
        state=state,
        total=from_stripe(invoice.total, invoice.currency),
        paid_minor=from_stripe(invoice.amount_paid, invoice.currency).amount_minor,
        issued_at=instant(invoice.status_transitions.finalized_at or invoice.created),
        due_at=instant(invoice.due_date) if invoice.due_date else None,
        paid_at=instant(paid_at) if paid_at else None,
        term_starts_at=instant(max(line.period.start for line in invoice.lines.data)),
        term_ends_at=instant(max(line.period.end for line in invoice.lines.data)),
        po_number=noted(invoice.metadata, "po_number") or noted(inherited, "po_number") or "",
        url=invoice.hosted_invoice_url,
        pdf_url=invoice.invoice_pdf,
        paid_outside=state is InvoiceState.PAID and invoice.amount_due > 0 and not payments,
        payments=payments,
    )


def change_preview(invoice: stripe.Invoice, at: datetime) -> ChangePreview:
    """The previewed invoice of a change: what it charges, credits, and asks for."""
    amounts = [line.amount for line in invoice.lines.data]
    currency = invoice.currency
    return ChangePreview(
        charged=from_stripe(sum(amount for amount in amounts if amount > 0), currency),
        credited=from_stripe(-sum(amount for amount in amounts if amount < 0), currency),
        due=from_stripe(invoice.total, currency),
        term_ends_at=instant(max(line.period.end for line in invoice.lines.data)),
        at=at,
    )


def renewal_seen(subscription: stripe.Subscription) -> RenewalSeen:
    """A subscription to one tier: its single item bears the price and the paid term.

    A schedule is seen only if it was expanded, as it is wherever one renewal is fetched.
    """
    (item,) = subscription.items.data
    schedule = subscription.schedule
    return RenewalSeen(
        renewal_id=subscription.id,
        reference=noted(subscription.metadata, "reference"),
        state=_RENEWAL_STATES[subscription.status],
        price=_price_of(item.price, item.quantity),
        term_starts_at=instant(item.current_period_start),
        term_ends_at=instant(item.current_period_end),
        cancel_at_term_end=subscription.cancel_at_period_end or subscription.cancel_at is not None,
        tier_reference=_tier_of(item.price),
        payer_id=id_of(subscription.customer),
        collection=_COLLECTIONS[subscription.collection_method],
        days_until_due=subscription.days_until_due,
        scheduled=None
        if schedule is None or isinstance(schedule, str)
        else _scheduled(schedule, item.current_period_end),
        change_pending=subscription.pending_update is not None,
    )


def _scheduled(schedule: stripe.SubscriptionSchedule, term_end: int) -> ScheduledChange | None:
    """The phase that follows the paid term, if the schedule still has one to come."""
    for phase in schedule.phases:
        if phase.start_date < term_end or schedule.status not in ("active", "not_started"):
            continue
        (item,) = phase.items
        if isinstance(item.price, str):
            raise TypeError("the schedule's prices were not expanded")
        return ScheduledChange(
            tier_reference=_tier_of(item.price),
            price=_price_of(item.price, item.quantity),
            starts_at=instant(phase.start_date),
        )
    return None


def _price_of(price: stripe.Price, quantity: int | None) -> Money:
    return from_stripe((price.unit_amount or 0) * (quantity or 1), price.currency)


def _tier_of(price: stripe.Price) -> str | None:
    return price.lookup_key or noted(price.metadata, "tier_reference")


def refund_seen(refund: stripe.Refund) -> RefundSeen:
    """A refund of a payment intent; whatever is not final yet is pending."""
    return RefundSeen(
        refund_id=refund.id,
        payment_id=id_of(refund.payment_intent) or id_of(refund.charge) or "",
        reference=noted(refund.metadata, "reference"),
        money=from_stripe(refund.amount, refund.currency),
        state=_REFUND_STATES.get(refund.status or "", RefundState.PENDING),
        created_at=instant(refund.created),
    )


def dispute_seen(dispute: stripe.Dispute) -> DisputeSeen:
    """A dispute; its fee is what all its bookings together have cost so far."""
    booked = dispute.balance_transactions
    due_by = dispute.evidence_details.due_by
    return DisputeSeen(
        dispute_id=dispute.id,
        payment_id=id_of(dispute.payment_intent) or id_of(dispute.charge) or "",
        money=from_stripe(dispute.amount, dispute.currency),
        state=_DISPUTE_STATES.get(dispute.status, DisputeState.OPEN),
        reason=dispute.reason.replace("_", " "),
        opened_at=instant(dispute.created),
        fee=from_stripe(sum(one.fee for one in booked), booked[0].currency) if booked else None,
        answer_until=instant(due_by) if due_by else None,
    )


def event_seen(event: dict[str, Any]) -> EventSeen:
    """The event's own members and the ids it names; its object may be of any API version."""
    thing = event["data"]["object"]
    named: dict[str, str | None] = {}
    match thing["object"]:
        case "checkout.session":
            named = {
                "checkout_id": thing["id"],
                "renewal_id": thing.get("subscription"),
                "payment_id": thing.get("payment_intent"),
            }
        case "subscription":
            named = {"renewal_id": thing["id"]}
        case "subscription_schedule":
            ids = thing.get("subscription"), thing.get("released_subscription")
            named = {"renewal_id": ids[0] or ids[1]}
        case "invoice":
            parent = (thing.get("parent") or {}).get("subscription_details") or {}
            named = {"invoice_id": thing["id"], "renewal_id": parent.get("subscription")}
        case "payment_intent":
            named = {"payment_id": thing["id"]}
        case "charge":
            named = {"payment_id": thing.get("payment_intent")}
        case "refund":
            named = {"refund_id": thing["id"], "payment_id": thing.get("payment_intent")}
        case "dispute":
            named = {"dispute_id": thing["id"], "payment_id": thing.get("payment_intent")}
    return EventSeen(
        event_id=event["id"],
        kind=event["type"],
        livemode=event["livemode"],
        created_at=instant(event["created"]),
        **named,
    )


def id_of(thing: Any) -> str | None:  # noqa: ANN401 - an id or one of the SDK's objects
    """The id of what may be expanded or not."""
    return thing if thing is None or isinstance(thing, str) else thing.id


def noted(metadata: Any, name: str) -> str | None:  # noqa: ANN401 - free attributes in the SDK
    """What we once noted in an object's metadata."""
    value: str | None = getattr(metadata, name, None)
    return value


def instant(seconds: int) -> datetime:
    """Unix seconds as an instant in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
