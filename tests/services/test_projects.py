"""Projects: created by operators only, with a lead and a charter; profiles; operators."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.charter import Charter
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import SYSTEM, Actor, ProjectRole
from portal.domain.projects import ProjectProfile
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.queries.identity.audit import list_project_audit
from portal.queries.projects.charters import find_charter
from portal.queries.projects.project_desk import find_people, get_profile, list_projects
from portal.services.projects.projects import (
    create_project,
    edit_profile,
    grant_operator,
    revoke_operator,
)
from tests.builders import NOW, actor_of, make_person, make_project


def create(actor: Actor = SYSTEM, **changes: Any) -> Project:
    values = {
        "slug": "kelp",
        "name": "Kelp",
        "currency": "EUR",
        "lead_email": "lea@example.org",
        "desk_url": "http://localhost/desk/kelp",
    }
    with transaction():
        return create_project(actor, **(values | changes), now=NOW)


def test_a_project_starts_with_its_lead_and_the_usual_charter(app: Flask) -> None:
    project = create(lead_email="Lea@Example.org")
    people = find_people(project.id, now=NOW).maintainers
    assert [(line.email.casefold(), line.roles) for line in people] == [
        ("lea@example.org", (ProjectRole.LEAD,))
    ]
    page = find_charter(project.id)
    assert page is not None
    assert (page.number, page.charter) == (1, Charter())
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert mail.action_url == "http://localhost/desk/kelp"
    assert [line.slug for line in list_projects()] == ["kelp"]
    assert [line.tag for line in list_project_audit(project.id).lines] == [
        "project:project:created"
    ]


def test_the_lead_is_who_already_has_that_address(app: Flask) -> None:
    known = make_person(email="lea@example.org")
    project = create(lead_email="LEA@example.org")
    assert find_people(project.id, now=NOW).maintainers[0].person_id == known.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "Kelp"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "Kelp\u202e"}, None),
        ({"currency": "XXX"}, "currency"),
        ({"lead_email": "nobody"}, "lead_email"),
    ],
)
def test_a_malformed_project_is_refused_and_leaves_no_trace(
    app: Flask, changes: dict[str, str], field: str | None
) -> None:
    with pytest.raises(Refusal) as refusal:
        create(**changes)
    assert refusal.value.field == field
    assert [
        db.session.scalar(select(func.count()).select_from(each))
        for each in (Project, Person, OutboxMessage)
    ] == [0, 0, 0]


def test_a_taken_address_is_refused(app: Flask) -> None:
    create()
    with pytest.raises(Refusal) as refusal:
        create(name="Other")
    assert refusal.value.code == "project.slug_taken"


def test_only_operators_create_projects(app: Flask) -> None:
    assert create(actor_of(make_person(is_operator=True))).slug == "kelp"
    with pytest.raises(NotFound):
        create(actor_of(make_person()), slug="other")


def test_a_profile_names_what_it_changed_and_keeps_quiet_otherwise(app: Flask) -> None:
    lead, maintainer = make_person(), make_person()
    project = make_project(roles={lead: [ProjectRole.LEAD], maintainer: [ProjectRole.MAINTAINER]})
    profile = ProjectProfile(name=project.name, tagline="Queues", website="https://kelp.example")
    with transaction():
        assert edit_profile(actor_of(lead), project.id, profile, now=NOW) == ["tagline", "website"]
    with transaction():
        assert edit_profile(actor_of(lead), project.id, profile, now=NOW) == []
    assert get_profile(project.id) == profile
    assert len(list_project_audit(project.id).lines) == 1
    with pytest.raises(Forbidden), transaction():
        edit_profile(actor_of(maintainer), project.id, profile, now=NOW)


def test_an_operators_rights_are_granted_and_revoked(app: Flask) -> None:
    person = make_person(email="olu@example.org")
    for _twice in range(2):
        with transaction():
            grant_operator(SYSTEM, "OLU@example.org", now=NOW)
    assert db.session.get_one(Person, person.id).is_operator
    with transaction():
        revoke_operator(SYSTEM, "olu@example.org", now=NOW)
    assert not db.session.get_one(Person, person.id).is_operator
    with pytest.raises(Refusal), transaction():
        revoke_operator(SYSTEM, "olu@example.org", now=NOW)


def test_nobody_makes_themselves_an_operator(app: Flask) -> None:
    somebody = actor_of(make_person())
    with pytest.raises(NotFound), transaction():
        grant_operator(somebody, "x@example.org", now=NOW)


def test_the_audit_list_is_read_page_by_page(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [ProjectRole.LEAD]})
    for number in range(60):
        with transaction():
            edit_profile(
                actor_of(lead),
                project.id,
                ProjectProfile(name=project.name, tagline=f"Line {number}"),
                now=NOW,
            )
    first = list_project_audit(project.id)
    second = list_project_audit(project.id, before=first.older)
    assert (len(first.lines), len(second.lines), second.older) == (50, 10, None)
    assert first.lines[-1].id == second.lines[0].id + 1
