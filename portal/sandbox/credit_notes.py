"""Credit notes on open invoices: from then on the page asks for less."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.errors import StripeError
from portal.sandbox.objects import listed
from portal.sandbox.store import JSON


def create_credit_note(account: Account, params: JSON) -> JSON:
    """Take an amount off what is still asked of an open invoice; refuses all of it, and more."""
    invoice = account.get("invoice", params.get("invoice", ""), "invoice")
    amount = params.get("amount", 0)
    if invoice["status"] != "open":
        raise StripeError(
            "The sandbox credits open invoices only; a paid one is refunded.", param="invoice"
        )
    if not 0 < amount < invoice["amount_remaining"]:
        raise StripeError("The sandbox credits a part of what remains.", param="amount")
    note = account.save(_new_note(account, invoice, amount, params.get("memo")))
    for name in ("amount_due", "amount_remaining"):
        invoice[name] -= amount
    invoice["pre_payment_credit_notes_amount"] += amount
    account.save(invoice)
    account.emit("credit_note.created", note)
    account.emit("invoice.updated", invoice)
    return note


def _new_note(account: Account, invoice: JSON, amount: int, memo: str | None) -> JSON:
    identifier, now = account.new_id("cn"), account.now()
    return {
        "id": identifier,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": now,
        "invoice": invoice["id"],
        "lines": listed(f"/v1/credit_notes/{identifier}/lines", []),
        "livemode": False,
        "memo": memo,
        "metadata": {},
        "number": f"{invoice['number']}-CN-{identifier[-4:]}",
        "out_of_band_amount": None,
        "pdf": f"{invoice['_site']}/i/{invoice['id']}",
        "post_payment_amount": 0,
        "pre_payment_amount": amount,
        "pretax_credit_amounts": [],
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": "pre_payment",
        "voided_at": None,
    }
