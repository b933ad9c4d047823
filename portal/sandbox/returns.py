"""Money that goes back: refunds by API, disputes by the payer's bank."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.amounts import granularity
from portal.sandbox.booking import book
from portal.sandbox.errors import StripeError
from portal.sandbox.store import JSON

_ANSWER_DAYS = 14 * 24 * 3600
_DISPUTE_FEE = 1500
_OPEN = ("needs_response", "under_review")


def refund(account: Account, params: JSON) -> JSON:
    """Give back a charge or a part of it; refuses more than is left, and what is disputed."""
    charge = _charge_of(account, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if charge["disputed"] and not _was_won(account, charge):
        raise StripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left == 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if not 0 < amount <= left:
        raise StripeError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
            param="amount",
        )
    identifier = account.new_id("re")
    booked = book(account, "refund", -amount, charge["currency"], identifier, 0)
    made: JSON = {
        "id": identifier,
        "object": "refund",
        "amount": amount,
        "balance_transaction": booked["id"],
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "description": None,
        "destination_details": {"type": "card"},
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    account.save(made)
    refunded = charge["amount_refunded"] + amount
    charge |= {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    account.save(charge)
    account.emit("refund.created", made)
    account.emit("charge.refunded", charge)
    return made


def dispute(account: Account, charge: JSON) -> JSON:
    """The payer's bank takes a charge back for now, and its fee with it."""
    if charge["disputed"] or not charge["paid"]:
        raise StripeError("Only a succeeded charge can be disputed, once.")
    identifier = account.new_id("dp")
    amount = charge["amount"] - charge["amount_refunded"]
    currency = charge["currency"]
    fee = _DISPUTE_FEE * granularity(currency)
    booked = book(account, "adjustment", -amount, currency, identifier, fee)
    made: JSON = {
        "id": identifier,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [booked],
        "charge": charge["id"],
        "created": account.now(),
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": _no_evidence(),
        "evidence_details": {
            "due_by": account.now() + _ANSWER_DAYS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": "visa", "case_type": "chargeback", "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "needs_response",
    }  # fmt: skip
    account.save(made)
    account.save(charge | {"disputed": True})
    account.emit("charge.dispute.created", made)
    account.emit("charge.dispute.funds_withdrawn", made)
    return made


def close_dispute(account: Account, found: JSON, *, won: bool) -> JSON:
    """The bank decides: won brings money and fee back, lost leaves things as they are."""
    if found["status"] not in _OPEN:
        raise StripeError("This dispute is already closed.")
    if won:
        fee = found["balance_transactions"][0]["fee"]
        booked = book(account, "adjustment", found["amount"], found["currency"], found["id"], -fee)
        found["balance_transactions"].append(booked)
    found["status"] = "won" if won else "lost"
    account.save(found)
    if won:
        account.emit("charge.dispute.funds_reinstated", found)
    account.emit("charge.dispute.closed", found)
    return found


def answer_dispute(account: Account, found: JSON, params: JSON) -> JSON:
    """Evidence with Stripe's test words ``winning_evidence`` or ``losing_evidence`` decides."""
    said = params.get("evidence", {}).get("uncategorized_text", "")
    if said not in ("winning_evidence", "losing_evidence"):
        raise StripeError(
            "The sandbox takes evidence[uncategorized_text]=winning_evidence or losing_evidence.",
            param="evidence",
        )
    found["evidence"]["uncategorized_text"] = said
    found["evidence_details"] |= {"has_evidence": True, "submission_count": 1,
                                  "submission_method": "manual"}  # fmt: skip
    return close_dispute(account, found, won=said == "winning_evidence")


def _was_won(account: Account, charge: JSON) -> bool:
    return any(
        found["charge"] == charge["id"] and found["status"] == "won"
        for found in account.store.newest_first("dispute")
    )


def _charge_of(account: Account, params: JSON) -> JSON:
    if "payment_intent" in params:
        intent = account.get("payment_intent", params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            raise StripeError("This PaymentIntent does not have a successful charge to refund.")
        return account.get("charge", intent["latest_charge"])
    if "charge" in params:
        return account.get("charge", params["charge"], "charge")
    raise StripeError("One of charge or payment_intent is needed.", code="parameter_missing")


def _no_evidence() -> JSON:
    names = (
        "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
        "cancellation_rebuttal customer_communication customer_email_address customer_name "
        "customer_purchase_ip customer_signature duplicate_charge_documentation "
        "duplicate_charge_explanation duplicate_charge_id product_description receipt "
        "refund_policy refund_policy_disclosure refund_refusal_explanation service_date "
        "service_documentation shipping_address shipping_carrier shipping_date "
        "shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text"
    ).split()
    return dict.fromkeys(names) | {"enhanced_evidence": {}}
