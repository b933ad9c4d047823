"""Opening and closing a vote, and the page of its outcome, at few and at many electors."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from portal.database import db, transaction
from portal.services.tallies import close_vote
from tests.bench.electors import (
    OPEN_FOR,
    SITE,
    add_ballots,
    fill_electors,
    find_seats,
    open_measured_vote,
)
from tests.bench.lines import Line

_FEW, _MANY = 20, 2_000
_PAGE = "/p/kelp/proposals/1/outcome"


def measure(many: int = _MANY) -> Iterator[Line]:
    """Few electors first; then many, and what a hundred times as many do to the page."""
    pages = {}
    for electors in (_FEW, many):
        with tempfile.TemporaryDirectory() as folder:
            app = fill_electors(f"sqlite:///{Path(folder) / 'portal.db'}", electors)
            begun = time.perf_counter()
            vote_id = open_measured_vote(app)
            opened = time.perf_counter() - begun
            yield Line(f"opening a vote with {electors:,} electors, preview and mail", opened, "s")
            add_ballots(app, vote_id, find_seats(app, vote_id))
            yield Line(f"closing a vote with {electors:,} ballots", _close(app, vote_id), "s")
            pages[electors] = _page(app)
            yield Line(
                f"outcome page of {electors:,} ballots, computed", 1000 * pages[electors], "ms"
            )
            with app.app_context():
                db.engine.dispose()
    yield Line(
        f"outcome page: {many:,} ballots / {_FEW} ballots", pages[many] / pages[_FEW], most=1.5
    )


def _close(app: Flask, vote_id: int) -> float:
    now = datetime.now(UTC) + OPEN_FOR + timedelta(seconds=1)
    begun = time.perf_counter()
    with app.app_context(), transaction():
        close_vote(vote_id, site=SITE, now=now)
    return time.perf_counter() - begun


def _page(app: Flask) -> float:
    app.config["PAGE_CACHE_BYTES"] = 0
    client = app.test_client()
    times = []
    for _ in range(9):
        begun = time.perf_counter()
        if client.get(_PAGE).status_code != 200:
            raise RuntimeError(_PAGE)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])
