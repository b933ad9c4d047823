"""The database: declarative base, column types, and the one transaction of each entry."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from threading import Lock, local
from typing import Any, ClassVar, Generic, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    Enum,
    Executable,
    MetaData,
    String,
    Table,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

Result = TypeVar("Result")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every row.

    Unless a class says otherwise, a change of its rows makes the cached public pages stale. Rows
    with ``shown_when_new`` False are shown only once another row points to them, so that a new one
    changes no page.
    """

    shown_publicly: ClassVar[bool] = True
    shown_when_new: ClassVar[bool] = True
    metadata = MetaData(naming_convention=NAMING)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store aware instants as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware instants in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FractionText(TypeDecorator[Fraction]):
    """An exact fraction, stored as ``numerator/denominator``."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        """Store a fraction in lowest terms."""
        return None if value is None else f"{value.numerator}/{value.denominator}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Fraction | None:
        """Return the exact fraction."""
        return None if value is None else Fraction(value)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

_WRITING = "portal_writing"


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: object, _record: object) -> None:
    """Give SQLite foreign keys, WAL and patience; leave transactions to the begin hook."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Open writing transactions with the write lock: the driver's default loses updates."""
    if connection.dialect.name == "sqlite":
        _begin(connection, writing=connection.get_execution_options().get(_WRITING, False))


def _begin(connection: Connection, *, writing: bool) -> None:
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextlib.contextmanager
def transaction() -> Iterator[Session]:
    """One entry, one transaction: commit at the end, roll back on any exception.

    Opened at the edge only (a POST view, a webhook, a job, a command). What was read before is
    forgotten, so that every decision inside rests on rows read under the transaction. Refuses to
    be nested or to inherit unsaved changes.
    """
    session = _session_without_changes()
    _forget_what_was_read(session)
    try:
        with _turn_to_write(session.get_bind().engine):
            try:
                session.info[_WRITING] = _open.connection = _connect_to_write(session)
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
    finally:
        _open.connection = None
        session.info.pop(_WRITING, None)


class _Open(local):
    """The connection of the transaction that this thread has open."""

    connection: Connection | None = None


_open = _Open()


def _session_without_changes() -> Session:
    session = db.session()
    if session.info.get(_WRITING):
        raise RuntimeError("a transaction is already open")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("there are unsaved changes from outside a transaction")
    return session


def _forget_what_was_read(session: Session) -> None:
    """End a read past SQLAlchemy, and keep its connection: fetching one again costs more."""
    session.expire_all()
    if not session.in_transaction():
        return
    if isinstance(session.get_bind(), Connection):  # whose transaction is somebody else's
        session.commit()
    else:
        session.connection().connection.rollback()


def _connect_to_write(session: Session) -> Connection:
    if not session.in_transaction():
        return session.connection(execution_options={_WRITING: True})
    kept = session.connection()
    if kept.dialect.name == "sqlite":
        _begin(kept, writing=True)
    return kept


def write_together(work: Callable[[], Result]) -> Result:
    """One entry, one transaction, and on SQLite one commit for all who wait at the same time.

    For short work that many ask for at once. Whoever comes first writes for all threads of this
    process that have come by the time it is its turn, one after the other; each is answered when
    its work is durable. If one of them is refused, nothing is kept and each is done again by
    itself. So ``work`` may run twice and in the thread of another request: it takes along what it
    needs of its own. PostgreSQL has many writers and commits for several by itself.
    """
    session = _session_without_changes()
    engine = session.get_bind().engine
    if engine.dialect.name != "sqlite":
        with transaction():
            return work()
    try:
        return _queue_of(engine).write(work)
    finally:
        if session.in_transaction():  # another thread has written, and this one read before
            _forget_what_was_read(session)
            _begin(session.connection(), writing=False)


class _Piece(Generic[Result]):
    """The work of one request, and what came of it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self.work = work
        self.waits = Lock()
        self.waits.acquire()
        self.outcome: Callable[[], Result] | None = None

    def run(self) -> None:
        result = self.work()
        self.outcome = lambda: result

    def fail(self, error: BaseException) -> None:
        def outcome() -> Result:
            raise error

        self.outcome = outcome

    def run_alone(self) -> None:
        try:
            with transaction():
                self.run()
        except BaseException as error:  # noqa: BLE001 - raised where it belongs
            self.fail(error)


class _Queue:
    """Threads of this process that wait to write to one SQLite file; the first leads the others."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[_Piece[Any]] = []
        self._led = False

    def write(self, work: Callable[[], Result]) -> Result:
        piece = _Piece(work)
        with self._lock:
            self._waiting.append(piece)
            leads, self._led = not self._led, True
        if not leads:
            piece.waits.acquire()
        # Let go on, it has been written by another; or it is the first of those who came since.
        if piece.outcome is None:
            self._lead(piece)
        if piece.outcome is None:
            raise RuntimeError("the work was not written")
        return piece.outcome()

    def _lead(self, own: _Piece[Any]) -> None:
        group = [own]
        try:
            self._write_group(group)
        finally:
            with self._lock:
                self._waiting = [piece for piece in self._waiting if piece not in group]
                following = self._waiting[:1]
                self._led = bool(following)
            for piece in group[1:] + following:
                piece.waits.release()

    def _write_group(self, group: list[_Piece[Any]]) -> None:
        try:
            with transaction() as session:
                with self._lock:
                    group[:] = self._waiting
                for piece in group:
                    piece.run()
                    session.flush()
                    session.expire_all()
        except BaseException as error:  # noqa: BLE001 - raised where it belongs
            if len(group) == 1:
                group[0].fail(error)
                return
            for piece in group:
                piece.run_alone()


@lru_cache(maxsize=8)
def _queue_of(_engine: Engine) -> _Queue:
    return _Queue()


@contextlib.contextmanager
def _turn_to_write(engine: Engine) -> Iterator[None]:
    """Queue for SQLite's one writer, in all threads and processes: whoever polls for it starves."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    # Each open file is a place in the queue; closing it gives the turn to the next.
    turn = os.open(f"{path}-turn", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


def connection() -> Connection:
    """The connection of this transaction, for statements that need no objects: they cost less."""
    return _open.connection or db.session().connection()


def table_of(row_class: type[Base]) -> Table:
    """The table beneath a class, for statements that make no objects."""
    return cast("Table", row_class.__table__)


def insert_missing(row_class: type[Base]) -> Executable:
    """An insert that leaves out rows which a unique constraint knows already; many at once."""
    return _insert_missing(row_class, db.session.get_bind().dialect.name)


@lru_cache
def _insert_missing(row_class: type[Base], dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table_of(row_class)).on_conflict_do_nothing()


def give_up_reading() -> None:
    """Leave a read that failed, so that the session can be used again."""
    db.session.rollback()


def choices(enumeration: type[StrEnum]) -> Enum:
    """A text column limited to an enumeration's values by a check constraint."""
    return Enum(
        enumeration,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=enumeration.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )
