"""Casting a ballot over HTTP, eight at once, against bare endpoints that make as much durable."""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from portal.database import db
from tests.bench.electors import (
    Seat,
    add_ballots,
    fill_electors,
    find_seats,
    open_measured_vote,
    post,
    seat_crowd,
    signed_in_posts,
)
from tests.bench.lines import Line
from tests.bench.load import Load, join, send
from tests.bench.server import serving

_CLIENTS = 8
_FEW = 20
# Many short turns: what else the machine does then falls on all alike, and the median leaves out
# the turns where it did not.
_TURNS = 20
_EACH = 40
_VOTERS = _TURNS * _EACH
# A peer is quicker, so it is sent more in its turn.
_BARE = 3 * _EACH
# Each worker's first requests import, compile and connect; they are not measured.
_WARM = 60

Loads = dict[str, list[Load]]


def measure(many: int = 100_000) -> Iterator[Line]:
    """First ballots of a vote, and those after many were cast, beside the peers in each turn."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        app = fill_electors(url, _FEW)
        vote_id = open_measured_vote(app)
        seat_crowd(app, vote_id, many + 2 * (_VOTERS + _WARM) - _FEW)
        seats = find_seats(app, vote_id)
        early, late, crowd = seats[:_VOTERS], seats[_VOTERS : 2 * _VOTERS], seats[2 * _VOTERS :]
        warm, crowd = crowd[: 2 * _WARM], crowd[2 * _WARM :]
        environ = {
            "STAKEHOLD_ENV": "bench", "STAKEHOLD_SECRET_KEY": "test",
            "STAKEHOLD_DATABASE_URL": url, "STAKEHOLD_VAR": folder,
            "BENCH_DURABLE": str(Path(folder) / "durable.db"),
        }  # fmt: skip
        grouped = environ | {"BENCH_DURABLE": str(Path(folder) / "grouped.db")}
        with (
            serving("portal", environ, "/healthz") as portal,
            serving("durable", environ) as bare,
            serving("grouped", grouped, workers=1) as group,
        ):
            ports = {"portal": portal.port, "durable": bare.port, "grouped": group.port}

            def cast(voters: list[Seat]) -> list[bytes]:
                return signed_in_posts(app, vote_id, voters, "for")

            _settle(Path(folder) / "portal.db")
            keys = itertools.count()
            _in_turns(ports, cast(warm[:_WARM]), keys, turns=1)
            first = _in_turns(ports, cast(early), keys)
            yield from _lines("first ballots", first, least=0.4)
            add_ballots(app, vote_id, crowd)
            _settle(Path(folder) / "portal.db")
            _in_turns(ports, cast(warm[_WARM:]), keys, turns=1)
            after = _in_turns(ports, cast(late), keys)
            yield from _lines(f"after {many:,} ballots", after)
            # The budget of many ballots is what they cost more than the first ones did, each
            # beside its peer of the same turns, so that a busy machine is not taken for it.
            yield Line(
                f"ballot: cost after {many:,} ballots / of the first ballots",
                _share(first) / _share(after),
                most=1.2,
            )
        with app.app_context():
            db.engine.dispose()


def _settle(database: Path) -> None:
    """Bring what was filled in from SQLite's log into its file, so that no cast has to."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _in_turns(
    ports: dict[str, int], casts: list[bytes], keys: Iterator[int], turns: int = _TURNS
) -> Loads:
    """Send the casts, and bare posts to each peer, in turns; every second one the other way.

    Each post brings a key of its own, as each cast is an elector's first.
    """
    loads: Loads = {name: [] for name in ports}
    each = len(casts) // turns
    for turn in range(turns):
        bare = [
            post("/", f"key=elector-{number}&value=for") for number in itertools.islice(keys, _BARE)
        ]
        for name in sorted(ports, reverse=bool(turn % 2)):
            requests = casts[turn * each : (turn + 1) * each] if name == "portal" else bare
            loads[name].append(send(ports[name], requests, _CLIENTS))
    return loads


def _share(loads: Loads) -> float:
    """Casts per second as a share of the bare posts of the same turn; the median turn."""
    turns = zip(loads["portal"], loads["durable"], strict=True)
    return statistics.median(portal.rate / bare.rate for portal, bare in turns)


def _lines(name: str, loads: Loads, *, least: float | None = None) -> Iterator[Line]:
    portal, bare, group = (join(loads[each]) for each in ("portal", "durable", "grouped"))
    yield Line(f"ballot, {name}: casts", portal.rate, "req/s")
    yield Line(f"ballot, {name}: bare durable endpoint", bare.rate, "req/s")
    yield Line(f"ballot, {name}: bare durable endpoint, median", bare.percentile(0.5), "ms")
    yield Line(f"ballot, {name}: bare durable endpoint, p99", bare.percentile(0.99), "ms")
    yield Line(f"ballot, {name}: casts / bare durable endpoint", _share(loads), least=least)
    yield Line(f"ballot, {name}: median, 8 at once", portal.percentile(0.5), "ms", most=50)
    yield Line(f"ballot, {name}: p99, 8 at once", portal.percentile(0.99), "ms")
    tail = portal.percentile(0.99) / group.percentile(0.99)
    yield Line(f"ballot, {name}: p99 / p99 of a single writer, group commit", tail, most=4)
