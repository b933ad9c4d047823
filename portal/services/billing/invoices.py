"""Invoices: issued, settled by what arrives or by credit, and what full payment begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.database import db
from portal.domain.changes import LIVE_CHANGE
from portal.domain.documents import (
    DocumentAction,
    DocumentKind,
    Line,
    next_document,
    next_end,
)
from portal.domain.ledger import Account, Cause, credit_applied, invoice_issued
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor
from portal.domain.sponsorship import (
    Commercial,
    CommercialAction,
    Publication,
    PublicationAction,
    Term,
    TermAction,
    add_terms,
)
from portal.domain.tiers import Interval
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, InvoiceReminder, Settlement, next_invoice
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.billing.document_mail import mail_invoice, mail_receipt_document
from portal.services.billing.issuing import Draft, issue_document
from portal.services.books.ledger import Occasion, post_transaction, read_balance
from portal.services.sponsorship.changes import make_change
from portal.services.sponsorship.open_changes import find_billed_change
from portal.services.sponsorship.sponsorship_mail import mail_new_sponsor
from portal.services.sponsorship.sponsorships import (
    move_money,
    move_publication,
    move_term,
    note_event,
)

# Days after the due date on which an unpaid invoice is brought to mind, and one week before it.
_REMIND = (-7, 2, 7, 14)


@dataclass(frozen=True, slots=True)
class Bill:
    """What an invoice is about; without a term it pays the first one, which begins when paid.

    ``difference`` is what an upgrade to ``tier`` costs for the rest of ``term``: the term itself
    is paid, so that the sponsorship's money stays as it is.

    ``online`` is set where it is paid at the processor: whom to tell there, and days to pay; empty
    where the processor invoiced by itself.
    """

    occasion: str
    due_on: date
    po_number: str = ""
    quote: Document | None = None
    term: tuple[datetime, datetime] | None = None
    tier: TierVersion | None = None
    difference: Money | None = None
    agreement: dict[str, Any] | None = None
    online: dict[str, Any] | None = None


def issue_invoice(
    sponsorship: Sponsorship, bill: Bill, *, actor: Actor, site: str, now: datetime
) -> Document:
    """Bill one term of a sponsorship, post it, use what credit there is, and mail it.

    Paid online, it is mailed once the processor has a page for it, which asks for the rest.
    """
    tier = bill.tier or sponsorship.tier_snapshot
    price = bill.difference or Money(tier.price_minor, tier.currency)
    credit = credit_of(sponsorship.project_id, sponsorship.organization_id, price.currency)
    used = min(credit, price, key=lambda money: money.amount_minor)
    what = "difference for the rest of the term" if bill.difference else "sponsorship"
    invoice = issue_document(
        sponsorship,
        Draft(
            DocumentKind.INVOICE,
            bill.occasion,
            [Line(f"{sponsorship.project.name}: {tier.name}, {what}", 1, price)],
            due_on=bill.due_on,
            po_number=bill.po_number,
            term=bill.term,
            follows=bill.quote,
            notes={
                "agreement": bill.agreement,
                "interval": tier.interval.value,
                "online": bill.online,
                "credit_minor": used.amount_minor,
            },
        ),
        actor=actor,
        now=now,
    )
    # The processor may invoice a term while the last one is unpaid.
    if bill.difference is None and sponsorship.commercial is not Commercial.INVOICED:
        move_money(
            sponsorship, CommercialAction.INVOICE, f"Invoice {invoice.number} was issued.", now=now
        )
    post_transaction(
        invoice.project_id,
        invoice_issued(
            price, invoice.organization_id, tier_id=tier.tier_id, tax_minor=invoice.tax_minor
        ),
        key=f"invoice:{invoice.reference}",
        cause=Cause.INVOICE,
        actor=actor,
        now=now,
        occasion=Occasion(reference=invoice.number, sponsorship_id=sponsorship.id),
    )
    db.session.add_all(
        InvoiceReminder(invoice_id=invoice.id, remind_on=bill.due_on + timedelta(days=days))
        for days in _REMIND
        if bill.due_on + timedelta(days=days) > now.date()
    )
    if used.amount_minor:
        _use_credit(invoice, used, actor=actor, site=site, now=now)
    if bill.online is None:
        mail_invoice(invoice, site=site, now=now)
    return invoice


def settle(
    invoice: Document, amount: Money, *, payment: Payment | None, actor: Actor, now: datetime
) -> bool:
    """Let an amount settle an invoice; True once nothing of it is open."""
    standing = invoice.standing
    full = amount.amount_minor == standing.open_minor
    standing.state = next_document(
        standing.state, DocumentAction.PAY if full else DocumentAction.PAY_PART
    )
    standing.open_minor -= amount.amount_minor
    db.session.add(
        Settlement(
            invoice_id=invoice.id,
            amount_minor=amount.amount_minor,
            payment_id=payment.id if payment else None,
            by=actor.name,
            at=now,
        )
    )
    return full


def is_ours_to_complete(invoice: Document) -> bool:
    """Whether full payment moves the term here; the processor says until when its terms run."""
    sponsorship = invoice.sponsorship
    begins = sponsorship.term is Term.PENDING or sponsorship.renewal_id is None
    return begins or find_billed_change(invoice) is not None


def complete(invoice: Document, *, paid_at: datetime, site: str, now: datetime) -> None:
    """Begin or extend the term that a fully paid invoice bought, or make the upgrade it paid."""
    sponsorship = invoice.sponsorship
    upgrade = find_billed_change(invoice)
    if upgrade is not None:
        _upgrade(upgrade, invoice, site=site, now=now)
        return
    move_money(sponsorship, CommercialAction.PAY, f"Invoice {invoice.number} is paid.", now=now)
    if sponsorship.term is Term.PENDING:
        _begin(sponsorship, paid_at=paid_at, site=site, now=now)
    elif sponsorship.term in {Term.ACTIVE, Term.GRACE, Term.LAPSED}:
        _extend(sponsorship, invoice, paid_at=paid_at, now=now)
    else:
        reason = "A payment arrived for a sponsorship that is over; take the invoice back."
        over = sponsorship.term
        note_event(sponsorship, "problem", over, over, reason, actor=SYSTEM, now=now)
    db.session.flush()
    for settled in _payments(invoice):
        settled.term_starts_at = sponsorship.term_starts_at or paid_at
        settled.term_ends_at = sponsorship.term_ends_at or paid_at


def _upgrade(change: SponsorshipChange, invoice: Document, *, site: str, now: datetime) -> None:
    """The difference is paid: the dearer tier holds, if the term it was asked for still runs."""
    sponsorship = invoice.sponsorship
    payments = _payments(invoice)
    for paid in payments:
        paid.tier_snapshot = change.after
        paid.term_starts_at = invoice.term_starts_at or paid.paid_at
        paid.term_ends_at = invoice.term_ends_at or paid.paid_at
    runs = sponsorship.term is Term.ACTIVE and sponsorship.term_ends_at == invoice.term_ends_at
    billed = db.session.scalar(next_invoice(sponsorship)) is not None
    if change.state not in LIVE_CHANGE or not runs or billed:
        reason = "A payment arrived for an upgrade that is off; take the invoice back."
        note_event(sponsorship, "problem", change.state, "paid", reason, actor=SYSTEM, now=now)
        return
    change.payment = payments[-1] if payments else None
    make_change(change, site=site, now=now)


def issue_receipt(invoice: Document, payment: Payment, *, site: str, now: datetime) -> Document:
    """Confirm a payment of an invoice, in full or in part."""
    amount = Money(payment.amount_minor, payment.currency)
    receipt = issue_document(
        invoice.sponsorship,
        Draft(
            DocumentKind.RECEIPT,
            f"receipt:{payment.id}",
            [Line(f"Payment received for invoice {invoice.number}", 1, amount)],
            po_number=invoice.po_number,
            follows=invoice,
            notes={
                "paid_on": payment.paid_at.date().isoformat(),
                "paid_by": payment.processor,
                "paid_reference": payment.processor_payment_id,
                "open_minor": invoice.standing.open_minor,
            },
        ),
        actor=SYSTEM,
        now=now,
    )
    mail_receipt_document(receipt, site=site, now=now)
    return receipt


def credit_of(project_id: int, organization_id: int, currency: str) -> Money:
    """What an organization has paid too much at a project, by the ledger."""
    balance = read_balance(project_id, Account.CREDIT, currency, organization_id=organization_id)
    return Money(max(0, -balance.amount_minor), currency)


def _use_credit(invoice: Document, used: Money, *, actor: Actor, site: str, now: datetime) -> None:
    """Let credit settle a new invoice; a term that the processor renews is extended with it."""
    post_transaction(
        invoice.project_id,
        credit_applied(used, invoice.organization_id),
        key=f"credit:{invoice.reference}",
        cause=Cause.CREDIT,
        actor=actor,
        now=now,
        occasion=Occasion(reference=invoice.number, sponsorship_id=invoice.sponsorship_id),
    )
    full = settle(invoice, used, payment=None, actor=actor, now=now)
    if full and is_ours_to_complete(invoice):
        complete(invoice, paid_at=now, site=site, now=now)


def _begin(sponsorship: Sponsorship, *, paid_at: datetime, site: str, now: datetime) -> None:
    tier = sponsorship.tier_snapshot
    sponsorship.active_since = paid_at
    if sponsorship.renewal_id is None:
        sponsorship.term_starts_at = paid_at
        sponsorship.term_ends_at = add_terms(paid_at, tier.interval)
    # What is bought once is not renewed.
    sponsorship.cancel_at_term_end = tier.interval is Interval.ONE_TIME
    move_term(sponsorship, TermAction.ACTIVATE, f"The term of {tier.name} has begun.", now=now)
    if not sponsorship.is_private and sponsorship.publication is Publication.HIDDEN:
        move_publication(
            sponsorship,
            PublicationAction.SUBMIT,
            "Name, link and logo wait for approval.",
            actor=SYSTEM,
            now=now,
        )
    mail_new_sponsor(sponsorship, site=site, now=now)


def _extend(
    sponsorship: Sponsorship, invoice: Document, *, paid_at: datetime, now: datetime
) -> None:
    """The next term follows the last; after a lapse it begins with the payment, seasoned anew.

    Where the processor renews, its terms hold, and they stand on the invoice.
    """
    interval = sponsorship.tier_snapshot.interval
    if sponsorship.renewal_id is not None and invoice.term_ends_at is not None:
        if sponsorship.term is Term.LAPSED:
            sponsorship.active_since, sponsorship.ended_at = paid_at, None
        sponsorship.term_starts_at = invoice.term_starts_at
        sponsorship.term_ends_at = invoice.term_ends_at
    elif sponsorship.term is Term.LAPSED or sponsorship.term_ends_at is None:
        sponsorship.active_since = sponsorship.term_starts_at = paid_at
        sponsorship.term_ends_at = add_terms(paid_at, interval)
        sponsorship.ended_at = None
    else:
        ends_at = sponsorship.term_ends_at
        anchor = sponsorship.active_since or ends_at
        sponsorship.term_ends_at = next_end(anchor, ends_at, interval)
        sponsorship.term_starts_at = ends_at
    sponsorship.grace_ends_at = None
    move_term(sponsorship, TermAction.RENEW, "The next term is paid.", now=now)


def _payments(invoice: Document) -> list[Payment]:
    return list(
        db.session.query(Payment)
        .join(Settlement, Settlement.payment_id == Payment.id)
        .filter(Settlement.invoice_id == invoice.id)
    )
