"""Casting a ballot over HTTP, eight at once, against bare endpoints that make as much durable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal.database import db
from tests.bench.electors import (
    Seat,
    add_ballots,
    fill_electors,
    find_seats,
    open_measured_vote,
    post,
    signed_in_posts,
)
from tests.bench.lines import Line
from tests.bench.load import Load, join, send
from tests.bench.server import serving

_CLIENTS = 8
_ROUNDS = 4
_EACH = 100
_VOTERS = _ROUNDS * _EACH
# Each worker's first requests import, compile and connect; they are not measured.
_WARM = 60


def measure(many: int = 10_000) -> Iterator[Line]:
    """First ballots of a vote, and those after many were cast, beside the peers in each turn."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        app = fill_electors(url, many + 2 * (_VOTERS + _WARM))
        vote_id = open_measured_vote(app)
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

            _in_turns(ports, cast(warm[:_WARM]), rounds=1)
            first = _in_turns(ports, cast(early))
            yield from _lines("first ballots", first)
            add_ballots(app, vote_id, crowd)
            _in_turns(ports, cast(warm[_WARM:]), rounds=1)
            after = _in_turns(ports, cast(late))
            yield from _lines(f"after {many:,} ballots", after)
            # Each against its peer of the same turns, so that a busy machine is not taken for it.
            growth = (after["portal"].percentile(0.5) / after["durable"].percentile(0.5)) / (
                first["portal"].percentile(0.5) / first["durable"].percentile(0.5)
            )
            yield Line(f"ballot: after {many:,} ballots / first ballots", growth, most=1.2)
        with app.app_context():
            db.engine.dispose()


def _in_turns(ports: dict[str, int], casts: list[bytes], rounds: int = _ROUNDS) -> dict[str, Load]:
    """Send the casts, and as many bare posts to each peer, in turns."""
    loads: dict[str, list[Load]] = {name: [] for name in ports}
    each = len(casts) // rounds
    for turn in range(rounds):
        part = range(turn * each, (turn + 1) * each)
        bare = [post("/", f"key=elector-{number}&value=for") for number in part]
        for name, port in ports.items():
            requests = [casts[number] for number in part] if name == "portal" else bare
            loads[name].append(send(port, requests, _CLIENTS))
    return {name: join(parts) for name, parts in loads.items()}


def _lines(name: str, loads: dict[str, Load]) -> Iterator[Line]:
    portal, bare, group = loads["portal"], loads["durable"], loads["grouped"]
    yield Line(f"ballot, {name}: bare durable endpoint", bare.rate, "req/s")
    yield Line(f"ballot, {name}: bare durable endpoint, median", bare.percentile(0.5), "ms")
    yield Line(f"ballot, {name}: bare durable endpoint, p99", bare.percentile(0.99), "ms")
    yield Line(f"ballot, {name}: casts / bare durable endpoint", portal.rate / bare.rate, least=0.4)
    yield Line(f"ballot, {name}: median, 8 at once", portal.percentile(0.5), "ms", most=50)
    yield Line(f"ballot, {name}: p99, 8 at once", portal.percentile(0.99), "ms")
    tail = portal.percentile(0.99) / group.percentile(0.99)
    yield Line(f"ballot, {name}: p99 / p99 of a single writer, group commit", tail, most=4)
