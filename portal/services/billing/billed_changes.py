"""Upgrades by invoice: the difference is billed at once, the tier moves when it is paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import ChangeKind
from portal.domain.documents import BILLED_CHANGE, DocumentState
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM, Actor
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, SellerRow
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.sponsorship.changes import ask_change, note_billed
from portal.services.sponsorship.open_changes import AskedChange, find_live_change
from portal.services.sponsorship.sponsorships import find_sponsorship


def order_change(
    actor: Actor,
    organization_id: int,
    reference: str,
    tier_slug: str,
    *,
    version: int,
    due: Money,
    site: str,
    now: datetime,
) -> AskedChange | None:
    """Ask for a change as ``ask_change`` does, and bill the difference where no processor would.

    The days are counted from the day of the order. The invoice is due within the seller's days to
    pay, but never after the term; the weight is there once it is paid, as by card.
    """
    asked = ask_change(
        actor, organization_id, reference, tier_slug,
        version=version, due=due, site=site, now=now,
    )  # fmt: skip
    sponsorship = find_sponsorship(organization_id, reference)
    change = find_live_change(sponsorship.id)
    if asked is not None or change is None or change.kind is not ChangeKind.UPGRADE:
        return asked
    ends_at = sponsorship.term_ends_at or now
    net_days = db.session.scalar(
        select(SellerRow.net_days).where(SellerRow.project_id == sponsorship.project_id)
    )
    due_on = min(now.date() + timedelta(days=net_days or 0), ends_at.date())
    # Before the invoice: credit of the organization may pay it at once.
    note_billed(change, now=now)
    bill_difference(change, due_on, sponsorship.po_number, actor=actor, site=site, now=now)
    return None


def bill_difference(
    change: SponsorshipChange,
    due_on: date,
    po_number: str,
    *,
    online: dict[str, Any] | None = None,
    actor: Actor,
    site: str,
    now: datetime,
) -> Document:
    """Our invoice for what an upgrade costs for the rest of the term; ``online`` as in ``Bill``."""
    sponsorship = change.sponsorship
    bill = Bill(
        occasion=f"{BILLED_CHANGE}{change.reference}",
        due_on=due_on,
        po_number=po_number,
        term=(change.effective_at, sponsorship.term_ends_at or now),
        tier=change.after,
        difference=Money(change.due_minor, change.currency),
        online=online,
    )
    return issue_invoice(sponsorship, bill, actor=actor, site=site, now=now)


def take_back_difference(change: SponsorshipChange, *, site: str, now: datetime) -> None:
    """Credit the invoice for a difference that nobody paid while its term ran."""
    invoice = db.session.scalars(
        select(Document).where(Document.occasion == f"{BILLED_CHANGE}{change.reference}")
    ).first()
    if invoice is not None and invoice.standing.state is DocumentState.UNPAID:
        credit_invoice(
            SYSTEM,
            invoice.project_id,
            invoice.reference,
            amount=Money(invoice.total_minor, invoice.currency),
            reason="The difference was not paid in time.",
            site=site,
            now=now,
        )
