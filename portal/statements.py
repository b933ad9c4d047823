"""Statements asked so often that they stand ready: compiled once, as the driver takes them.

SQLAlchemy takes longer to bring such a statement before the driver than SQLite takes to run it.
What it adds stays: values are converted by the types of their columns, and errors are its own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from portal.database import connection

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class Found(tuple[Any, ...]):
    """A row; its columns are attributes."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the column holds
            """The value of one column."""


class Prepared:
    """A statement of which nothing changes but the values that it is given by name.

    It runs in the transaction that is open. An insert is given every value: one that leaves a
    column to a default of Python's is refused by ``TypeError``.
    """

    def __init__(self, statement: Executable) -> None:
        """Keep a statement; it is compiled when it is first run."""
        self._statement = statement
        self._ready: dict[tuple[str, ...], ReadyStatement] = {}

    def run(self, **values: Any) -> None:  # noqa: ANN401 - whatever the columns hold
        """Run where nothing is to be found."""
        self._run([values])

    def run_each(self, rows: Sequence[Values]) -> None:
        """Run once for each of several rows, all with the same names."""
        if rows:
            self._run(rows)

    def find(self, **values: Any) -> Found | None:  # noqa: ANN401 - whatever the columns hold
        """The first row, if there is one."""
        rows = self._run([values])
        return rows[0] if rows else None

    def find_all(self, **values: Any) -> list[Found]:  # noqa: ANN401 - whatever the columns hold
        """All rows."""
        return self._run([values])

    def _run(self, rows: Sequence[Values]) -> list[Found]:
        open_ = connection()
        key = (open_.dialect.name, *rows[0])
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = ReadyStatement(self._statement, list(rows[0]), open_.dialect)
        return ready.run(open_.connection.cursor(), rows)


class ReadyStatement:
    """A statement in the words of one database; what goes in and out is converted."""

    def __init__(self, statement: Any, names: list[str], dialect: Dialect) -> None:  # noqa: ANN401
        changes = statement.is_dml
        compiled = statement.compile(dialect=dialect, column_keys=names if changes else None)
        if changes and (compiled.insert_prefetch or compiled.update_prefetch):
            raise TypeError("a prepared statement is given every value")
        if compiled.post_compile_params:
            raise TypeError("a prepared statement has no lists of values")
        self._dialect = dialect
        self.text = str(compiled)
        self._in_order = bool(compiled.positional)
        self._names = list(compiled.positiontup or compiled.bind_names.values())
        self._keys: list[str] = []
        self._converted: list[tuple[int, Convert]] = []
        self._constants: dict[str, Any] = {}
        for place, name in enumerate(self._names):
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._keys.append(bind.key)
            if not bind.required:
                constant = bind.effective_value
                self._constants[bind.key] = convert(constant) if convert else constant
            elif convert:
                self._converted.append((place, convert))
        columns = list(getattr(statement, "exported_columns", ()))
        self._types = [column.type.dialect_impl(dialect) for column in columns]
        named: Any = namedtuple("named", [str(each.key) for each in columns], rename=True)  # type: ignore[misc] # noqa: PYI024
        self._row = type("Found", (named, Found), {"__slots__": ()})
        self._out: list[tuple[int, Convert]] | None = None

    def run(self, cursor: Any, rows: Sequence[Values]) -> list[Found]:  # noqa: ANN401 - any driver's
        """Run once for each row of values; what one finds."""
        taken = [self._take(row) for row in rows]
        try:
            if len(taken) > 1:
                cursor.executemany(self.text, taken)
                return []
            cursor.execute(self.text, taken[0])
            return self._read(cursor) if self._types else []
        except self._dialect.loaded_dbapi.Error as error:
            raise self._refused(error) from error
        finally:
            cursor.close()

    def _take(self, row: Values) -> Any:  # noqa: ANN401 - a list or a dictionary
        given = {**self._constants, **row} if self._constants else row
        values = [given[key] for key in self._keys]
        for place, convert in self._converted:
            values[place] = convert(values[place])
        return values if self._in_order else dict(zip(self._names, values, strict=True))

    def _read(self, cursor: Any) -> list[Found]:  # noqa: ANN401 - any driver's
        if self._out is None:
            processors = (
                type_.result_processor(self._dialect, described[1])
                for type_, described in zip(self._types, cursor.description, strict=True)
            )
            self._out = [(place, convert) for place, convert in enumerate(processors) if convert]
        rows = cursor.fetchall()
        if self._out:
            rows = [list(row) for row in rows]
            for place, convert in self._out:
                for row in rows:
                    row[place] = convert(row[place])
        return list(starmap(self._row, rows))

    def _refused(self, error: Exception) -> BaseException:
        """The driver's error as SQLAlchemy's; values never stand in messages."""
        driver = self._dialect.loaded_dbapi.Error
        return DBAPIError.instance(
            self.text, None, error, driver, hide_parameters=True, dialect=self._dialect
        )
