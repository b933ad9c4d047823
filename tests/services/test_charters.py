"""Changing the charter: versions, the number that was seen, the audit list, races."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import Charter
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.permissions import ProjectRole
from portal.models.audit import AuditEntry
from portal.models.projects import CharterVersion
from portal.queries.projects.charters import find_charter
from portal.services.projects.charters import change_charter
from tests.builders import NOW, actor_of, make_person, make_project

START = Charter(seasoning_days=0)


def test_a_change_is_a_new_version_and_stands_in_the_audit_list(app: Flask) -> None:
    lead = make_person("Lea")
    project = make_project(roles={lead: [ProjectRole.LEAD]})
    with transaction():
        number = change_charter(
            actor_of(lead),
            project.id,
            replace(START, cap=Fraction(1, 3)),
            seen_number=1,
            note="Fewer sponsors",
            now=NOW,
        )
    page = find_charter(project.id)
    assert number == 2
    assert page is not None
    assert (page.number, page.charter.cap) == (2, Fraction(1, 3))
    assert [(each.number, each.changed, each.note) for each in page.history] == [
        (2, ("cap",), "Fewer sponsors"),
        (1, (), ""),
    ]
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.tag, entry.details) == ("charter:version:changed", {"cap": ["1/4", "1/3"]})
    assert db.session.scalars(
        select(CharterVersion.cap).where(CharterVersion.number == 1)
    ).one() == Fraction(1, 4)


def test_a_change_on_a_stale_page_is_refused(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [ProjectRole.LEAD]})
    with pytest.raises(Conflict), transaction():
        change_charter(
            actor_of(lead),
            project.id,
            replace(START, cap=Fraction(1)),
            seen_number=0,
            note="",
            now=NOW,
        )


def test_a_change_that_changes_nothing_makes_no_version(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [ProjectRole.LEAD]})
    with pytest.raises(Refusal) as refusal, transaction():
        change_charter(actor_of(lead), project.id, START, seen_number=1, note="", now=NOW)
    assert refusal.value.code == "charter.unchanged"


def test_a_maintainer_may_not_and_a_stranger_sees_nothing(app: Flask) -> None:
    maintainer, stranger = make_person(), make_person()
    project = make_project(roles={maintainer: [ProjectRole.MAINTAINER]})
    for person, kind in ((maintainer, Forbidden), (stranger, NotFound)):
        with pytest.raises(kind), transaction():
            change_charter(
                actor_of(person),
                project.id,
                replace(START, cap=Fraction(1)),
                seen_number=1,
                note="",
                now=NOW,
            )


def test_of_two_changes_at_once_one_is_refused(committed_app: Flask) -> None:
    with committed_app.app_context():
        lead = make_person()
        project_id = make_project(roles={lead: [ProjectRole.LEAD]}).id
        actor = actor_of(lead)
    start = Barrier(2)

    def change(days: int) -> bool:
        with committed_app.app_context():
            start.wait()
            try:
                with transaction():
                    change_charter(
                        actor,
                        project_id,
                        replace(START, window_days=days),
                        seen_number=1,
                        note="",
                        now=NOW,
                    )
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, (5, 6))) == [False, True]
    with committed_app.app_context():
        assert db.session.scalars(
            select(CharterVersion.number).order_by(CharterVersion.number)
        ).all() == [1, 2]
