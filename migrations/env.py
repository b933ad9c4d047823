"""Runs migrations on the portal's own engine, so that SQLite and PostgreSQL take one path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from portal.database import Base, db


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our column types as the plain types beneath them: migrations outlive the code."""
    if kind == "type" and type(item).__module__ == "portal.database":
        impl = item.impl  # type: ignore[attr-defined]
        return f"sa.{impl!r}"
    return False


def run() -> None:
    """Upgrade or downgrade, each migration inside one transaction."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render_item,
            compare_type=False,
            transaction_per_migration=True,
            on_version_apply=check_references,
        )
        with unenforced_references(connection), context.begin_transaction():
            context.run_migrations()


@contextmanager
def unenforced_references(connection: Connection) -> Iterator[None]:
    """Let SQLite rebuild tables by copying while other tables refer to them.

    It heeds the switch outside of transactions only, and SQLAlchemy begins one with the first
    statement: so the driver is told. The connection goes back to the pool as it was.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection
    driver.cursor().execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.rollback()
        driver.cursor().execute("PRAGMA foreign_keys=ON")


def check_references(*, ctx: MigrationContext, **_: object) -> None:
    """Before a migration is committed: refuse one that leaves references to nothing."""
    if ctx.connection is not None and ctx.dialect.name == "sqlite":
        broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise RuntimeError(f"row {broken[1]} of {broken[0]} refers to no row of {broken[2]}")


run()
