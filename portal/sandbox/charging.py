"""Charging a card: intents, charges, and invoices paid by them."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.amounts import fee_of
from portal.sandbox.booking import book
from portal.sandbox.cards import Decline, TestCard, find_card
from portal.sandbox.invoice_objects import new_invoice_payment
from portal.sandbox.objects import new_charge
from portal.sandbox.returns import dispute
from portal.sandbox.store import JSON


def attempt(
    account: Account, intent: JSON, method: JSON, declined: Decline | None, *, site: str
) -> JSON:
    """Charge an intent once; the intent ends as ``succeeded`` or asks for another card."""
    charge = new_charge(account, intent, method, declined)
    if declined is None:
        charge["receipt_url"] = f"{site}/receipts/{charge['id']}"
        amount, currency = charge["amount"], charge["currency"]
        booked = book(account, "charge", amount, currency, charge["id"], fee_of(amount, currency))
        charge["balance_transaction"] = booked["id"]
    account.save(charge)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if declined is None:
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "payment_method": method["id"],
            "last_payment_error": None,
        }
        account.save(intent)
        account.emit("charge.succeeded", charge)
        account.emit("payment_intent.succeeded", intent)
        card = find_card(method["_number"])
        if card is not None and card.disputed:
            dispute(account, charge)
    else:
        intent |= {
            "status": "requires_payment_method",
            "last_payment_error": _payment_error(declined, charge),
        }
        account.save(intent)
        account.emit("charge.failed", charge)
        account.emit("payment_intent.payment_failed", intent)
    return charge


def ask_bank(account: Account, intent: JSON, method: JSON, url: str) -> None:
    """Put an intent on hold until the payer's bank has answered (3-D Secure)."""
    intent |= {
        "status": "requires_action",
        "payment_method": method["id"],
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": url, "url": url},
        },
    }
    account.save(intent)
    account.emit("payment_intent.requires_action", intent)


def refuse_authentication(account: Account, intent: JSON, declined: Decline) -> None:
    """The payer's bank said no: nothing was charged, another card may be tried."""
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": _payment_error(declined, None),
    }
    account.save(intent)
    account.emit("payment_intent.payment_failed", intent)


def settle_invoice(account: Account, invoice: JSON, intent: JSON) -> None:
    """Mark an invoice as paid by a succeeded intent."""
    now = account.now()
    payment = new_invoice_payment(account, invoice, intent["id"])
    account.save(
        payment
        | {
            "status": "paid",
            "amount_paid": invoice["amount_due"],
            "status_transitions": {"canceled_at": None, "paid_at": now},
        }
    )
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "attempt_count": invoice["attempt_count"] + 1,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = now
    account.save(invoice)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)


def fail_invoice(account: Account, invoice: JSON, intent: JSON, card: TestCard) -> None:
    """Leave an invoice open after a failed attempt."""
    account.save(new_invoice_payment(account, invoice, intent["id"]))
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    account.save(invoice)
    account.emit("invoice.payment_failed", invoice)
    if card.challenged:
        account.emit("invoice.payment_action_required", invoice)


def _payment_error(declined: Decline, charge: JSON | None) -> JSON:
    return {
        "type": "card_error" if charge else "invalid_request_error",
        "code": declined.code,
        "decline_code": declined.decline_code,
        "message": declined.message,
        "charge": charge["id"] if charge else None,
    }
