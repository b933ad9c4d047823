"""What the clock brings about, in the order of its instants."""

from __future__ import annotations

from portal.sandbox.account import Account
from portal.sandbox.billing import end_term, miss_due_date
from portal.sandbox.changes import charge_again, drop_pending
from portal.sandbox.checkout import expire_session
from portal.sandbox.invoicing import finalize
from portal.sandbox.store import JSON


def catch_up(account: Account) -> None:
    """Do everything that has fallen due up to now."""
    while (found := account.store.find_due(account.now())) is not None:
        _happen(account, *found)


def advance(account: Account, instant: int) -> None:
    """Move the clock forward, doing each due thing at its own instant on the way.

    Whoever keeps the same clock is told by an event when the instant is reached.
    """
    while (found := account.store.find_due(instant)) is not None:
        account.set_clock(found[0])
        _happen(account, *found)
    account.set_clock(instant)
    account.emit("test_helpers.test_clock.ready", test_clock(account))


def test_clock(account: Account) -> JSON:
    """The account's clock as Stripe describes a test clock; there is one for all objects."""
    known = account.store.find("clock_sandbox")
    created = known["created"] if known else account.now()
    return account.save(
        {
            "id": "clock_sandbox",
            "object": "test_helpers.test_clock",
            "created": created,
            "deletes_after": created + 10 * 366 * 24 * 3600,
            "frozen_time": account.now(),
            "livemode": False,
            "name": "The sandbox's clock",
            "status": "ready",
            "status_details": {},
        }
    )


def _happen(account: Account, at: int, thing: JSON) -> None:
    match thing["object"]:
        case "checkout.session":
            expire_session(account, thing)
        case "subscription":
            pending = thing["pending_update"]
            if pending is not None and pending["expires_at"] <= at:
                drop_pending(account, thing)
            else:
                end_term(account, thing)
        case "invoice" if thing["status"] == "draft":
            finalize(account, thing)
        case "invoice" if thing["next_payment_attempt"] == at:
            charge_again(account, thing)
        case "invoice":
            miss_due_date(account, thing)
