"""Opening and closing a vote, and the page of its outcome, at few and at many electors."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.app import create_app
from portal.database import db, transaction
from portal.jobs import close_due_votes
from portal.models.outbox import OutboxMessage
from portal.services.votes.tallies import close_vote
from tests.bench.alone import peak_megabytes, run_alone
from tests.bench.electors import (
    OPEN_FOR,
    SITE,
    add_ballots,
    fill_electors,
    find_seats,
    open_measured_vote,
    seat_crowd,
)
from tests.bench.lines import Line
from tests.conftest import make_settings

_FEW, _MANY, _CROWD = 200, 2_000, 100_000
_CLOSING_SECONDS = 60
_CLOSING_MEGABYTES = 400
_PAGE = "/p/kelp/proposals/1/outcome"


def measure(many: int = _MANY, crowd: int = _CROWD) -> Iterator[Line]:
    """Few electors first; then many, and what a hundred times as many do to the page."""
    yield from _measure_crowd(crowd)
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


def _measure_crowd(electors: int) -> Iterator[Line]:
    """A closing as the periodic work does it; in a process of its own, so that memory is told."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        run_alone(_fill_crowd, url, electors)
        closed, megabytes = run_alone(_close_crowd, url, electors)
        what = f"closing a vote with {electors:,} ballots, mails included"
        yield Line(what, closed, "s", most=_CLOSING_SECONDS)
        yield Line(f"{what}: memory", megabytes, "MB", most=_CLOSING_MEGABYTES)


def _fill_crowd(url: str, electors: int) -> None:
    app = fill_electors(url, _FEW)
    vote_id = open_measured_vote(app)
    seat_crowd(app, vote_id, electors - _FEW)
    add_ballots(app, vote_id, find_seats(app, vote_id))


def _close_crowd(url: str, electors: int) -> tuple[float, float]:
    """The seconds it took, and the megabytes that the process held at most, in all."""
    app = create_app(make_settings(url))
    now = datetime.now(UTC) + OPEN_FOR + timedelta(seconds=1)
    begun = time.perf_counter()
    with app.app_context():
        close_due_votes(app.extensions["stakehold"], now)
        seconds = time.perf_counter() - begun
        told = select(func.count()).where(OutboxMessage.dedupe_key.like("%:closed:%"))
        if db.session.scalar(told) != electors:
            raise RuntimeError(f"not all of {electors} electors were told")
    return seconds, peak_megabytes()


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
