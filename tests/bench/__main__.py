"""Run every measurement and print its figures."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal.database import db
from tests.bench import (
    ballots,
    bundles,
    closing,
    counting,
    growth,
    ledger,
    pages,
    record,
    webhooks,
    wire,
    workers,
)
from tests.bench.lines import Line
from tests.bench.rows import fill
from tests.bench.scratch import scratch_database


def main() -> None:
    """Print each line as soon as it is measured."""
    missed = 0
    for line in _lines():
        print(line, flush=True)
        missed += line.verdict == "MISSED"
    print(f"\n{missed} budgets missed." if missed else "\nEvery budget kept.")
    sys.exit(bool(missed))


def _lines() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'portal.db'}"
        app = fill(url, sponsors=200, proposals=30)
        yield from wire.measure(app)
        yield from pages.measure("SQLite", _environ(url, folder))
        with app.app_context():
            db.engine.dispose()
        yield from _on_postgresql(folder)
    for each in (workers, ballots, webhooks, counting, closing, bundles, record, growth, ledger):
        yield from each.measure()


def _on_postgresql(folder: str) -> Iterator[Line]:
    with scratch_database() as url:
        if url is None:
            return
        app = fill(url, sponsors=200, proposals=30)
        yield from pages.measure("PostgreSQL", _environ(url, folder))
        with app.app_context():
            db.engine.dispose()


def _environ(url: str, folder: str) -> dict[str, str]:
    return {
        "STAKEHOLD_ENV": "bench",
        "STAKEHOLD_SECRET_KEY": "bench",
        "STAKEHOLD_DATABASE_URL": url,
        "STAKEHOLD_VAR": folder,
    }


if __name__ == "__main__":
    main()
