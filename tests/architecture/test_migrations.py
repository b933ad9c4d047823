"""Migrations lead up to exactly the rows' tables, and down again, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect

from portal.app import create_app
from portal.cli.database import downgrade_tables, upgrade_tables
from portal.database import Base, db
from portal.queries.readiness import find_revision, newest_revision
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
