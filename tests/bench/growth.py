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


def measure() -> Iterator[Line]:
    """Median cost of each page at 100,000 sponsors and 10,000 proposals against a hundredth."""
    costs = []
    for sponsors in (1_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'portal.db'}"
            app = fill(url, sponsors=sponsors, proposals=sponsors // 10)
            app.config["PAGE_CACHE_BYTES"] = 0
            costs.append([_cost(app, path) for path in _PATHS])
            with app.app_context():
                db.engine.dispose()
    for path, small, large in zip(_PATHS, *costs, strict=True):
        yield Line(f"growth: {path} at 100 times the rows", large / small, most=1.5)


def _cost(app: Flask, path: str) -> float:
    client = app.test_client()
    times = []
    for _ in range(21):
        begun = time.perf_counter()
        if client.get(path).status_code != 200:
            raise RuntimeError(path)
        times.append(time.perf_counter() - begun)
        if times[-1] > 2:  # slow enough to be told from the rest
            break
    return statistics.median(times)
