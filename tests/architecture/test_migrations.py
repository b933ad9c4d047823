"""Migrations lead up to exactly the rows' tables, and down again, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import bindparam, inspect, text

from portal.app import create_app
from portal.cli.database import downgrade_tables, upgrade_tables
from portal.database import Base, Instant, db
from portal.queries.readiness import find_revision, newest_revision
from portal.services.selfcheck.run import check_everything
from tests.builders import NOW
from tests.conftest import make_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'portal.db'}"
    else:
        url = str(request.getfixturevalue("new_postgresql_database")())
    app = create_app(make_settings(url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_up_and_down(bare_app: Flask) -> None:
    upgrade_tables()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    downgrade_tables("base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade_tables()
    assert "votes" in inspect(db.engine).get_table_names()


def test_the_newest_revision_is_told_by_its_file_name(bare_app: Flask) -> None:
    folder = bare_app.config["MIGRATIONS"]
    assert newest_revision(folder) == ScriptDirectory(folder).get_current_head()
    assert find_revision() is None
    upgrade_tables()
    assert find_revision() == newest_revision(folder)


def test_the_guards_are_the_same_from_rows_and_from_migrations(bare_app: Flask) -> None:
    upgrade_tables()
    migrated = _guards()
    downgrade_tables("base")
    db.session.execute(text("DROP TABLE alembic_version"))
    db.session.commit()
    db.create_all()
    assert migrated == _guards()
    assert any("ledger_entries_sum" in name for name, _body in migrated)


def _guards() -> set[tuple[str, str]]:
    """Triggers and functions of the ledger with their text."""
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_%'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname LIKE 'ledger_%'"
    )
    rows = db.session.execute(text(query)).all()
    db.session.commit()
    return {(name, " ".join(body.split())) for name, body in rows}


# What a portal of the first release had sold: as agreed, and once for another amount.
_BEFORE = """
INSERT INTO projects (id, slug, name, tagline, description, how_we_work, website, help_url,
    security_url, currency, created_at)
    VALUES (1, 'k', 'K', '', '', '', '', '', '', 'EUR', :at);
INSERT INTO organizations (id, slug, kind, name, legal_name, address, country, tax_id, website,
    about, created_at) VALUES (1, 'o', 'company', 'O', '', '', '', '', '', '', :at);
INSERT INTO tiers (id, project_id, slug, position) VALUES (1, 1, 't', 1);
INSERT INTO tier_versions (id, tier_id, number, name, description, price_minor, currency, interval,
    voting_weight, audience, benefits, created_at)
    VALUES (1, 1, 1, 'T', '', 10000, 'EUR', 'year', 1, 'organization', '[]', :at);
INSERT INTO sponsorships (id, reference, organization_id, project_id, tier_snapshot_id, commercial,
    term, publication, is_private, review_note, active_since, term_starts_at, term_ends_at,
    cancel_at_term_end, processor, created_at)
    VALUES (1, 'sp', 1, 1, 1, 'paid', 'active', 'hidden', false, '', :at, :at, :at, false,
    'stripe', :at);
INSERT INTO payments (id, sponsorship_id, tier_snapshot_id, term_starts_at, term_ends_at,
    amount_minor, currency, processor, processor_payment_id, receipt_url, paid_at) VALUES
    (1, 1, 1, :at, :at, 10000, 'EUR', 'stripe', 'pi_1', '', :at),
    (2, 1, 1, :at, :at, 9999, 'EUR', 'stripe', 'pi_2', '', :at)
"""


def test_payments_made_before_the_ledger_are_posted_by_its_migration(bare_app: Flask) -> None:
    upgrade_tables()
    downgrade_tables("0001")
    at = bindparam("at", datetime(2026, 10, 31, 23, 30, tzinfo=UTC), Instant)
    for statement in _BEFORE.split(";"):
        query = text(statement)
        db.session.execute(query.bindparams(at) if ":at" in statement else query)
    db.session.commit()
    upgrade_tables()
    rows = db.session.execute(
        text(
            "SELECT t.key, t.month, e.account, e.amount_minor FROM ledger_transactions t"
            " JOIN ledger_entries e ON e.transaction_id = t.id ORDER BY t.id, e.position"
        )
    ).all()
    assert [tuple(row) for row in rows] == [
        ("payment:stripe:pi_1", "2026-10", "card_clearing", 10000),
        ("payment:stripe:pi_1", "2026-10", "income_tiers", -10000),
        ("payment:stripe:pi_2", "2026-10", "card_clearing", 9999),
        ("payment:stripe:pi_2", "2026-10", "credit", -9999),
    ]
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
    broken = {c.name for c in check_everything(gateway=None, now=NOW).checks if c.broken}
    assert broken <= {"sponsorships.over"}
