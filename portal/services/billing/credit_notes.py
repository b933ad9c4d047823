"""Credit notes: what stands in an invoice is never edited, it is taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from portal.database import db
from portal.domain.documents import BILLED_CHANGE, DocumentAction, DocumentKind, Line, next_document
from portal.domain.errors import Conflict, Refusal
from portal.domain.ledger import Cause, credit_note
from portal.domain.money import Money
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import GOOD_STANDING, Commercial, CommercialAction, Term
from portal.domain.text import clean_line
from portal.models.documents import Document, Settlement
from portal.services.billing.document_mail import mail_credit_note
from portal.services.billing.invoices import complete
from portal.services.billing.issuing import Draft, issue_document, lock_document
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.sponsorship.lost_payments import take_back_upgrade
from portal.services.sponsorship.open_changes import find_billed_change
from portal.services.sponsorship.sponsorships import move_money
from portal.services.sponsorship.standing import end_standing

_LONGEST_REASON = 200


def credit_invoice(
    actor: Actor, project_id: int, reference: str, *, amount: Money, reason: str, site: str,
    now: datetime,
) -> str:  # fmt: skip
    """Take back an invoice, or a part of it; returns the credit note's reference.

    What was still open is no longer owed; what was paid is to be paid back. A sponsorship whose
    invoice is taken back in full goes back to the quote, to the term it had paid, or, if the term
    was paid by it, ends. Refuses more than is left of the invoice and an empty reason.
    """
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    invoice = lock_document(reference, DocumentKind.INVOICE, project_id=project_id)
    try:
        why = clean_line(reason, max_length=_LONGEST_REASON)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, field="reason") from refusal
    if not why:
        raise Refusal("credit.reason", "Say why: the buyer reads it.", field="reason")
    left = invoice.total_minor - _credited(invoice)
    if left == 0:
        raise Conflict("credit.twice", "This invoice has been taken back in full.")
    if amount.currency != invoice.currency or not 0 < amount.amount_minor <= left:
        text = f"{Money(left, invoice.currency).decimal} {invoice.currency}"
        raise Refusal("credit.amount", f"At most {text} can be taken back.", field="amount")
    note = issue_document(
        invoice.sponsorship,
        Draft(
            DocumentKind.CREDIT_NOTE,
            f"credit:{invoice.reference}:{left}",
            [Line(f"Invoice {invoice.number}: {why}", 1, amount)],
            po_number=invoice.po_number,
            follows=invoice,
            notes={"reason": why},
        ),
        actor=actor,
        now=now,
    )
    was_open = invoice.standing.open_minor
    upgrade = find_billed_change(invoice)
    post_transaction(
        project_id,
        credit_note(
            amount,
            invoice.organization_id,
            tier_id=(upgrade.after if upgrade else invoice.sponsorship.tier_snapshot).tier_id,
            open_minor=was_open,
            tax_minor=note.tax_minor,
        ),
        key=f"credit_note:{note.reference}",
        cause=Cause.CREDIT_NOTE,
        actor=actor,
        now=now,
        occasion=Occasion(reference=note.number, sponsorship_id=invoice.sponsorship_id),
    )
    _take_back(invoice, note, whole=amount.amount_minor == left, site=site, actor=actor, now=now)
    mail_credit_note(note, site=site, now=now)
    return note.reference


def _take_back(
    invoice: Document, note: Document, *, whole: bool, site: str, actor: Actor, now: datetime
) -> None:
    """Settle what was open, and move the sponsorship if nothing of the invoice is left."""
    standing = invoice.standing
    settled = min(standing.open_minor, note.total_minor)
    waited = standing.open_minor > 0
    standing.open_minor -= settled
    if settled:
        db.session.add(
            Settlement(
                invoice_id=invoice.id,
                amount_minor=settled,
                credit_note_id=note.id,
                by=actor.name,
                at=now,
            )
        )
    if whole:
        standing.state = next_document(standing.state, DocumentAction.CREDIT)
        _move_sponsorship(invoice, note, actor=actor, site=site, now=now)
    elif waited and standing.open_minor == 0:
        # The rest had been paid before: with the part taken back, the invoice is settled.
        standing.state = next_document(standing.state, DocumentAction.PAY)
        complete(invoice, paid_at=now, site=site, now=now)


def _move_sponsorship(
    invoice: Document, note: Document, *, actor: Actor, site: str, now: datetime
) -> None:
    sponsorship = invoice.sponsorship
    reason = f"Invoice {invoice.number} was taken back by {note.number}."
    upgrade = find_billed_change(invoice)
    if upgrade is not None:
        take_back_upgrade(upgrade, reason, actor=actor, site=site, now=now)
    elif sponsorship.commercial is Commercial.INVOICED:
        pending = sponsorship.term is Term.PENDING
        back = CommercialAction.WITHDRAW if pending else CommercialAction.RESTORE
        move_money(sponsorship, back, reason, now=now)
        sponsorship.cancel_at_term_end = not pending
        if pending:
            # Nothing has begun that the processor could renew; it is told by a sweep.
            sponsorship.renewal_id = sponsorship.term_starts_at = sponsorship.term_ends_at = None
    elif sponsorship.commercial is Commercial.PAID and _is_of_this_term(invoice):
        if sponsorship.term in GOOD_STANDING:
            end_standing(sponsorship, reason, actor=actor, site=site, now=now)
        else:
            move_money(sponsorship, CommercialAction.REFUND, reason, now=now)


def _is_of_this_term(invoice: Document) -> bool:
    """Whether the invoice paid the term that runs: no later invoice of the sponsorship did."""
    later = select(Document.id).where(
        Document.sponsorship_id == invoice.sponsorship_id,
        Document.kind == DocumentKind.INVOICE,
        Document.id > invoice.id,
        Document.occasion.not_like(f"{BILLED_CHANGE}%"),
    )
    return db.session.scalar(later) is None


def _credited(invoice: Document) -> int:
    total = db.session.scalar(
        select(func.coalesce(func.sum(Document.total_minor), 0)).where(
            Document.follows_id == invoice.id, Document.kind == DocumentKind.CREDIT_NOTE
        )
    )
    return int(total or 0)
