"""What time does to invoices: the next term is billed ahead, reminders go out, grace begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import ChangeKind
from portal.domain.documents import (
    BANK,
    OPEN_STATES,
    DocumentKind,
    DocumentState,
    RenewalDates,
    renewal_dates,
)
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sponsorship import Term, TermAction
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, DocumentStanding, InvoiceReminder, SellerRow
from portal.models.sponsorship import Sponsorship
from portal.services.billing.billed_changes import take_back_difference
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.document_mail import mail_reminder
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.sponsorship.changes import drop_change
from portal.services.sponsorship.open_changes import find_live_change
from portal.services.sponsorship.sponsorship_mail import mail_missed_payment
from portal.services.sponsorship.sponsorships import get_charter, lock_sponsorship, move_term


def find_terms_to_bill(*, now: datetime) -> list[int]:
    """Ids of sponsorships that our own invoices renew and whose next term is to be billed now."""
    rows = db.session.execute(
        select(Sponsorship, SellerRow.net_days)
        .join(SellerRow, SellerRow.project_id == Sponsorship.project_id)
        .where(*_BILLED, Sponsorship.term == Term.ACTIVE)
        .order_by(Sponsorship.id)
    )
    return [
        sponsorship.id
        for sponsorship, net_days in rows
        if (dates := _dates(sponsorship, net_days)) and dates.issue_on <= now.date()
    ]


def bill_next_term(sponsorship_id: int, *, site: str, now: datetime) -> None:
    """Issue the invoice for the next term, once; anything else stays as it is."""
    sponsorship = lock_sponsorship(sponsorship_id)
    seller = db.session.scalar(
        select(SellerRow).where(SellerRow.project_id == sponsorship.project_id)
    )
    if seller is None or not _is_billed(sponsorship):
        return
    dates = _dates(sponsorship, seller.net_days)
    if dates is None or dates.issue_on > now.date():
        return
    before = _invoices_of(sponsorship, dates.term_starts_at)
    if any(each.standing.state is not DocumentState.CREDITED for each in before):
        return
    term = f"{dates.term_starts_at:%Y%m%d%H%M}"
    change = _change_that_waits(sponsorship, site=site, now=now)
    issue_invoice(
        sponsorship,
        Bill(
            occasion=f"renewal:{sponsorship.reference}:{term}:{len(before)}",
            due_on=max(dates.due_on, now.date()),
            po_number=sponsorship.po_number,
            term=(dates.term_starts_at, dates.term_ends_at),
            tier=change.after if change is not None else None,
        ),
        actor=SYSTEM,
        site=site,
        now=now,
    )


def _change_that_waits(
    sponsorship: Sponsorship, *, site: str, now: datetime
) -> SponsorshipChange | None:
    """The change that comes with the next term; an upgrade that nobody paid by now is off."""
    change = find_live_change(sponsorship.id)
    if change is None or change.kind is not ChangeKind.UPGRADE:
        return change
    drop_change(sponsorship, "The difference was not paid in time.", actor=SYSTEM, now=now)
    take_back_difference(change, site=site, now=now)
    return None


def find_needless(*, now: datetime) -> list[int]:
    """Ids of unpaid invoices for a next term that will not come: the sponsorship ends before."""
    del now
    return list(
        db.session.scalars(
            select(Document.id)
            .join(DocumentStanding, DocumentStanding.document_id == Document.id)
            .join(Sponsorship, Sponsorship.id == Document.sponsorship_id)
            .where(
                DocumentStanding.state == DocumentState.UNPAID,
                Document.term_starts_at.is_not(None),
                Sponsorship.cancel_at_term_end,
            )
            .order_by(Document.id)
        )
    )


def take_back_needless(invoice_id: int, *, site: str, now: datetime) -> None:
    """Take back the invoice for a term that was canceled; one that is paid in part stays."""
    invoice = db.session.get_one(Document, invoice_id)
    sponsorship = lock_sponsorship(invoice.sponsorship_id)
    db.session.refresh(invoice.standing)
    if invoice.standing.state is not DocumentState.UNPAID or not sponsorship.cancel_at_term_end:
        return
    credit_invoice(
        SYSTEM,
        invoice.project_id,
        invoice.reference,
        amount=Money(invoice.total_minor, invoice.currency),
        reason="The sponsorship ends with its term.",
        site=site,
        now=now,
    )


def find_unpaid_terms(*, now: datetime) -> list[int]:
    """Ids of active sponsorships whose term is over and whose next invoice is not paid."""
    return list(
        db.session.scalars(
            select(Sponsorship.id)
            .where(*_BILLED, Sponsorship.term == Term.ACTIVE, Sponsorship.term_ends_at <= now)
            .order_by(Sponsorship.id)
        )
    )


def begin_grace(sponsorship_id: int, *, site: str, now: datetime) -> None:
    """Begin the grace that the charter gives, from the first unpaid day; payment extends later."""
    sponsorship = lock_sponsorship(sponsorship_id)
    ends_at = sponsorship.term_ends_at
    if not _is_billed(sponsorship) or ends_at is None or ends_at > now:
        return
    days = get_charter(sponsorship.project_id).grace_days
    sponsorship.grace_ends_at = ends_at + timedelta(days=days)
    move_term(sponsorship, TermAction.MISS, "The invoice for the next term is unpaid.", now=now)
    mail_missed_payment(sponsorship, site=site, now=now)


def find_reminders(*, now: datetime) -> list[int]:
    """Ids of open invoices of which a reminder is due."""
    return list(
        db.session.scalars(
            select(InvoiceReminder.invoice_id)
            .join(DocumentStanding, DocumentStanding.document_id == InvoiceReminder.invoice_id)
            .where(
                InvoiceReminder.sent_at.is_(None),
                InvoiceReminder.remind_on <= now.date(),
                DocumentStanding.state.in_(OPEN_STATES),
            )
            .distinct()
            .order_by(InvoiceReminder.invoice_id)
        )
    )


def remind(invoice_id: int, *, site: str, now: datetime) -> None:
    """Send the latest reminder that is due of an open invoice; those it overtook are done too."""
    invoice = db.session.get_one(Document, invoice_id)
    lock_sponsorship(invoice.sponsorship_id)
    db.session.refresh(invoice.standing)
    due = db.session.scalars(
        select(InvoiceReminder)
        .where(
            InvoiceReminder.invoice_id == invoice_id,
            InvoiceReminder.sent_at.is_(None),
            InvoiceReminder.remind_on <= now.date(),
        )
        .order_by(InvoiceReminder.remind_on)
    ).all()
    if not due or invoice.standing.state not in OPEN_STATES:
        return
    for reminder in due:
        reminder.sent_at = now
    mail_reminder(invoice, due[-1].remind_on, site=site, now=now)


_BILLED = (
    Sponsorship.processor == BANK,
    Sponsorship.renewal_id.is_(None),
    Sponsorship.cancel_at_term_end.is_(False),
)


def _invoices_of(sponsorship: Sponsorship, term_starts_at: datetime) -> list[Document]:
    """The invoices that were issued for one term."""
    return list(
        db.session.scalars(
            select(Document).where(
                Document.sponsorship_id == sponsorship.id,
                Document.kind == DocumentKind.INVOICE,
                Document.term_starts_at == term_starts_at,
            )
        )
    )


def _is_billed(sponsorship: Sponsorship) -> bool:
    return (
        sponsorship.processor == BANK
        and sponsorship.renewal_id is None
        and not sponsorship.cancel_at_term_end
        and sponsorship.term is Term.ACTIVE
    )


def _dates(sponsorship: Sponsorship, net_days: int) -> RenewalDates | None:
    starts_at, ends_at = sponsorship.term_starts_at, sponsorship.term_ends_at
    if starts_at is None or ends_at is None:
        return None
    anchor = (sponsorship.active_since or starts_at).astimezone(UTC)
    interval = sponsorship.tier_snapshot.interval
    return renewal_dates(anchor, starts_at, ends_at, interval, net_days=net_days)
