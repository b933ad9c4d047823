"""A database on PostgreSQL for one measurement, dropped behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

_POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://127.0.0.1:5432/postgres")
_NAME = f"stakehold_bench_{os.getpid()}"


@contextmanager
def scratch_database() -> Iterator[str | None]:
    """Address of a fresh database; None, and a line that says why, where there is no server."""
    server = create_engine(_POSTGRESQL, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {_NAME}"))
    except Exception as error:  # noqa: BLE001 - whatever the reason, it is only left out
        print(f"PostgreSQL is left out: {type(error).__name__}")
        yield None
        return
    try:
        yield server.url.set(database=_NAME).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {_NAME} WITH (FORCE)"))
        server.dispose()
