"""Public pages for visitors against a bare fixed page, and computed pages against a bare query."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

from tests.bench.lines import Line
from tests.bench.load import Load, fire
from tests.bench.server import serving

PAGES = {
    "home": "/",
    "project": "/p/kelp",
    "sponsors": "/p/kelp/sponsors",
    "tiers": "/p/kelp/tiers",
    "proposals": "/p/kelp/proposals",
    "charter": "/p/kelp/charter",
}
_ROUNDS = 4
_SECONDS = 0.4
_GZIP = "Accept-Encoding: gzip\r\n"

# What is fired, by name: the port, the path and the headers.
Targets = dict[str, tuple[int, str, str]]


def measure(name: str, environ: dict[str, str]) -> Iterator[Line]:
    """Ready pages, 304s and computed pages on one database; ``name`` tells which."""
    with (
        serving("portal", environ) as portal,
        serving("bare", environ | {"BENCH_PAGE_BYTES": "20000"}) as bare,
    ):
        targets = {page: (portal.port, path, _GZIP) for page, path in PAGES.items()}
        targets["304"] = (portal.port, "/p/kelp", _known(portal.port, "/p/kelp"))
        targets["fixed"] = (bare.port, "/", "")
        loads = _in_turns(targets)
        fixed = loads.pop("fixed")
        yield Line(f"{name}: bare fixed page of 20 KB", fixed.rate, "req/s")
        for page, load in loads.items():
            ratio = load.rate / fixed.rate
            yield Line(f"{name}: ready {page} page / bare fixed page", ratio, least=0.6)
        yield Line(f"{name}: worst p99 / p50, ready pages", max(map(_tail, loads.values())), most=5)
        yield Line(f"{name}: p99 / p50, bare fixed page", _tail(fixed))
        yield Line(f"{name}: start to the first answer", portal.started_in, "s", most=3)
        yield Line(f"{name}: memory of a web worker", portal.worker_megabytes(), "MB", most=200)
        with serving("computed", environ) as computed:
            targets = {
                "computed": (computed.port, "/p/kelp/sponsors", ""),
                "queried": (bare.port, "/sponsors", ""),
            }
            loads = _in_turns(targets, seconds=3.0, connections=4)
        queried = loads["queried"].rate
        yield Line(f"{name}: bare Core query and Jinja, 200 sponsors", queried, "req/s")
        ratio = loads["computed"].rate / queried
        yield Line(f"{name}: computed sponsors page, 200 logos / bare query", ratio, least=0.5)


def _in_turns(
    targets: Targets, *, seconds: float = _SECONDS, connections: int = 16
) -> dict[str, Load]:
    """Fire at all targets in turns, so that whatever else the machine does hits them alike."""
    for port, path, headers in targets.values():
        fire(port, path, seconds=seconds / 2, connections=connections, headers=headers)
    loads: dict[str, Load] = {}
    for _ in range(_ROUNDS):
        for name, (port, path, headers) in targets.items():
            load = fire(port, path, seconds=seconds, connections=connections, headers=headers)
            if name in loads:
                load.latencies += loads[name].latencies
                load.seconds += loads[name].seconds
            loads[name] = load
    return loads


def _known(port: int, path: str) -> str:
    """The header by which a browser says that it has the page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return f"If-None-Match: {answer.headers['ETag']}\r\n"


def _tail(load: Load) -> float:
    return load.percentile(0.99) / load.percentile(0.5)
