"""Which tests of pages run on which database."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from flask import Flask

from portal.database import db
from portal.domain.permissions import OrganizationRole, ProjectRole
from tests.builders import make_person
from tests.conftest import rolled_back
from tests.web.spoiling import undone
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


def _build(app: Flask) -> World:
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


@pytest.fixture
def world(app: Flask) -> World:
    """Somebody who may do everything, in the middle of one of everything."""
    return _build(app)


@pytest.fixture(scope="module")
def lasting_world(_portal: Flask) -> Iterator[World]:
    """The same, built once for all tests of a module, each of which is undone in ``lasting_app``."""
    with rolled_back(_portal) as app:
        world = _build(app)
        db.session.refresh(world.person)
        yield world


@pytest.fixture
def lasting_app(_portal: Flask, lasting_world: World) -> Iterator[Flask]:
    """The portal with that world, as it was built; whatever the test does is undone."""
    gateway = vars(_portal.extensions["stakehold"].payments)
    before = deepcopy(gateway)
    with undone():
        yield _portal
    gateway.update(before)
