"""Steering the webhooks: held back, let go one by one, shuffled, doubled, dropped."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from portal.sandbox.account import Account

_HELD = "SELECT * FROM deliveries WHERE status = 'held' ORDER BY seq"


def count_held(account: Account) -> int:
    """How many deliveries wait for a word."""
    return len(account.store.rows(_HELD))


def _pause(account: Account) -> None:
    """Hold back what happens from now on."""
    account.set_setting("paused", 1)


def _resume(account: Account) -> None:
    """Let everything go, in order, and hold nothing back any more."""
    account.set_setting("paused", 0)
    _release(account, [row["seq"] for row in account.store.rows(_HELD)])


def _next(account: Account) -> None:
    """Let the oldest one go."""
    _release(account, [row["seq"] for row in account.store.rows(f"{_HELD} LIMIT 1")])


def _shuffle(account: Account) -> None:
    """Let all that is held go in a random order."""
    held = [row["seq"] for row in account.store.rows(_HELD)]
    random.SystemRandom().shuffle(held)
    _release(account, held)


def _duplicate(account: Account) -> None:
    """Queue every held delivery twice."""
    for row in account.store.rows(_HELD):
        event = account.store.find(row["event"])
        if event is not None:
            account.queue(event)


def _drop(account: Account) -> None:
    """Never send the oldest one."""
    account.store.rows(
        "UPDATE deliveries SET status = 'dropped', due_at = NULL WHERE seq = "
        "(SELECT min(seq) FROM deliveries WHERE status = 'held')"
    )


def _drop_all(account: Account) -> None:
    """Never send any that is held."""
    account.store.rows(
        "UPDATE deliveries SET status = 'dropped', due_at = NULL WHERE status = 'held'"
    )


def _release(account: Account, seqs: list[int]) -> None:
    """Make deliveries due in this order."""
    start = time.time() - 1
    for rank, seq in enumerate(seqs):
        account.store.rows(
            "UPDATE deliveries SET status = 'pending', due_at = ? WHERE seq = ?",
            start + rank / 1e6,
            seq,
        )


STEPS: dict[str, Callable[[Account], None]] = {
    "pause": _pause,
    "resume": _resume,
    "next": _next,
    "shuffle": _shuffle,
    "duplicate": _duplicate,
    "drop": _drop,
    "drop all": _drop_all,
}
