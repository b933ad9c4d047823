"""The demonstration's history holds to the same rules as a portal that people used."""

from __future__ import annotations

from flask import Flask

from portal.database import transaction
from portal.queries.weights.electorate import find_standing
from portal.services.demonstration.history import seed_demonstration
from portal.services.selfcheck.run import check_everything
from tests.builders import NOW


def test_its_books_are_in_order(app: Flask) -> None:
    with transaction():
        seed_demonstration(
            site="https://portal.example",
            read_standing=lambda project_id, at: find_standing(project_id, now=at),
            now=NOW,
        )
    report = check_everything(gateway=None, now=NOW)
    assert {check.name: check.findings for check in report.checks if check.broken} == {}
    assert [check.name for check in report.checks if check.skipped] == ["processor.payments"]
