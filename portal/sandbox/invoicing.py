"""An invoice's life: issued, charged, paid, paid outside, withdrawn, overdue."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.cards import Decline, TestCard, find_card
from portal.sandbox.charging import attempt, fail_invoice, settle_invoice
from portal.sandbox.errors import StripeError
from portal.sandbox.objects import new_payment_intent
from portal.sandbox.store import JSON

DAY = 24 * 3600
# Days after a failed charge on which the card is tried again.
_RETRY_DAYS = (3, 5, 7)


def draft(account: Account, invoice: JSON, *, site: str, hold: bool) -> JSON:
    """Keep a new invoice; held back it is issued after an hour, as Stripe does, else by hand."""
    invoice["_site"] = site
    if hold:
        invoice["automatically_finalizes_at"] = account.now() + 3600
    account.save(invoice)
    account.emit("invoice.created", invoice)
    return invoice


def finalize(account: Account, invoice: JSON) -> JSON:
    """Issue a draft: number, day due, page; a credit balance pays first, nothing due is paid."""
    if invoice["status"] != "draft":
        raise StripeError("This invoice is already finalized, you can't re-finalize it.",
                          code="invoice_not_editable")  # fmt: skip
    now = account.now()
    customer = account.get("customer", invoice["customer"])
    starting = customer["balance"]
    left = invoice["total"] + starting
    days = invoice["_days_until_due"]
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}",
        "hosted_invoice_url": f"{invoice['_site']}/i/{invoice['id']}",
        "automatically_finalizes_at": None,
        "effective_at": now,
        "due_date": None if days is None else now + days * DAY,
        "starting_balance": starting,
        "ending_balance": min(left, 0),
        "amount_due": max(left, 0),
        "amount_remaining": max(left, 0),
    }
    invoice["status_transitions"]["finalized_at"] = now
    customer["balance"] = min(left, 0)
    customer["next_invoice_sequence"] += 1
    account.save(customer)
    account.save(invoice)
    account.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        _close_paid(account, invoice)
    return invoice


def pay_by_card(
    account: Account, invoice: JSON, method: JSON, declined: Decline | None, card: TestCard
) -> bool:
    """Charge a card for an open invoice; False if the bank says no, and the invoice stays open."""
    intent = new_payment_intent(
        account, invoice["currency"], invoice["amount_due"], invoice["customer"]
    )
    attempt(account, intent, method, declined, site=invoice["_site"])
    if declined is not None:
        fail_invoice(account, invoice, intent, card)
        return False
    settle_invoice(account, invoice, intent)
    return True


def charge_on_file(account: Account, invoice: JSON, subscription: JSON) -> bool:
    """Charge the card on file without the payer; after a refusal it is tried again on some days."""
    customer = account.get("customer", subscription["customer"])
    identifier = (
        subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    method = account.get("payment_method", identifier) if identifier else None
    card = find_card(method["_number"]) if method else None
    if method is None or card is None:
        account.save(invoice | {"attempted": True, "next_payment_attempt": None})
        account.emit("invoice.payment_failed", invoice)
        return False
    if pay_by_card(account, invoice, method, card.declined_later, card):
        return True
    tries = invoice["attempt_count"]
    waits = _RETRY_DAYS[tries - 1] if tries <= len(_RETRY_DAYS) else None
    invoice["next_payment_attempt"] = None if waits is None else account.now() + waits * DAY
    account.save(invoice)
    return False


def pay_outside(account: Account, invoice: JSON) -> JSON:
    """Mark an open invoice as paid past the processor."""
    _require_open(invoice)
    _close_paid(account, invoice)
    return invoice


def void(account: Account, invoice: JSON) -> JSON:
    """Withdraw an open invoice for good."""
    _require_open(invoice)
    invoice |= {"status": "void", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = account.now()
    account.save(invoice)
    account.emit("invoice.voided", invoice)
    return invoice


def _close_paid(account: Account, invoice: JSON) -> None:
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = account.now()
    account.save(invoice)
    account.emit("invoice.paid", invoice)


def _require_open(invoice: JSON) -> None:
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise StripeError(f"This invoice is {invoice['status']}: only open ones can be settled.")
