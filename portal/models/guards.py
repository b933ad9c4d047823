"""Triggers that keep rows as they were written: no update, no delete, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import DDL, Table, UniqueConstraint, event


def keep_as_written(table: Table) -> None:
    """Guard a table's rows wherever the table is created from its definition."""
    for dialect in ("sqlite", "postgresql"):
        for statement in guard_statements(table, dialect):
            ddl: DDL = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def guard_statements(table: Table, dialect: str) -> Iterator[str]:
    """The statements that guard a table; migrations carry the same text."""
    name = table.name
    if dialect == "postgresql":
        yield (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME"
            " USING ERRCODE = 'restrict_violation'; END $$"
        )
        yield (
            f"CREATE TRIGGER {name}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refusal = f"BEGIN SELECT RAISE(ABORT, 'rows of {name} never change'); END"
    for action in ("UPDATE", "DELETE"):
        yield f"CREATE TRIGGER {name}_no_{action.lower()} BEFORE {action} ON {name} {refusal}"
    # INSERT OR REPLACE deletes without asking the triggers above.
    known = " OR ".join(f"({_same(key)})" for key in [["id"], *sorted(_keys(table))])
    when = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {known})"  # noqa: S608 - names of our own
    yield f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} {when} {refusal}"


def _same(key: list[str]) -> str:
    return " AND ".join(f"{column} = NEW.{column}" for column in key)


def _keys(table: Table) -> Iterator[list[str]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield [column.name for column in constraint.columns]
