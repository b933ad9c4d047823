"""What is sent to the database: by SQLAlchemy, and by statements that stand ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event

from portal.statements import ReadyStatement

# What opens, divides and ends transactions; much of it is the tests' own.
_ASIDE = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


@contextmanager
def sent_statements() -> Iterator[list[str]]:
    """The statements that are sent meanwhile, in order."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if not statement.startswith(_ASIDE):
            sent.append(statement)

    def run(ready: ReadyStatement, *args: Any) -> Any:
        sent.append(ready.text)
        return really_run(ready, *args)

    really_run = ReadyStatement.run
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with patch.object(ReadyStatement, "run", run):
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
