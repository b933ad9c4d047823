"""The inbox of processor events: stored before they are handled, handled by looking again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import Refusal
from portal.models.billing import ProcessorEvent
from portal.ports.payments import (
    CheckoutSeen,
    Collection,
    DisputeSeen,
    EventSeen,
    InvoiceSeen,
    PaymentGateway,
    PaymentSeen,
    RefundSeen,
    RenewalSeen,
)
from portal.services.billing.online_invoices import converge_invoice
from portal.services.payments.disputes import converge_dispute
from portal.services.payments.money_back import converge_refund
from portal.services.payments.renewals import converge_renewal
from portal.services.payments.settlement import converge_checkout, converge_payment

MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What the processor says now of the objects that an event, or a sweep, points to."""

    checkout: CheckoutSeen | None = None
    renewal: RenewalSeen | None = None
    payments: tuple[PaymentSeen, ...] = ()
    payment: PaymentSeen | None = None
    refunds: tuple[RefundSeen, ...] = ()
    disputes: tuple[DisputeSeen, ...] = ()
    invoices: tuple[InvoiceSeen, ...] = ()


def store_event(source: str, event: EventSeen, *, livemode: bool, now: datetime) -> bool:
    """Put a verified event into the inbox; False if it is there already.

    Only ids are kept. Refuses an event of the other of test and live mode.
    """
    if event.livemode is not livemode:
        raise Refusal("webhook.livemode", "The event belongs to the other of test and live mode.")
    references = {
        "checkout": event.checkout_id,
        "renewal": event.renewal_id,
        "invoice": event.invoice_id,
        "payment": event.payment_id,
        "refund": event.refund_id,
        "dispute": event.dispute_id,
    }
    row = ProcessorEvent(
        source=source,
        external_id=event.event_id,
        kind=event.kind,
        references={name: value for name, value in references.items() if value},
        received_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return False
    return True


def find_unhandled(
    *, now: datetime, after: int = 0, limit: int = 200
) -> list[tuple[int, dict[str, str]]]:
    """Events to handle now, oldest first, with the ids they point to; failures wait longer.

    ``after`` is the id of the last one seen: those that fail do not keep the others waiting.
    """
    table = ProcessorEvent
    waited = (
        and_(table.attempts == tries, table.received_at <= now - timedelta(minutes=2**tries))
        for tries in range(1, MOST_ATTEMPTS)
    )
    rows = db.session.execute(
        select(table.id, table.references)
        .where(table.id > after, table.handled_at.is_(None), or_(table.attempts == 0, *waited))
        .order_by(table.id)
        .limit(limit)
    )
    return [(row.id, row.references) for row in rows]


def look_at(gateway: PaymentGateway, references: dict[str, str]) -> Look:
    """Fetch the current objects from the processor; outside any transaction, since it may wait."""
    checkout = gateway.get_checkout(references["checkout"]) if "checkout" in references else None
    renewal_id = references.get("renewal")
    if checkout is not None and checkout.renewal is not None:
        renewal_id = checkout.renewal.renewal_id
    payment = _look_at_payment(gateway, references) if checkout is None else None
    invoice_id = references.get("invoice") or (payment.invoice_id if payment else None)
    if renewal_id is None and invoice_id is not None:
        renewal_id = gateway.get_invoice(invoice_id).renewal_id
    # Payments after the renewal: a payment in between then counts for the term seen, or a later.
    renewal = gateway.get_renewal(renewal_id) if renewal_id is not None else None
    payments = tuple(gateway.list_payments(renewal_id)) if renewal_id is not None else ()
    # Last, so that each payment seen has its invoice.
    invoices = _look_at_invoices(gateway, renewal, invoice_id)
    invoiced = (paid for each in invoices for paid in each.payments)
    # The later win: they were fetched with their charges, which know what went back.
    seen = (*invoiced, checkout.payment if checkout else None, *payments, payment)
    taken = {each.payment_id: each for each in seen if each is not None}
    return Look(
        checkout,
        renewal,
        payments,
        payment,
        _look_at_refunds(gateway, references, taken.values()),
        _look_at_disputes(gateway, references, taken.values()),
        invoices,
    )


def converge(look: Look, *, site: str, now: datetime) -> None:
    """Bring our rows to what was seen: what began first, then what was paid, then what went back.

    What went back of a payment finds it then, whichever event came first.
    """
    if look.checkout is not None:
        converge_checkout(look.checkout, site=site, now=now)
    for invoice in look.invoices:
        converge_invoice(invoice, look.renewal, site=site, now=now)
    if look.renewal is not None:
        converge_renewal(look.renewal, look.payments, site=site, now=now)
    if look.payment is not None:
        converge_payment(look.payment, now=now)
    for refund in look.refunds:
        converge_refund(refund, site=site, now=now)
    for dispute in look.disputes:
        converge_dispute(dispute, site=site, now=now)


def handle_event(event_id: int, look: Look, *, site: str, now: datetime) -> None:
    """Converge to what was seen and mark the event handled; once, whoever else tries."""
    row = _lock_event(event_id)
    if row is None or row.handled_at is not None:
        return
    converge(look, site=site, now=now)
    row.handled_at = now
    row.problem = ""


def note_failure(event_id: int, problem: str, *, now: datetime, final: bool = False) -> None:
    """Note why an event could not be handled; it is tried again, unless that is pointless."""
    row = _lock_event(event_id)
    if row is None or row.handled_at is not None:
        return
    row.attempts += 1
    row.problem = problem[:300]
    if final:
        row.handled_at = now


def _lock_event(event_id: int) -> ProcessorEvent | None:
    return db.session.get(
        ProcessorEvent, event_id, with_for_update={"skip_locked": True}, populate_existing=True
    )


def _look_at_invoices(
    gateway: PaymentGateway, renewal: RenewalSeen | None, invoice_id: str | None
) -> tuple[InvoiceSeen, ...]:
    """All invoices of what renews by invoice; else the one that is named, or that was paid."""
    if renewal is not None and renewal.collection is Collection.INVOICE:
        return tuple(gateway.list_invoices(renewal_id=renewal.renewal_id))
    return (gateway.get_invoice(invoice_id),) if invoice_id is not None else ()


def _look_at_refunds(
    gateway: PaymentGateway, references: dict[str, str], payments: Iterable[PaymentSeen]
) -> tuple[RefundSeen, ...]:
    """The refund that is named, and all of payments of which something was given back."""
    found = {
        refund.refund_id: refund
        for payment in payments
        if payment.refunded_minor
        for refund in gateway.list_refunds(payment_id=payment.payment_id)
    }
    named = references.get("refund")
    if named is not None and named not in found:
        found[named] = gateway.get_refund(named)
    return tuple(found.values())


def _look_at_disputes(
    gateway: PaymentGateway, references: dict[str, str], payments: Iterable[PaymentSeen]
) -> tuple[DisputeSeen, ...]:
    """The dispute that is named, and all of payments that are, or were, disputed."""
    found = {
        dispute.dispute_id: dispute
        for payment in payments
        if payment.disputed
        for dispute in gateway.list_disputes(payment_id=payment.payment_id)
    }
    named = references.get("dispute")
    if named is not None and named not in found:
        found[named] = gateway.get_dispute(named)
    return tuple(found.values())


def _look_at_payment(gateway: PaymentGateway, references: dict[str, str]) -> PaymentSeen | None:
    """The payment that is named; None where it took no money, as when a card was declined."""
    if "payment" not in references:
        return None
    try:
        return gateway.get_payment(references["payment"])
    except Refusal as refusal:
        if refusal.code != "processor.unpaid":
            raise
        return None
