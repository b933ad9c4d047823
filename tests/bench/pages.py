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
_SECONDS = 2.0
_GZIP = "Accept-Encoding: gzip\r\n"


def measure(name: str, environ: dict[str, str]) -> Iterator[Line]:
    """Ready pages, 304s and computed pages on one database; ``name`` tells which."""
    with serving("portal", environ) as server:
        ready = {}
        for page, path in PAGES.items():
            fire(server.port, path, seconds=0.5)
            ready[page] = fire(server.port, path, seconds=_SECONDS, headers=_GZIP)
        known = _known(server.port, "/p/kelp")
        memory, started_in = server.worker_megabytes(), server.started_in
    with serving("bare", environ | {"BENCH_PAGE_BYTES": "20000"}) as server:
        fire(server.port, "/", seconds=0.5)
        fixed = fire(server.port, "/", seconds=_SECONDS)
        fire(server.port, "/sponsors", seconds=0.5)
        queried = fire(server.port, "/sponsors", seconds=_SECONDS)
    yield Line(f"{name}: bare fixed page of 20 KB", fixed.rate, "req/s")
    for page, load in ready.items():
        yield Line(f"{name}: ready {page} page / bare fixed page", load.rate / fixed.rate, least=0.6)
    yield Line(f"{name}: 304 of a known page / bare fixed page", known.rate / fixed.rate, least=0.6)
    worst = max(ready.values(), key=_tail)
    yield Line(f"{name}: worst p99 / p50 of ready pages", _tail(worst), most=5)
    yield Line(f"{name}: p99 / p50 of the bare fixed page", _tail(fixed))
    with serving("computed", environ) as server:
        fire(server.port, "/p/kelp/sponsors", seconds=0.5)
        computed = fire(server.port, "/p/kelp/sponsors", seconds=_SECONDS)
    yield Line(f"{name}: bare Core query and Jinja, 200 sponsors", queried.rate, "req/s")
    ratio = computed.rate / queried.rate
    yield Line(f"{name}: computed sponsors page, 200 logos / bare query", ratio, least=0.5)
    yield Line(f"{name}: server's start to its first answer", started_in, "s", most=3)
    yield Line(f"{name}: memory of a web worker", memory, "MB", most=200)


def _known(port: int, path: str) -> Load:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        etag = answer.headers["ETag"]
    load = fire(port, path, seconds=_SECONDS, headers=f"If-None-Match: {etag}\r\n")
    if load.status != 304:
        raise RuntimeError("the page was not known")
    return load


def _tail(load: Load) -> float:
    return load.percentile(0.99) / load.percentile(0.5)
