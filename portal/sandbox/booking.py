"""The account's own balance: what each charge, refund and dispute added, took and cost."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.store import JSON


def book(account: Account, kind: str, amount: int, currency: str, source: str, fee: int) -> JSON:
    """Keep one movement of the balance; ``fee`` is what the processor keeps of it."""
    now = account.now()
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Sandbox processing fees",
        "type": "stripe_fee",
    }
    return account.save(
        {
            "id": account.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now,
            "balance_type": "payments",
            "created": now,
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": "dispute" if kind == "adjustment" else kind,
            "source": source,
            "status": "available",
            "type": kind,
        }
    )
