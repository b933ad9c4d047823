"""Fixtures every test may use: the portal on SQLite and on PostgreSQL, each test rolled back."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask, g, request_started
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, create_engine, text

from portal.adapters.clock import SystemClock
from portal.app import create_app
from portal.database import Base, db
from portal.ports.collaborators import Collaborators
from portal.settings import Settings, read_settings
from tests.standins import FixedKey, MemoryMail, ScriptedGateway

# A machine that is busy with other things is no failure.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

_LOCAL_SERVER = "postgresql+psycopg://127.0.0.1:5432/postgres"

# What takes long, by what its tests share: a demonstration in a browser, or nothing.
_LONG = (
    {"test_pages"},
    {path.stem for path in (Path(__file__).parent / "journeys").glob("test_*.py")} - {"test_pages"},
    {"test_bad_input", "test_bad_values", "test_statements", "test_unscreened"}
    | {"test_killed_purchase", "test_many_processes", "test_wheel"},
)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Everything is loaded: the garbage collector looks at it no more, and less often at the rest.

    It took a fifteenth of the processor.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with what takes long, each group on one worker: short tests fill the end.

    ``--dist worksteal`` gives each worker a stretch of the list; whoever has done his takes from
    the end of another's.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    heads: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, stems in enumerate(_LONG):
        heads[number % workers] += [item for item in items if item.path.stem in stems]
    long = {item for head in heads for item in head}
    short = [item for item in items if item not in long]
    left = len(items)
    ordered: list[pytest.Item] = []
    for number, head in enumerate(heads):
        stretch = left // (workers - number)
        left -= stretch
        room = max(0, stretch - len(head))
        ordered += head + short[:room]
        del short[:room]
    items[:] = ordered + short


class CompiledOnce(BytecodeCache):
    """Keeps templates as they were compiled: the tests build portals by the hundred."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": CompiledOnce()}


def make_settings(database_url: str, **changes: str) -> Settings:
    """Settings of a test portal."""
    environ = {
        "STAKEHOLD_ENV": "test",
        "STAKEHOLD_DEMONSTRATION": "1",
        "STAKEHOLD_SECRET_KEY": "test",
        "STAKEHOLD_BASE_URL": "http://localhost",
        "STAKEHOLD_DATABASE_URL": database_url,
        "STAKEHOLD_VAR": tempfile.gettempdir(),
    }
    return read_settings(environ | {f"STAKEHOLD_{key}": value for key, value in changes.items()})


def _server_answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except Exception:  # noqa: BLE001 - any failure means there is no such server
        return False
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server: the named one, a local one, or one started for the tests."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield named
    elif _server_answers(_LOCAL_SERVER):
        yield _LOCAL_SERVER
    else:
        from tests.postgresql import embedded_server

        with embedded_server(tmp_path_factory) as url:
            yield url


@pytest.fixture(scope="session")
def new_postgresql_database(postgresql_server: str) -> Iterator[object]:
    """A function that creates an empty PostgreSQL database and returns its address."""
    made: list[str] = []
    server = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")

    def create() -> str:
        name = f"stakehold_test_{uuid.uuid4().hex[:12]}"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        made.append(name)
        return server.url.set(database=name).render_as_string(hide_password=False)

    yield create
    with server.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty database of each kind, one per worker."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('db') / 'portal.db'}"
    create = request.getfixturevalue("new_postgresql_database")
    return str(create())


@pytest.fixture(scope="session")
def _portal(database_url: str) -> Iterator[Flask]:
    settings = make_settings(database_url)
    mail = MemoryMail()
    app = create_app(
        settings,
        Collaborators(
            settings=settings,
            payments=ScriptedGateway(),
            mail=mail,
            mailbox=mail,
            identity={},
            record_key=FixedKey(),
            clock=SystemClock(),
        ),
    )
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["RATELIMIT_ENABLED"] = False
    app.config["PAGE_CACHE_BYTES"] = 0  # what is rolled back was never committed, nor kept
    with app.app_context():
        db.create_all()
        _divide_by_driver(db.engine)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _divide_by_driver(engine: Engine) -> None:
    """Let the driver itself make savepoints, which all transactions of a test are.

    SQLAlchemy compiles each anew, since each has a name of its own.
    """

    def send(command: str) -> Callable[[Connection, str], None]:
        def execute(connection: Connection, name: str) -> None:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"{command} {name}")

        return execute

    engine.dialect.do_savepoint = send("SAVEPOINT")  # type: ignore[method-assign]
    engine.dialect.do_release_savepoint = send("RELEASE SAVEPOINT")  # type: ignore[method-assign]
    engine.dialect.do_rollback_to_savepoint = send("ROLLBACK TO SAVEPOINT")  # type: ignore[method-assign]


def _forget_request(*_: object, **__: object) -> None:
    """A test's requests share the fixture's application context: nothing must stay in it.

    Neither who asked, nor rows as they were read before: a real request begins without any.
    """
    for name in list(g):
        g.pop(name)
    if not db.session.dirty:
        db.session.expire_all()


@contextmanager
def rolled_back(portal: Flask) -> Iterator[Flask]:
    """The portal, with nothing in its database; whatever is committed inside is rolled back."""
    collaborators = portal.extensions["stakehold"]
    collaborators.mail.clear()
    collaborators.payments.clear()
    with portal.app_context():
        engines = db._app_engines[portal]
        engine = engines[None]
        with engine.connect() as connection:
            outer = connection.begin()
            engines[None] = connection  # type: ignore[assignment]
            db.session.remove()
            db.session.configure(join_transaction_mode="create_savepoint")
            try:
                with request_started.connected_to(_forget_request, portal):
                    yield portal
            finally:
                db.session.remove()
                engines[None] = engine
                outer.rollback()


@pytest.fixture
def app(_portal: Flask) -> Iterator[Flask]:
    """The portal, with nothing in its database; whatever the test commits is rolled back."""
    with rolled_back(_portal):
        yield _portal


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript or cookies yet."""
    return app.test_client()


def _make_tables(url: str) -> None:
    app = create_app(make_settings(url))
    with app.app_context():
        db.create_all()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row, to be copied."""
    original = tmp_path_factory.mktemp("original") / "portal.db"
    _make_tables(f"sqlite:///{original}")
    return original


@pytest.fixture(scope="session")
def postgresql_spare(new_postgresql_database: Callable[[], str]) -> str:
    """A PostgreSQL database with every table; one test at a time uses it, and then it is emptied.

    To make one for each test, and to drop it, takes the server a second.
    """
    url = new_postgresql_database()
    _make_tables(url)
    return url


def _empty(url: str) -> None:
    """Delete every row, past the guards that forbid it, and count from one again."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ),
            "SET session_replication_role = replica",
            *(f'DELETE FROM "{table.name}"' for table in Base.metadata.sorted_tables),  # noqa: S608 - ours
            (
                "SELECT setval(format('%I', sequencename)::regclass, start_value, false)"
                " FROM pg_sequences"
            ),
        ):
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def committed_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A portal on a database of its own with real commits: for threads and races."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'portal.db'}"
        shutil.copy(request.getfixturevalue("sqlite_original"), tmp_path / "portal.db")
    else:
        url = request.getfixturevalue("postgresql_spare")
        _empty(url)
    settings = make_settings(url)
    mail = MemoryMail()
    app = create_app(
        settings,
        Collaborators(
            settings=settings,
            payments=ScriptedGateway(),
            mail=mail,
            mailbox=mail,
            identity={},
            record_key=FixedKey(),
            clock=SystemClock(),
        ),
    )
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["RATELIMIT_ENABLED"] = False
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
