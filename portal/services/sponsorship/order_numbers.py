"""The purchase order number that the next invoices of a sponsorship quote."""

from __future__ import annotations

from datetime import datetime

from portal.domain.permissions import Actor, Permission, require
from portal.domain.text import clean_line
from portal.services.audit import record_change
from portal.services.sponsorship.sponsorships import find_sponsorship


def choose_order_number(
    actor: Actor, organization_id: int, reference: str, number: str, *, now: datetime
) -> None:
    """Quote a number on the invoices to come; those issued keep theirs."""
    require(actor, Permission.ORGANIZATION_BILLING_EDIT, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    number = clean_line(number, max_length=80)
    if number == sponsorship.po_number:
        return
    sponsorship.po_number = number
    record_change(
        "sponsorship:order_number:edit",
        f"Invoices to come quote the purchase order {number or 'none'}.",
        actor=actor,
        now=now,
        organization_id=organization_id,
        project_id=sponsorship.project_id,
    )
