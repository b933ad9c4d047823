"""What pages cost at a hundred times the rows: computed, without kept pages."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from portal.database import db
from tests.bench.lines import Line
from tests.bench.rows import fill

_PATHS = ("/", "/p/kelp", "/p/kelp/sponsors", "/p/kelp/tiers", "/p/kelp/proposals")
_TURNS = 22


def measure() -> Iterator[Line]:
    """Cost of each page at 100,000 sponsors and 10,000 proposals against a hundredth of them.

    Each is asked for in turns with its peer, so that what else the machine does falls on both.
    """
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_filled(folder, sponsors) for sponsors in (1_000, 100_000))
        for path in _PATHS:
            turns = [_cost(many, path) / _cost(few, path) for _ in range(_TURNS)]
            # The first turn compiles what later ones share.
            ratio = statistics.median(turns[1:])
            yield Line(f"growth: {path} at 100 times the rows", ratio, most=1.5)
        for app in (few, many):
            with app.app_context():
                db.engine.dispose()


def _filled(folder: str, sponsors: int) -> Flask:
    url = f"sqlite:///{Path(folder) / f'{sponsors}.db'}"
    app = fill(url, sponsors=sponsors, proposals=sponsors // 10)
    app.config["PAGE_CACHE_BYTES"] = 0
    return app


def _cost(app: Flask, path: str) -> float:
    client = app.test_client()
    begun = time.perf_counter()
    if client.get(path).status_code != 200:
        raise RuntimeError(path)
    return time.perf_counter() - begun
