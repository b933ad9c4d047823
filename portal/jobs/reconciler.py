"""The daily comparison of our books with the processor's."""

from __future__ import annotations

from datetime import datetime

from portal.database import transaction
from portal.jobs.rows import one
from portal.ports.collaborators import Collaborators
from portal.services.payments import processor_events, reconciliation, renewals, settlement


def compare_books(world: Collaborators, now: datetime) -> None:
    """Heal what our references match, then keep what matches neither way for the treasurer."""
    listing = reconciliation.list_processor(world.payments, now=now)
    for checkout_id in settlement.find_unsettled(listing.checkouts):
        with one("checkout", checkout_id):
            look = processor_events.look_at(world.payments, {"checkout": checkout_id})
            with transaction():
                processor_events.converge(look, site=world.settings.base_url, now=now)
    for renewal_id in renewals.find_unkept(listing.invoices):
        with one("renewal", renewal_id):
            look = processor_events.look_at(world.payments, {"renewal": renewal_id})
            with transaction():
                processor_events.converge(look, site=world.settings.base_url, now=now)
    with transaction():
        reconciliation.record_findings(listing, now=now)
