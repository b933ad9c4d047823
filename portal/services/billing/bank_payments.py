"""Payments that the treasurer records: by bank transfer, or elsewhere, with a reference (S8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import BANK, ELSEWHERE, DocumentKind, receive
from portal.domain.errors import Conflict, Refusal
from portal.domain.ledger import Cause, bank_payment
from portal.domain.money import Money
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import add_terms
from portal.domain.text import clean_line
from portal.models.billing import Payment
from portal.models.documents import Document
from portal.services.audit import record_change
from portal.services.billing.invoices import complete, issue_receipt, settle
from portal.services.billing.issuing import is_open, lock_document, open_amount
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.sponsorship.letters import amount_text

_LONGEST_REFERENCE = 80
SOURCES = (BANK, ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What arrived, as the treasurer saw it; ``seen_open`` is what the page said was open."""

    amount: Money
    received_on: date
    reference: str
    source: str
    seen_open: int


def record_payment(
    actor: Actor, project_id: int, reference: str, arrival: Arrival, *, site: str, now: datetime
) -> Money:
    """Record money that arrived for an invoice; returns what went beyond it and is now credit.

    Full payment begins or extends the term. Refuses a day in the future or before the invoice, an
    empty reference, and, with ``payment.changed``, when the invoice has moved since it was shown:
    of two treasurers who record the same payment at once, one does.
    """
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    invoice = lock_document(reference, DocumentKind.INVOICE, project_id=project_id)
    external = _external_id(invoice, arrival)
    if _is_known(external):
        raise Conflict("payment.twice", "This payment is recorded already.")
    if arrival.seen_open != invoice.standing.open_minor or not is_open(invoice):
        raise Conflict(
            "payment.changed",
            "The invoice has changed since you looked: somebody recorded a payment. Look again.",
        )
    _check_day(arrival.received_on, invoice, now=now)
    open_ = open_amount(invoice)
    parts = receive(arrival.amount, open_)
    paid_at = _instant(arrival.received_on, invoice, now=now)
    payment = _add(invoice, arrival, external, paid_at)
    full = settle(invoice, parts.settled, payment=payment, actor=actor, now=now)
    post_transaction(
        project_id,
        bank_payment(arrival.amount, invoice.organization_id, open_minor=open_.amount_minor),
        key=f"payment:{payment.processor}:{external}",
        cause=Cause.PAYMENT,
        actor=actor,
        now=now,
        occasion=Occasion(
            at=paid_at, reference=arrival.reference, sponsorship_id=invoice.sponsorship_id
        ),
    )
    record_change(
        "payment:invoice:recorded",
        f"Recorded {amount_text(arrival.amount)} for invoice {invoice.number}.",
        actor=actor,
        now=now,
        organization_id=invoice.organization_id,
        project_id=project_id,
        details={"reference": arrival.reference, "source": arrival.source},
    )
    if full:
        complete(invoice, paid_at=paid_at, site=site, now=now)
    issue_receipt(invoice, payment, site=site, now=now)
    return parts.surplus


def _external_id(invoice: Document, arrival: Arrival) -> str:
    """One payment by its marks, however the treasurer spaces or capitalizes the reference."""
    if arrival.source not in SOURCES:
        raise Refusal("payment.source", "Choose how it was paid.", field="source")
    try:
        text = clean_line(arrival.reference, max_length=_LONGEST_REFERENCE)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, field="reference") from refusal
    marks = re.sub(r"\W", "", text).casefold()
    if not marks:
        raise Refusal(
            "payment.reference",
            "Say what to find it by: the statement's number, or the platform's.",
            field="reference",
        )
    amount = arrival.amount.amount_minor
    return f"{invoice.number}/{arrival.received_on:%Y%m%d}/{amount}/{marks}"[:120]


def _is_known(external: str) -> bool:
    known = select(Payment.id).where(
        Payment.processor.in_(SOURCES), Payment.processor_payment_id == external
    )
    return db.session.scalar(known) is not None


def _check_day(received_on: date, invoice: Document, *, now: datetime) -> None:
    if received_on > now.date():
        raise Refusal("payment.future", "This day has not come yet.", field="received_on")
    if (invoice.issued_on - received_on).days > 365:  # noqa: PLR2004 - a year, to catch slips
        raise Refusal(
            "payment.early", "This is more than a year before the invoice.", field="received_on"
        )


def _instant(received_on: date, invoice: Document, *, now: datetime) -> datetime:
    """The day's beginning, but never before the invoice, and today's money arrives now."""
    if received_on == now.date():
        return now
    return max(datetime.combine(received_on, time(), UTC), invoice.issued_at)


def _add(invoice: Document, arrival: Arrival, external: str, paid_at: datetime) -> Payment:
    """The row of the payment; the term it pays is known once the invoice is paid in full."""
    tier = invoice.sponsorship.tier_snapshot
    payment = Payment(
        sponsorship_id=invoice.sponsorship_id,
        tier_snapshot=tier,
        term_starts_at=invoice.term_starts_at or paid_at,
        term_ends_at=invoice.term_ends_at or add_terms(paid_at, tier.interval),
        amount_minor=arrival.amount.amount_minor,
        currency=arrival.amount.currency,
        processor=arrival.source,
        processor_payment_id=external,
        paid_at=paid_at,
    )
    db.session.add(payment)
    db.session.flush()
    return payment
