"""The operator's pages and commands: a project with its first lead, rights given and taken."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.cli.projects import operator_group, project_group
from portal.database import db
from portal.models.identity import Person
from portal.queries.projects.project_desk import list_projects
from tests.builders import make_person, sign_in

NEW = "/operator/projects/new"
TYPED = {"name": "Kelp", "slug": "kelp", "currency": "EUR", "lead_email": "lea@example.org"}


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return sign_in(app, make_person(is_operator=True))


def test_a_project_is_created_and_listed(browser: FlaskClient) -> None:
    assert "No project yet" in browser.get("/operator/projects").text
    assert browser.post(NEW, data=TYPED).status_code == 303
    assert 'href="/p/kelp"' in browser.get("/operator/projects").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "\u202eKelp"),
        ("slug", ""),
        ("slug", "Kelp"),
        ("slug", "kelp/../x"),
        ("slug", "x" * 61),
        ("slug", "kёlp"),
        ("currency", "XXX"),
        ("currency", ""),
        ("lead_email", ""),
        ("lead_email", "nobody"),
        ("lead_email", "<script>@example.org"),
    ],
)
def test_bad_input_is_refused_at_its_field(browser: FlaskClient, field: str, typed: str) -> None:
    answer = browser.post(NEW, data=TYPED | {field: typed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert list_projects() == ()


def test_a_doubled_click_makes_one_project(browser: FlaskClient) -> None:
    assert [browser.post(NEW, data=TYPED).status_code for _ in range(2)] == [303, 422]
    assert len(list_projects()) == 1


def test_a_project_is_created_by_command(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    create = ["create", "kelp", "Kelp", "--currency", "eur", "--lead", "lea@example.org"]
    assert run(project_group, create).exit_code == 0
    again = run(project_group, create)
    assert again.exit_code == 1
    assert "Another project has this address." in again.output
    assert "kelp\tKelp\tEUR\t" in run(project_group, ["list"]).output


def test_operators_are_made_and_unmade_by_command(app: Flask) -> None:
    person = make_person(email="olu@example.org")
    run = app.test_cli_runner().invoke
    assert run(operator_group, ["grant", "Olu@example.org"]).exit_code == 0
    db.session.expire_all()
    assert db.session.get_one(Person, person.id).is_operator
    assert run(operator_group, ["revoke", "olu@example.org"]).exit_code == 0
    assert run(operator_group, ["revoke", "olu@example.org"]).exit_code == 1
    assert run(operator_group, ["grant", "nobody"]).exit_code == 1


def test_every_command_has_help(app: Flask) -> None:
    for group in (project_group, operator_group):
        assert group.help
        assert all(command.help for command in group.commands.values())
