"""Statements that stand ready: the same values, rows and refusals as SQLAlchemy's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, literal, select, text, union_all
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.database import connection, db, table_of, transaction
from portal.domain.record.entries import EntryType
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.record import WaitingEntry
from portal.statements import Prepared
from tests.builders import make_project

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
_WAITING = table_of(WaitingEntry)
_WAIT = Prepared(insert(_WAITING).returning(_WAITING.c.id, _WAITING.c.type, _WAITING.c.at))
_AUDIT = Prepared(insert(table_of(AuditEntry)))
_AUDITED = select(AuditEntry.sentence, AuditEntry.details, AuditEntry.at).where(
    AuditEntry.tag == bindparam("tag")
)


def entry(project_id: int, **other: Any) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "subject": "votes/1",
        "type": EntryType.BALLOT_CAST,
        "at": NOW,
        "body": {"commitment": "c"},
        "ballot_id": None,
        **other,
    }


def audited(number: int) -> dict[str, Any]:
    return {
        "tag": "kiln:glaze:fired",
        "sentence": f"Nº {number}",
        "actor": "visitor",
        "person_id": None,
        "organization_id": None,
        "project_id": None,
        "details": {"number": number},
        "at": NOW,
    }


def test_values_go_in_and_come_out_as_the_columns_have_them(app: Flask) -> None:
    project = make_project()
    with transaction():
        found = _WAIT.find(**entry(project.id))
    assert found is not None
    assert (found.type, found.at) == (EntryType.BALLOT_CAST, NOW)
    ready = Prepared(select(_WAITING.c.body).where(_WAITING.c.id == bindparam("id")))
    again = ready.find(id=found.id)
    assert again is not None
    assert again.body == {"commitment": "c"}
    assert ready.find(id=found.id + 1) is None


def test_rows_are_those_that_sqlalchemy_finds(app: Flask) -> None:
    with transaction():
        _AUDIT.run_each([audited(number) for number in range(3)])
        _AUDIT.run(**audited(3))
        _AUDIT.run_each([])
    expected = connection().execute(_AUDITED, {"tag": "kiln:glaze:fired"}).all()
    assert len(expected) == 4
    assert Prepared(_AUDITED).find_all(tag="kiln:glaze:fired") == [tuple(row) for row in expected]


def test_constants_and_texts_are_part_of_the_statement(app: Flask) -> None:
    both = union_all(select(literal("100 %"), literal(1)), select(literal("b"), literal(NOW.year)))
    assert Prepared(both).find_all() == [("100 %", 1), ("b", 2026)]
    with transaction():
        Prepared(text("INSERT INTO page_versions (scope, version) VALUES (:scope, 5)")).run(
            scope="x"
        )
    read = text("SELECT version FROM page_versions WHERE scope = 'x'")
    assert connection().execute(read).scalar() == 5


def test_the_same_statement_serves_other_names_too(app: Flask) -> None:
    project = make_project()
    short = entry(project.id)
    del short["ballot_id"]
    with transaction():
        first, second = _WAIT.find(**entry(project.id)), _WAIT.find(**short)
    assert first is not None
    assert second is not None
    assert second.id > first.id


def test_a_refusal_is_sqlalchemys_and_names_no_value(app: Flask) -> None:
    with pytest.raises(IntegrityError) as caught, transaction():
        _WAIT.find(**entry(999_999_999, subject="secret"))
    assert "secret" not in str(caught.value)
    assert Prepared(select(_WAITING.c.id)).find_all() == []


def test_a_default_of_pythons_is_refused(app: Flask) -> None:
    with pytest.raises(TypeError, match="every value"), transaction():
        Prepared(insert(table_of(Person))).run(name="Ada")


@pytest.mark.parametrize("committed_app", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced(committed_app: Flask) -> None:
    ask = Prepared(select(literal(7)))

    def ask_on_a_lost_connection() -> None:
        own = connection().exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with db.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
        ask.find()

    with committed_app.app_context():
        with pytest.raises(OperationalError), transaction():
            ask_on_a_lost_connection()
        db.session.remove()
        with transaction():
            assert ask.find() == (7,)
