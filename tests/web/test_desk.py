"""The maintainers' desk: what needs me today, profile, maintainers, audit; bad input in each."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.proposals import ProposalState
from portal.domain.sponsorship import Publication
from portal.models.proposals import Proposal
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.sent_statements import sent_statements

LEAD, MAINTAINER = ProjectRole.LEAD, ProjectRole.MAINTAINER


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    lead = make_person("Lea Lead", email="lea@example.org")
    make_project("kelp", roles={lead: [LEAD]})
    return sign_in(app, lead)


def test_the_list_of_desks_says_what_waits(app: Flask) -> None:
    person = make_person()
    project = make_project("kelp", roles={person: [MAINTAINER]})
    make_organization("acme", roles={person: [OrganizationRole.REPRESENTATIVE]})
    make_project("foreign")
    make_sponsorship(make_organization(), make_tier(project), publication=Publication.IN_REVIEW)
    page = sign_in(app, person).get("/desk").text
    assert 'href="/desk/kelp"' in page
    assert "1 thing needs you" in page
    assert re.search(r'href="/desk/kelp/sponsors#sp_\d+"', page)
    assert 'href="/organizations/acme"' in page
    assert "Foreign" not in page
    assert "/operator/projects" not in page


def test_somebody_without_any_role_is_told_what_to_do_next(app: Flask) -> None:
    page = sign_in(app, make_person()).get("/desk").text
    assert "/organizations/new" in page


def test_the_overview_answers_what_needs_me_today(app: Flask, browser: FlaskClient) -> None:
    assert "Nothing needs you today" in browser.get("/desk/kelp").text
    from portal.queries.identity.actors import find_project

    project = find_project("kelp")
    assert project is not None
    with transaction() as session:
        session.add_all(
            Proposal(
                project_id=project.id,
                number=number,
                title=title,
                state=state,
                created_at=NOW,
                updated_at=NOW,
            )
            for number, title, state in (
                (1, "Drafted", ProposalState.DRAFT),
                (2, "Consulted", ProposalState.CONSULTATION),
                (3, "Withdrawn idea", ProposalState.WITHDRAWN),
            )
        )
    page = browser.get("/desk/kelp").text
    assert 'href="/desk/kelp/proposals/1"' in page
    assert "Consulted" in page
    assert "Withdrawn idea" not in page


def test_a_maintainers_navigation_has_only_pages_that_open(app: Flask) -> None:
    person = make_person()
    make_project("kelp", roles={person: [MAINTAINER]})
    page = sign_in(app, person).get("/desk/kelp").text
    assert "/desk/kelp/audit" in page
    assert "/desk/kelp/charter" not in page
    assert "/desk/kelp/maintainers" not in page


def test_the_profile_is_saved_and_shown_again(browser: FlaskClient) -> None:
    typed = {"name": "Kelp", "tagline": "Queues", "website": "kelp.example/a?b=1"}
    assert browser.post("/desk/kelp/profile", data=typed).status_code == 303
    page = browser.get("/desk/kelp/profile").text
    assert 'value="https://kelp.example/a?b=1"' in page
    assert "Profile changed: tagline, website." in browser.get("/desk/kelp/audit").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "Ke\u200blp"),
        ("tagline", "x" * 201),
        ("tagline", "a\u202eb"),
        ("description", "x" * 20_001),
        ("description", "a\x00b"),
        ("website", "javascript:alert(1)"),
        ("help_url", "not an address"),
        ("security_url", "https://" + "x" * 300 + ".example"),
    ],
)
def test_a_bad_profile_is_refused_at_its_field(
    browser: FlaskClient, field: str, typed: str
) -> None:
    answer = browser.post("/desk/kelp/profile", data={"name": "Kelp", field: typed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "Profile changed" not in browser.get("/desk/kelp/audit").text


def test_a_maintainer_is_invited_and_the_invitation_withdrawn(browser: FlaskClient) -> None:
    url = "/desk/kelp/maintainers"
    assert (
        browser.post(url, data={"email": "ada@example.org", "role": "steward"}).status_code == 303
    )
    page = browser.get(url).text
    assert "Steward, invited by Lea Lead" in page
    path = page.split(f'action="{url}/invitations/')[1].split('"')[0]
    assert browser.post(f"{url}/invitations/{path}").status_code == 303
    assert "invited by" not in browser.get(url).text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": "", "role": "lead"}, "email"),
        ({"email": "nobody", "role": "lead"}, "email"),
        ({"email": "x" * 300, "role": "lead"}, "email"),
        ({"email": "a\u200b@example.org", "role": "lead"}, "email"),
        ({"email": "lea@example.org", "role": "lead"}, "email"),
        ({"email": "a@example.org", "role": "owner"}, "role"),
    ],
)
def test_a_bad_invitation_is_refused_at_its_field(
    browser: FlaskClient, typed: dict[str, str], field: str
) -> None:
    answer = browser.post("/desk/kelp/maintainers", data=typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text


def test_roles_are_changed_and_a_maintainer_removed(app: Flask) -> None:
    lead, other = make_person(), make_person("Bo")
    make_project("kelp", roles={lead: [LEAD], other: [MAINTAINER]})
    browser, url = sign_in(app, lead), f"/desk/kelp/maintainers/{other.id}"
    assert browser.post(url, data={"roles": ["steward", "lead"]}).status_code == 303
    assert "Lead, Steward" in browser.get("/desk/kelp/maintainers").text
    assert browser.post(url).status_code == 422
    assert browser.post(url, data={"roles": ["emperor"]}).status_code == 422
    assert browser.post(url, data={"step": "remove"}).status_code == 303
    assert browser.get(url).status_code == 404


def test_the_last_lead_is_told_why_not(browser: FlaskClient) -> None:
    page = browser.get("/desk/kelp/maintainers").text
    path = page.split('href="/desk/kelp/maintainers/')[1].split('"')[0]
    answer = browser.post(f"/desk/kelp/maintainers/{path}", data={"step": "remove"})
    assert answer.status_code == 422
    assert "always has at least one lead" in answer.text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
def test_a_crafted_page_of_the_audit_list_is_not_there(browser: FlaskClient, before: str) -> None:
    assert browser.get("/desk/kelp/audit", query_string={"before": before}).status_code == 404


def test_the_audit_list_turns_pages(browser: FlaskClient) -> None:
    for number in range(52):
        browser.post("/desk/kelp/profile", data={"name": "Kelp", "tagline": f"Line {number}"})
    page = browser.get("/desk/kelp/audit").text
    older = page.split('href="/desk/kelp/audit?before=')[1].split('"')[0]
    assert "Newest" in browser.get(f"/desk/kelp/audit?before={older}").text


@pytest.mark.parametrize("path", ["", "/kelp", "/kelp/maintainers"])
def test_the_number_of_statements_does_not_grow(app: Flask, path: str) -> None:
    lead = make_person()
    project = make_project("kelp", roles={lead: [LEAD]})
    browser = sign_in(app, lead)

    def statements() -> int:
        with sent_statements() as sent:
            assert browser.get(f"/desk{path}").status_code == 200
        return len(sent)

    before = statements()
    tier = make_tier(project)
    for number in range(1, 6):
        make_sponsorship(
            make_organization(roles={lead: [OrganizationRole.OWNER]}),
            tier,
            publication=Publication.IN_REVIEW,
        )
        make_project(roles={lead: [LEAD]})
        with transaction() as session:
            session.add(
                Proposal(
                    project_id=project.id,
                    number=number,
                    title="T",
                    state=ProposalState.DRAFT,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
    assert statements() == before
