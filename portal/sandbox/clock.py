"""What the clock brings about: checkouts expire, terms end, in the order of their instants."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from portal.sandbox.account import Account
from portal.sandbox.billing import end_term, running, term_end
from portal.sandbox.checkout import expire_session


def catch_up(account: Account) -> None:
    """Do everything that has fallen due up to now."""
    _run_until(account, account.now())


def advance(account: Account, instant: int) -> None:
    """Move the clock forward, doing each due thing at its own instant on the way."""
    _run_until(account, instant, step=account.set_clock)
    account.set_clock(instant)


def _run_until(account: Account, instant: int, step: Callable[[int], None] | None = None) -> None:
    while True:
        due = [(at, happen) for at, happen in _upcoming(account) if at <= instant]
        if not due:
            return
        at, happen = min(due, key=lambda pair: pair[0])
        if step is not None:
            step(at)
        happen()


def _upcoming(account: Account) -> list[tuple[int, Callable[[], object]]]:
    terms: list[tuple[int, Callable[[], object]]] = [
        (term_end(subscription), partial(end_term, account, subscription))
        for subscription in running(account)
    ]
    checkouts: list[tuple[int, Callable[[], object]]] = [
        (session["expires_at"], partial(expire_session, account, session))
        for session in account.store.newest_first("checkout.session")
        if session["status"] == "open"
    ]
    return terms + checkouts
