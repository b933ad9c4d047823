"""Periodic work on invoices and bank statements."""

from __future__ import annotations

from datetime import datetime

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.jobs.rows import LISTED, SETTLED, one
from portal.ports.collaborators import Collaborators
from portal.ports.payments import InvoicePurpose, InvoiceState
from portal.services.billing import bank_imports, invoice_calendar, online_invoices
from portal.services.payments.processor_events import converge, look_at


def keep_invoice_calendar(world: Collaborators, now: datetime) -> None:
    """Bill terms that follow, bring open invoices to mind, begin the grace of unpaid terms."""
    site = world.settings.base_url
    steps = (
        (invoice_calendar.find_needless, invoice_calendar.take_back_needless),
        (invoice_calendar.find_terms_to_bill, invoice_calendar.bill_next_term),
        (invoice_calendar.find_unpaid_terms, invoice_calendar.begin_grace),
        (invoice_calendar.find_reminders, invoice_calendar.remind),
    )
    for find, do in steps:
        for row_id in find(now=now):
            with one(do.__name__, row_id), transaction():
                do(row_id, site=site, now=now)


def follow_online_invoices(world: Collaborators, now: datetime) -> None:
    """Ask again for pages to pay on that were never answered; close those of settled invoices."""
    site = world.settings.base_url
    for asked in online_invoices.find_unanswered(now=now, age=SETTLED):
        with one("invoice", asked.reference):
            try:
                opened = world.payments.open_invoiced_renewal(
                    asked, idempotency_key=asked.reference
                )
            except Refusal as refusal:
                with transaction():
                    online_invoices.fall_back(asked.reference, refusal.message, site=site, now=now)
            else:
                with transaction():
                    online_invoices.keep_opened(asked.reference, opened, site=site, now=now)
    _settle_forgotten(world, now)
    ask_rests(world, now)
    for invoice_id in online_invoices.find_open_pages(settled=True):
        with one("invoice", invoice_id):
            _close_page(world, invoice_id)
            _look_again(world, invoice_id, now)


def ask_rests(world: Collaborators, _now: datetime) -> None:
    """Pages ask for the rest only, where credit or a transfer settled a part of our invoice."""
    for invoice_id, rest, key in online_invoices.find_rests():
        with one("invoice", invoice_id):
            world.payments.ask_rest(invoice_id, rest, idempotency_key=key)


def sync_online_invoices(world: Collaborators, now: datetime) -> None:
    """Look again at every invoice that can be paid at the processor: events may have been lost."""
    for invoice_id in online_invoices.find_open_pages(settled=False):
        with one("invoice", invoice_id):
            _look_again(world, invoice_id, now)


def _settle_forgotten(world: Collaborators, now: datetime) -> None:
    """What got no answer for a day may exist there after all; else it is paid by transfer."""
    forgotten = online_invoices.find_forgotten(now=now)
    if not forgotten:
        return
    for seen in world.payments.list_invoices(since=now - LISTED):
        if seen.reference in forgotten:
            _look_again(world, seen.invoice_id, now)
    for reference in forgotten:
        with one("invoice", reference), transaction():
            online_invoices.fall_back(
                reference, "No page was made for it.", site=world.settings.base_url, now=now
            )


def _close_page(world: Collaborators, invoice_id: str) -> None:
    """Withdraw what we took back, with the term it renews; tell what was paid past the processor.

    Where an upgrade was taken back the term goes on, at the tier before.
    """
    seen = world.payments.get_invoice(invoice_id)
    if seen.state is not InvoiceState.OPEN:
        return
    if not online_invoices.is_taken_back(invoice_id):
        world.payments.settle_invoice_outside(invoice_id, idempotency_key=f"{invoice_id}-outside")
        return
    world.payments.void_invoice(invoice_id, idempotency_key=f"{invoice_id}-void")
    if seen.renewal_id is not None and seen.purpose is not InvoicePurpose.CHANGE:
        world.payments.end_renewal(seen.renewal_id, idempotency_key=f"{invoice_id}-end")


def _look_again(world: Collaborators, invoice_id: str, now: datetime) -> None:
    look = look_at(world.payments, {"invoice": invoice_id})
    with transaction():
        converge(look, site=world.settings.base_url, now=now)


def read_statements(_world: Collaborators, _now: datetime) -> None:
    """Read bank statements in portions, each seen as soon as it is read."""
    for import_id in bank_imports.find_imports_to_read():
        with one("bank statement", import_id):
            more = True
            while more:
                with transaction():
                    more = bank_imports.read_portion(import_id)
