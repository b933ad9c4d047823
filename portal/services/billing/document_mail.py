"""The mails that documents cause: each leads to its document, with the file to print."""

from __future__ import annotations

from datetime import date, datetime

from portal.domain.documents import in_groups
from portal.domain.money import Money
from portal.models.documents import Document
from portal.services.sponsorship.letters import amount_text, tell_buyers


def mail_invoice(invoice: Document, *, site: str, now: datetime) -> None:
    """A new invoice: how much, until when, and what to quote."""
    used = int(invoice.snapshot.get("credit_minor") or 0)
    rest = Money(invoice.standing.open_minor, invoice.currency)
    texts = []
    if used:
        texts.append(f"{amount_text(Money(used, invoice.currency))} is paid from your credit.")
    if rest.amount_minor:
        texts.append(f"Please pay {amount_text(rest)} until {_due(invoice)}. {_how(invoice)}")
        texts.append(
            "The sponsorship begins, or goes on, as soon as the payment has arrived in full."
        )
    else:
        texts.append("Nothing is left to pay; this invoice is for your records.")
    _tell(
        invoice,
        f"invoice:{invoice.id}",
        f"Invoice {invoice.number} of {invoice.project.name}: {_total(invoice)}",
        texts,
        site=site,
        now=now,
    )


def mail_reminder(invoice: Document, remind_on: date, *, site: str, now: datetime) -> None:
    """An invoice that is due soon, or overdue."""
    late = invoice.due_on is not None and remind_on > invoice.due_on
    open_ = amount_text(Money(invoice.standing.open_minor, invoice.currency))
    stands = "is overdue" if late else "is due soon"
    _tell(
        invoice,
        f"reminder:{invoice.id}:{remind_on:%Y%m%d}",
        f"Invoice {invoice.number} of {invoice.project.name} {stands}",
        [
            (
                f"{open_} of invoice {invoice.number} is open; it is due on {_due(invoice)}."
                f" {_how(invoice)}"
            ),
            "If you have paid in the last days, there is nothing to do.",
        ],
        site=site,
        now=now,
    )


def mail_receipt_document(receipt: Document, *, site: str, now: datetime) -> None:
    """Confirms a payment, and says what is still open."""
    open_minor = int(receipt.snapshot["open_minor"])
    rest = (
        f"{amount_text(Money(open_minor, receipt.currency))} is still open."
        if open_minor
        else "The invoice is paid in full. Thank you."
    )
    _tell(
        receipt,
        f"document:{receipt.id}",
        f"Receipt {receipt.number}: {_total(receipt)} for {receipt.project.name}",
        [
            (
                f"{receipt.project.name} received {_total(receipt)} for invoice"
                f" {receipt.snapshot['follows']}. {rest}"
            )
        ],
        site=site,
        now=now,
    )


def mail_credit_note(note: Document, *, site: str, now: datetime) -> None:
    """An invoice, or a part of it, was taken back."""
    _tell(
        note,
        f"document:{note.id}",
        f"Credit note {note.number} of {note.project.name}: {_total(note)}",
        [
            (
                f"{note.project.name} takes back {_total(note)} of invoice"
                f" {note.snapshot['follows']}. Reason: {note.snapshot['reason']}"
            ),
            "What was still open of it is no longer owed; what was paid beyond that is paid back.",
        ],
        site=site,
        now=now,
    )


def document_path(document: Document) -> str:
    """Address of a document's page on its buyer's desk."""
    return f"/organizations/{document.organization.slug}/documents/{document.reference}"


def _tell(
    document: Document,
    occasion: str,
    subject: str,
    paragraphs: list[str],
    *,
    site: str,
    now: datetime,
) -> None:
    tell_buyers(
        document.sponsorship,
        occasion,
        subject,
        paragraphs,
        site=site,
        now=now,
        action=("Open the document", f"{site}{document_path(document)}"),
    )


def _total(document: Document) -> str:
    return amount_text(Money(document.total_minor, document.currency))


def _due(invoice: Document) -> str:
    due = invoice.due_on or invoice.issued_on
    return f"{due.day} {due:%B %Y}"


def _how(invoice: Document) -> str:
    if invoice.standing.hosted_url:
        return f"Pay it online, by card or transfer: {invoice.standing.hosted_url}"
    seller = invoice.snapshot["seller"]
    account = f" to {in_groups(seller['iban'])}" if seller["iban"] else ""
    return f"Transfer it{account} and quote {in_groups(invoice.payment_reference)}."
