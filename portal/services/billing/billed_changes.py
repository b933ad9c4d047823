"""Upgrades by our own invoice: the difference is billed at once, the tier moves when it is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import ChangeKind
from portal.domain.money import Money
from portal.domain.permissions import Actor
from portal.models.documents import SellerRow
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.sponsorship.changes import ask_change, note_billed
from portal.services.sponsorship.open_changes import BILLED, AskedChange, find_live_change
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
    bill = Bill(
        occasion=f"{BILLED}{change.reference}",
        due_on=min(now.date() + timedelta(days=net_days or 0), ends_at.date()),
        po_number=sponsorship.po_number,
        term=(change.effective_at, ends_at),
        tier=change.after,
        difference=due,
    )
    # Before the invoice: credit of the organization may pay it at once.
    note_billed(change, now=now)
    issue_invoice(sponsorship, bill, actor=actor, site=site, now=now)
    return None
