"""Our invoices for what the processor invoices by itself: terms it renews, upgrades it makes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import LIVE_CHANGE, ChangeKind
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sellers import buyer_data_obstacles
from portal.domain.sponsorship import GOOD_STANDING
from portal.models.billing import Payment
from portal.models.documents import Document, DocumentStanding
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.ports.payments import InvoicePurpose, InvoiceSeen, InvoiceState, PaymentSeen
from portal.services.billing.billed_changes import bill_difference, take_back_difference
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.billing.sellers import billing_data, get_seller
from portal.services.sponsorship.changes import note_answer
from portal.services.sponsorship.open_changes import find_change_paid_by, find_live_change
from portal.services.sponsorship.sponsorships import lock_sponsorship

PROCESSOR = "stripe"
_BILLED = (InvoicePurpose.RENEWAL, InvoicePurpose.CHANGE)
_ISSUED = (InvoiceState.OPEN, InvoiceState.PAID)


def bill_by_processor(seen: InvoiceSeen, *, site: str, now: datetime) -> Document | None:
    """Our invoice for one that the processor sent by itself, issued once.

    None where it is of no sponsorship of ours, was paid before it was looked at, asks for another
    amount than was sold, or where seller or buyer never said who they are.
    """
    if seen.purpose not in _BILLED or seen.due_at is None or seen.state not in _ISSUED:
        return None
    found = db.session.scalar(
        select(Sponsorship.id).where(Sponsorship.renewal_id == seen.renewal_id)
    )
    if found is None:
        return None
    sponsorship = lock_sponsorship(found)
    # Whoever waited for the lock finds what was billed meanwhile.
    if (billed := find_linked(seen.invoice_id)) is not None:
        return billed
    kept_before = any(is_known(payment) for payment in seen.payments)
    if sponsorship.term not in GOOD_STANDING or kept_before or not _can_bill(sponsorship):
        return None
    bill = _bill_term if seen.purpose is InvoicePurpose.RENEWAL else _bill_change
    return bill(sponsorship, seen, site=site, now=now)


def find_linked(invoice_id: str) -> Document | None:
    """Our invoice that goes with one of the processor."""
    return db.session.scalar(
        select(Document)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(DocumentStanding.processor_invoice_id == invoice_id)
    )


def find_tier_at(sponsorship: Sponsorship, price: Money) -> TierVersion | None:
    """The tier that costs a price: that of now, or the one it changes to with the next term."""
    change = find_live_change(sponsorship.id)
    for tier in (sponsorship.tier_snapshot, change.after if change else None):
        if tier is not None and Money(tier.price_minor, tier.currency) == price:
            return tier
    return None


def is_known(payment: PaymentSeen) -> bool:
    """Whether a payment of the processor is kept already."""
    known = select(Payment.id).where(
        Payment.processor == PROCESSOR, Payment.processor_payment_id == payment.payment_id
    )
    return db.session.scalar(known) is not None


def _bill_term(
    sponsorship: Sponsorship, seen: InvoiceSeen, *, site: str, now: datetime
) -> Document | None:
    """A term that the processor renews; an upgrade still unpaid then holds with this term."""
    tier = find_tier_at(sponsorship, seen.total)
    if tier is None:
        return None
    invoice = issue_invoice(
        sponsorship,
        Bill(
            occasion=f"{PROCESSOR}:{seen.invoice_id}",
            due_on=(seen.due_at or now).date(),
            po_number=seen.po_number or sponsorship.po_number,
            term=(seen.term_starts_at, seen.term_ends_at),
            tier=tier,
            online={},
        ),
        actor=SYSTEM,
        site=site,
        now=now,
    )
    change = find_live_change(sponsorship.id)
    if change is not None and change.kind is ChangeKind.UPGRADE:
        take_back_difference(change, site=site, now=now)
    return invoice


def _bill_change(
    sponsorship: Sponsorship, seen: InvoiceSeen, *, site: str, now: datetime
) -> Document | None:
    """The difference of an upgrade that the processor made, if it asks for what was confirmed."""
    change = find_change_paid_by(sponsorship.id, seen.invoice_id, seen.total)
    if change is None or change.state not in LIVE_CHANGE:
        return None
    if seen.total != Money(change.due_minor, change.currency) or not change.due_minor:
        return None
    # An event may be quicker than the answer to our call.
    note_answer(change.reference, seen, site=site, now=now)
    return bill_difference(
        change,
        (seen.due_at or now).date(),
        seen.po_number or sponsorship.po_number,
        online={},
        actor=SYSTEM,
        site=site,
        now=now,
    )


def _can_bill(sponsorship: Sponsorship) -> bool:
    """Whether both sides are known; a card's buyer may never have said who they are."""
    try:
        get_seller(sponsorship.project_id)
    except Refusal:
        return False
    return not buyer_data_obstacles(billing_data(sponsorship.organization))
