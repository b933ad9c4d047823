"""Invoices paid on the processor's page: ours is the tax document, theirs takes the money.

Ours is committed first; the processor is called with its reference as idempotency key; then
``keep_opened`` keeps the answer. Whatever happened in between, ``converge_invoice`` sets it right:
it links, bills what the processor invoices by itself, and settles what was paid there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import BANK, OPEN_STATES, DocumentKind, DocumentState
from portal.domain.ledger import Cause, invoice_paid_by_card
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sponsorship import Collection
from portal.models.billing import Payment
from portal.models.documents import Document, DocumentStanding
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import (
    InvoicedOpened,
    InvoicedRequest,
    InvoicePurpose,
    InvoiceSeen,
    InvoiceState,
    PaymentSeen,
    RenewalSeen,
)
from portal.services.billing.document_mail import mail_invoice
from portal.services.billing.invoices import complete, is_ours_to_complete, issue_receipt, settle
from portal.services.billing.issuing import is_open, open_amount
from portal.services.billing.processor_bills import (
    PROCESSOR,
    bill_by_processor,
    find_linked,
    find_tier_at,
    is_known,
)
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.books.payment_postings import post_fees
from portal.services.sponsorship.checkouts import tier_reference
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.sponsorships import lock_sponsorship, note_event

# Processors forget idempotency keys after a day: later, a repeated call could bill twice.
_KEY_LIVES = timedelta(hours=23)


def find_asked(reference: str) -> InvoicedRequest | None:
    """What to ask of the processor for an invoice that is to be paid there, unless it answered."""
    invoice = _find_by_reference(reference)
    return _request(invoice) if invoice is not None and _waits(invoice) else None


def find_unanswered(*, now: datetime, age: timedelta) -> list[InvoicedRequest]:
    """Invoices older than ``age`` whose call was never answered, while its key still holds."""
    return [
        _request(invoice)
        for invoice in _waiting()
        if now - _KEY_LIVES < invoice.issued_at <= now - age
    ]


def find_forgotten(*, now: datetime) -> list[str]:
    """References of invoices that got no answer and are too old to ask again."""
    return [invoice.reference for invoice in _waiting() if invoice.issued_at <= now - _KEY_LIVES]


def keep_opened(reference: str, opened: InvoicedOpened, *, site: str, now: datetime) -> None:
    """Keep the processor's answer: where it is paid, and what renews it; then the mail goes out."""
    invoice = _find_by_reference(reference)
    if invoice is not None:
        converge_invoice(opened.invoice, opened.renewal, site=site, now=now)


def fall_back(reference: str, problem: str, *, site: str, now: datetime) -> None:
    """Let an invoice be paid by bank transfer, as the processor will not take it."""
    invoice = _find_by_reference(reference)
    if invoice is None:
        return
    sponsorship = lock_sponsorship(invoice.sponsorship_id)
    db.session.refresh(invoice.standing)
    if not _waits(invoice):
        return
    sponsorship.processor, sponsorship.collection = BANK, Collection.CARD
    reason = f"Invoice {invoice.number} is paid by bank transfer: {problem}"
    note_event(sponsorship, "collection", PROCESSOR, BANK, reason, actor=SYSTEM, now=now)
    mail_invoice(invoice, site=site, now=now)


def converge_invoice(
    seen: InvoiceSeen, renewal: RenewalSeen | None, *, site: str, now: datetime
) -> bool:
    """Bring our invoice to what the processor says of its own; harmless when repeated.

    A term or an upgrade that the processor invoiced by itself gets an invoice of ours. What was
    paid there settles ours; what is too much is credit. False if it is of no invoice of ours.
    """
    invoice = _find(seen) or bill_by_processor(seen, site=site, now=now)
    if invoice is None:
        return False
    sponsorship = lock_sponsorship(invoice.sponsorship_id)
    standing = invoice.standing
    db.session.refresh(standing)
    first = standing.processor_invoice_id is None
    standing.processor_invoice_id = seen.invoice_id
    standing.hosted_url = (seen.url or "") if seen.state is InvoiceState.OPEN else ""
    if first and renewal is not None and sponsorship.renewal_id is None:
        _take_over(sponsorship, renewal)
    if first:
        mail_invoice(invoice, site=site, now=now)
    for payment in seen.payments:
        _keep(invoice, seen, payment, site=site, now=now)
    post_fees(sponsorship, seen.payments, now=now)
    return True


def find_open_pages(*, settled: bool) -> list[str]:
    """The processor's ids of invoices that can be paid there, though ours is settled; or not."""
    over = (DocumentState.PAID, DocumentState.CREDITED)
    state = DocumentStanding.state
    found = db.session.scalars(
        select(DocumentStanding.processor_invoice_id)
        .where(
            DocumentStanding.hosted_url != "", state.in_(over) if settled else state.not_in(over)
        )
        .order_by(DocumentStanding.document_id)
    )
    return [each for each in found if each is not None]


def find_rests(reference: str | None = None) -> list[tuple[str, Money, str]]:
    """Invoices whose page may ask too much, as a part was settled past it: id, rest, our key.

    All of them, or the one under a reference of ours.
    """
    query = (
        select(
            DocumentStanding.processor_invoice_id,
            DocumentStanding.open_minor,
            Document.currency,
            Document.reference,
        )
        .join(Document, Document.id == DocumentStanding.document_id)
        .where(
            DocumentStanding.hosted_url != "",
            DocumentStanding.state.in_(OPEN_STATES),
            DocumentStanding.open_minor < Document.total_minor,
        )
        .order_by(Document.id)
    )
    if reference is not None:
        query = query.where(Document.reference == reference)
    return [
        (row.processor_invoice_id, Money(row.open_minor, row.currency),
         f"{row.reference}-rest-{row.open_minor}")
        for row in db.session.execute(query)
    ]  # fmt: skip


def is_taken_back(invoice_id: str) -> bool:
    """Whether our invoice was credited, so that the processor's is to be withdrawn."""
    state = db.session.scalar(
        select(DocumentStanding.state).where(DocumentStanding.processor_invoice_id == invoice_id)
    )
    return state is DocumentState.CREDITED


def find_billed(payments: Sequence[PaymentSeen]) -> set[str]:
    """Ids of the payments that belong to invoices of ours, which keep them themselves."""
    ids = {each.invoice_id: each.payment_id for each in payments if each.invoice_id}
    found = db.session.scalars(
        select(DocumentStanding.processor_invoice_id).where(
            DocumentStanding.processor_invoice_id.in_(ids)
        )
    )
    return {ids[each] for each in found if each is not None}


def _keep(
    invoice: Document, seen: InvoiceSeen, payment: PaymentSeen, *, site: str, now: datetime
) -> None:
    """Keep a payment once: it settles what is open, and what is beyond that is credit."""
    if is_known(payment):
        return
    sponsorship, open_ = invoice.sponsorship, open_amount(invoice)
    if payment.money.currency != invoice.currency or not is_open(invoice):
        open_ = Money(0, payment.money.currency)
    row = _add(invoice, seen, payment)
    met = min(payment.money, open_, key=lambda money: money.amount_minor)
    full = bool(met.amount_minor) and settle(invoice, met, payment=row, actor=SYSTEM, now=now)
    post_transaction(
        invoice.project_id,
        invoice_paid_by_card(payment.money, invoice.organization_id, open_minor=open_.amount_minor),
        key=f"payment:{PROCESSOR}:{payment.payment_id}",
        cause=Cause.PAYMENT,
        actor=SYSTEM,
        now=now,
        occasion=Occasion(
            at=payment.paid_at, reference=payment.payment_id, sponsorship_id=sponsorship.id
        ),
    )
    if met != payment.money:
        asked, paid = amount_text(open_), amount_text(payment.money)
        reason = f"{paid} was paid for {invoice.number}, of which {asked} was open; see its credit."
        note_event(sponsorship, "problem", asked, paid, reason, actor=SYSTEM, now=now)
    if full and is_ours_to_complete(invoice):
        complete(invoice, paid_at=payment.paid_at, site=site, now=now)
    issue_receipt(invoice, row, site=site, now=now)


def _add(invoice: Document, seen: InvoiceSeen, payment: PaymentSeen) -> Payment:
    row = Payment(
        sponsorship_id=invoice.sponsorship_id,
        tier_snapshot=find_tier_at(
            invoice.sponsorship, Money(invoice.total_minor, invoice.currency)
        )
        or invoice.sponsorship.tier_snapshot,
        term_starts_at=invoice.term_starts_at or seen.term_starts_at,
        term_ends_at=invoice.term_ends_at or seen.term_ends_at,
        amount_minor=payment.money.amount_minor,
        currency=payment.money.currency,
        processor=PROCESSOR,
        processor_payment_id=payment.payment_id,
        receipt_url=payment.receipt_url or "",
        paid_at=payment.paid_at,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _take_over(sponsorship: Sponsorship, renewal: RenewalSeen) -> None:
    """From now on the processor renews: its terms hold, also the one that is not paid yet."""
    sponsorship.renewal_id = renewal.renewal_id
    sponsorship.term_starts_at = renewal.term_starts_at
    sponsorship.term_ends_at = renewal.term_ends_at
    if sponsorship.organization.processor_payer_id is None:
        sponsorship.organization.processor_payer_id = renewal.payer_id


def _find(seen: InvoiceSeen) -> Document | None:
    """Ours, by its link; else by the reference that the first invoice of a sale carries."""
    linked = find_linked(seen.invoice_id)
    begun = seen.purpose in (InvoicePurpose.FIRST_TERM, InvoicePurpose.OTHER)
    if linked is not None or not begun or seen.reference is None:
        return linked
    invoice = _find_by_reference(seen.reference)
    return invoice if invoice is not None and _waits(invoice) else None


def _find_by_reference(reference: str) -> Document | None:
    return db.session.scalar(
        select(Document).where(
            Document.reference == reference, Document.kind == DocumentKind.INVOICE
        )
    )


def _waiting() -> list[Document]:
    rows = db.session.scalars(
        select(Document)
        .join(Sponsorship, Sponsorship.id == Document.sponsorship_id)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(
            Document.kind == DocumentKind.INVOICE,
            Sponsorship.processor == PROCESSOR,
            DocumentStanding.processor_invoice_id.is_(None),
        )
        .order_by(Document.id)
    )
    return [invoice for invoice in rows if _waits(invoice)]


def _waits(invoice: Document) -> bool:
    """Whether an invoice is to be paid at the processor, which has not answered yet."""
    return (
        bool(invoice.snapshot.get("online"))
        and invoice.standing.processor_invoice_id is None
        and invoice.sponsorship.processor == PROCESSOR
    )


def _request(invoice: Document) -> InvoicedRequest:
    """An invoice as it is put to the processor, the same at every attempt."""
    tier, organization = invoice.sponsorship.tier_snapshot, invoice.organization
    asked = invoice.snapshot["online"]
    return InvoicedRequest(
        reference=invoice.reference,
        project=invoice.project.slug,
        tier_reference=tier_reference(tier),
        tier_name=f"{invoice.project.name}: {tier.name}",
        price=Money(invoice.total_minor, invoice.currency),
        interval=tier.interval,
        payer_name=invoice.snapshot["buyer"]["legal_name"],
        payer_email=asked["payer_email"],
        payer_reference=f"organization-{organization.id}",
        payer_id=organization.processor_payer_id,
        days_until_due=asked["days"],
        po_number=invoice.po_number,
        rest=open_amount(invoice) if invoice.standing.open_minor < invoice.total_minor else None,
    )
