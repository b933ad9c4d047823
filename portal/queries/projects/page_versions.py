"""The versions on which ready pages rest, read in one indexed statement."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db
from portal.models.freshness import INSTANCE, SITE, project_scope, record_scope
from portal.models.projects import Project

Versions = frozenset[tuple[Any, ...]]


class VersionsUnreadable(Exception):
    """The database did not answer; the page itself will say so."""


def find_page_scopes(
    project_slug: str | None, *, of_record: bool = False
) -> tuple[str, str] | None:
    """The two scopes on which a page rests: its project's, or every change; None if unknown.

    Pages of the public record rest on their project and on what was appended to its log.
    """
    if project_slug is None:
        return INSTANCE, SITE
    project_id = db.session.scalar(select(Project.id).where(Project.slug == project_slug))
    if project_id is None:
        return None
    return project_scope(project_id), record_scope(project_id) if of_record else SITE


class VersionReader:
    """Reads page versions on connections of its own, one per thread that reads at the same time.

    It bypasses the pool and the ORM because this is the one read behind every ready page: a kept
    cursor on an autocommitting connection costs one round trip and sees whatever is committed.
    """

    def __init__(self, engine: Engine) -> None:
        """Prepare for one engine; connections are opened when they are needed."""
        self._engine = engine
        mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        self._sql = f"SELECT scope, version FROM page_versions WHERE scope IN ({mark}, {mark})"  # noqa: S608 - two placeholders
        self._error = engine.dialect.loaded_dbapi.Error
        self._idle: deque[DBAPICursor] = deque()
        # Detached from the pool, its connections must end with it all the same.
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def read(self, scopes: Sequence[str]) -> Versions:
        """The committed versions of two scopes; a lost connection is replaced once.

        Raises ``VersionsUnreadable`` when a new connection does not help either.
        """
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

    def _read(self, cursor: DBAPICursor, scopes: Sequence[str]) -> Versions:
        cursor.execute(self._sql, scopes)
        versions = frozenset(cursor.fetchall())
        self._idle.append(cursor)
        return versions

    def _connect(self) -> DBAPICursor:
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection = pooled.dbapi_connection
        if connection is None:
            raise RuntimeError("the database gave no connection")
        if self._engine.dialect.name != "sqlite":  # SQLite connections are set so at connect
            self._engine.dialect.set_isolation_level(connection, "AUTOCOMMIT")
        return connection.cursor()


def open_version_reader() -> VersionReader:
    """A reader on the portal's database."""
    return VersionReader(db.engine)
