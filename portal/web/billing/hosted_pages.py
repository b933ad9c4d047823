"""The processor's pages follow what a treasurer records, at once where it can be reached."""

from __future__ import annotations

from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.services.billing.online_invoices import find_rests
from portal.web.access import collaborators


def ask_rest_only(invoice: str) -> None:
    """Let the page of an invoice ask for what is still open with us; else a sweep does it."""
    for invoice_id, rest, key in find_rests(invoice):
        try:
            collaborators().payments.ask_rest(invoice_id, rest, idempotency_key=key)
        except (ProcessorUnavailable, Refusal):
            return
