"""When something will happen to an object by the clock alone."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]


def next_due(thing: JSON) -> int | None:
    """The next instant (Unix seconds) at which the clock changes this object, None if never."""
    match thing["object"], thing.get("status"):
        case "checkout.session", "open":
            instants = [thing["expires_at"]]
        case "subscription", status if status not in ("canceled", "incomplete_expired"):
            pending = thing["pending_update"]
            ends = thing["items"]["data"][0]["current_period_end"]
            instants = [ends, pending and pending["expires_at"]]
        case "invoice", "draft":
            instants = [thing["automatically_finalizes_at"]]
        case "invoice", "open":
            overdue = thing.get("_overdue")
            instants = [thing["next_payment_attempt"], None if overdue else thing["due_date"]]
        case _:
            return None
    return min((instant for instant in instants if instant), default=None)
