"""The versions on which ready pages rest, read in one indexed statement."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db
from portal.models.freshness import INSTANCE, SITE, project_scope, record_scope
from portal.models.projects import Project

Scopes = tuple[str, str]
Versions = frozenset[tuple[Any, ...]]

_VERSIONS = "SELECT scope, version FROM page_versions WHERE scope IN ({}, {})"
_NAME = b"page_versions"
# What libpq says of a command and of a query that went well.
_DONE = (1, 2)


class VersionsUnreadable(Exception):
    """The database did not answer; the page itself will say so."""


def find_page_scopes(project_slug: str | None, *, of_record: bool = False) -> Scopes | None:
    """The two scopes on which a page rests: its project's, or every change; None if unknown.

    Pages of the public record rest on their project and on what was appended to its log. Raises
    ``VersionsUnreadable`` when the database does not answer.
    """
    if project_slug is None:
        return INSTANCE, SITE
    try:
        project_id = db.session.scalar(select(Project.id).where(Project.slug == project_slug))
    except SQLAlchemyError as error:
        raise VersionsUnreadable from error
    if project_id is None:
        return None
    return project_scope(project_id), record_scope(project_id) if of_record else SITE


class SharedReading:
    """One read for all threads that ask the same while another read is under way.

    Whoever asks gets what was read after it had asked: no answer is older than its question.
    """

    def __init__(self) -> None:
        """Nothing has been read yet."""
        self._lock = Lock()
        self._begun = 0
        self._scopes: Scopes | None = None
        self._versions: Versions | None = None

    def find(self, scopes: Scopes, read: Callable[[Scopes], Versions]) -> Versions:
        """The versions of two scopes, read now or by a thread that began to after this call.

        If that one failed, ``VersionsUnreadable``: not everybody waits for a server that is gone.
        """
        asked = time.monotonic_ns()
        with self._lock:
            if self._begun <= asked or self._scopes != scopes:
                self._begun, self._scopes, self._versions = time.monotonic_ns(), scopes, None
                self._versions = read(scopes)
            if self._versions is None:
                raise VersionsUnreadable
            return self._versions


class VersionReader:
    """Reads page versions on connections of its own, one per thread that reads at the same time.

    It bypasses the pool and the ORM because this is the one read behind every ready page: a kept
    connection that commits by itself costs one round trip and sees whatever is committed.
    """

    def __init__(self, engine: Engine) -> None:
        """Prepare for one engine; connections are opened when they are needed."""
        self._engine = engine
        self._kind = _OnPostgreSQL if engine.dialect.driver == "psycopg" else _OnAny
        self._error = engine.dialect.loaded_dbapi.Error
        self._idle: deque[_Reading] = deque()
        self._shared = tuple(SharedReading() for _ in range(64))
        # Detached from the pool, its connections must end with it all the same.
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def read(self, scopes: Scopes) -> Versions:
        """The committed versions of two scopes; a lost connection is replaced once.

        Raises ``VersionsUnreadable`` when a new connection does not help either.
        """
        if not self._kind.far:
            return self._read_now(scopes)
        return self._shared[hash(scopes) % len(self._shared)].find(scopes, self._read_now)

    def _read_now(self, scopes: Scopes) -> Versions:
        with suppress(IndexError, self._error):
            return self._read(self._idle.pop(), scopes)
        self.close()
        try:
            return self._read(self._connect(), scopes)
        except (self._error, SQLAlchemyError) as error:
            raise VersionsUnreadable from error

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            with suppress(Exception):
                self._idle.pop().connection.close()

    def _read(self, reading: _Reading, scopes: Scopes) -> Versions:
        versions = reading.versions(scopes)
        self._idle.append(reading)
        return versions

    def _connect(self) -> _Reading:
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection = pooled.dbapi_connection
        if connection is None:
            raise RuntimeError("the database gave no connection")
        if self._engine.dialect.name != "sqlite":  # SQLite connections are set so at connect
            self._engine.dialect.set_isolation_level(connection, "AUTOCOMMIT")
        return self._kind(connection, self._engine.dialect.paramstyle)


class _OnAny:
    """A connection with a kept cursor."""

    far = False

    def __init__(self, connection: Any, paramstyle: str) -> None:  # noqa: ANN401 - any driver's
        self.connection = connection
        mark = "?" if paramstyle == "qmark" else "%s"
        self._sql = _VERSIONS.format(mark, mark)
        self._cursor = connection.cursor()

    def versions(self, scopes: Scopes) -> Versions:
        self._cursor.execute(self._sql, scopes)
        return frozenset(self._cursor.fetchall())


class _OnPostgreSQL:
    """A connection of libpq with a prepared statement: one call, in which other threads run on.

    A cursor waits in several steps, and after each it queues for Python's lock again. To ask
    another process takes longer than to wait for a thread that asks it already.
    """

    far = True

    def __init__(self, connection: Any, _paramstyle: str) -> None:  # noqa: ANN401 - psycopg's
        self.connection = connection
        self._error = connection.OperationalError
        self._done(connection.pgconn.prepare(_NAME, _VERSIONS.format("$1", "$2").encode()))

    def versions(self, scopes: Scopes) -> Versions:
        result = self.connection.pgconn.exec_prepared(_NAME, [each.encode() for each in scopes])
        self._done(result)
        rows = range(result.ntuples)
        return frozenset((result.get_value(row, 0), result.get_value(row, 1)) for row in rows)

    def _done(self, result: Any) -> None:  # noqa: ANN401 - psycopg's
        if result.status not in _DONE:
            raise self._error(result.error_message.decode(errors="replace"))


_Reading = _OnAny | _OnPostgreSQL


def open_version_reader() -> VersionReader:
    """A reader on the portal's database."""
    return VersionReader(db.engine)
