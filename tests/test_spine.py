"""The spine: one transaction per entry, rolled back on refusal; page versions rise with changes."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.permissions import OrganizationRole
from portal.models.freshness import INSTANCE, PageVersion
from portal.models.identity import Person
from portal.models.organizations import Membership
from tests.builders import NOW, make_organization, make_person, make_project


def test_a_refused_transaction_leaves_nothing_behind(app: Flask) -> None:
    person = make_person("Ada")

    def crash_halfway() -> None:
        with transaction() as session:
            session.get_one(Person, person.id).name = "Changed"
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash_halfway()
    assert db.session.get_one(Person, person.id).name == "Ada"


def test_a_transaction_is_never_nested(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="already open"), transaction(), transaction():
        pass


def test_a_shown_change_raises_the_version_of_its_pages(app: Flask) -> None:
    project = make_project()
    version = select(PageVersion.version).where(PageVersion.scope == f"project:{project.id}")
    before = db.session.scalar(version)
    with transaction() as session:
        session.merge(project).tagline = "New"
    assert before is not None
    assert db.session.scalar(version) == before + 1


def test_people_and_companies_that_arrive_leave_the_kept_pages_as_they_are(app: Flask) -> None:
    instance = select(PageVersion.version).where(PageVersion.scope == INSTANCE)
    make_project()
    before = db.session.scalar(instance)
    person, company = make_person(), make_organization()
    with transaction() as session:
        session.add(
            Membership(
                organization_id=company.id,
                person_id=person.id,
                role=OrganizationRole.OWNER,
                since=NOW,
            )
        )
    assert db.session.scalar(instance) == before
    with transaction() as session:
        session.get_one(Person, person.id).name = "Shown wherever they are named"
    assert db.session.scalar(instance) == (before or 0) + 1


def test_each_test_starts_empty(app: Flask) -> None:
    assert db.session.scalar(select(func.count()).select_from(Person)) == 0
    make_person()
