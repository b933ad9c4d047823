"""Runs migrations on the portal's own engine, so that SQLite and PostgreSQL take one path."""

from __future__ import annotations

from alembic import context

from portal.database import Base, db


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our column types as the plain types beneath them: migrations outlive the code."""
    if kind == "type" and type(item).__module__ == "portal.database":
        impl = item.impl  # type: ignore[attr-defined]
        return f"sa.{impl!r}"
    return False


def run() -> None:
    """Upgrade or downgrade inside one transaction."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Tables are rebuilt by copying: references must not be enforced halfway.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render_item,
            compare_type=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
