"""Which tests of pages run on which database."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.domain.permissions import OrganizationRole, ProjectRole
from tests.builders import make_person
from tests.web.world import World, build_world

# Verbs and reads have tests of their own on both databases. Of the pages on top of them these run
# on both, every address is opened and posted to on PostgreSQL (test_routes, test_bad_values), and
# the others run on SQLite: the suite would take half as long again.
ON_BOTH = {"test_page_cache", "test_card_over_http", "test_voting_pages", "test_signed_addresses"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the second of two runs that differ in their database alone."""
    on_sqlite = {
        item.nodeid.replace("sqlite", "*") for item in items if _database(item) == "sqlite"
    }
    twice = [
        item
        for item in items
        if _database(item) == "postgresql"
        and item.nodeid.startswith("tests/web/")
        and item.path.stem not in ON_BOTH
        and item.nodeid.replace("postgresql", "*") in on_sqlite
    ]
    left_out = set(twice)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=twice)


def _database(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("database_url") if callspec else None


@pytest.fixture
def world(app: Flask) -> World:
    """Somebody who may do everything, in the middle of one of everything."""
    made = build_world(
        app,
        "Ada",
        in_organization=(OrganizationRole.OWNER, OrganizationRole.REPRESENTATIVE),
        in_project=(ProjectRole.LEAD, ProjectRole.STEWARD),
        contributes=True,
        is_operator=True,
    )
    make_person("Owner too")
    return made
