"""Support in a browser without JavaScript: ask, answer, close with one click, follow the doors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.support import SupportState
from portal.models.support import SupportRequest
from tests.builders import (
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.support_builders import SUPPORT

TEXT = {"tried": "Connect a site", "happened": "No route", "environment": "4.3"}


@dataclass
class Pages:
    """Both sides' browsers."""

    company: FlaskClient
    desk: FlaskClient

    def ask(self, **changes: str) -> str:
        """A new request; where it is read."""
        answer = self.company.post("/organizations/acme/support/new/kelp", data=TEXT | changes)
        assert answer.status_code == 303, answer.text
        return answer.location


@pytest.fixture
def pages(app: Flask) -> Pages:
    asker, lead = make_person("Ada Asker"), make_person("Lena Lead")
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    company = make_organization("acme", roles={asker: [OrganizationRole.REPRESENTATIVE]})
    tier = make_tier(project, benefits=[SUPPORT | {"per_quarter": 1}])
    make_sponsorship(company, tier)
    return Pages(sign_in(app, asker), sign_in(app, lead))


def the_request() -> SupportRequest:
    return db.session.scalars(
        select(SupportRequest).execution_options(populate_existing=True)
    ).one()


def test_w1_the_door_leads_to_the_form_with_quota_and_aim(pages: Pages) -> None:
    door = pages.company.get("/p/kelp/support").text
    assert "1 of 1 requests are left this quarter." in door
    assert 'href="/organizations/acme/support/new/kelp"' in door
    form = pages.company.get("/organizations/acme/support/new/kelp").text
    assert "It is an aim, not a promise." in form
    assert "within 3 working days" in form
    assert "No request was answered yet" in form
    assert "urgen" not in form.lower()


def test_w1_typed_words_stay_when_something_is_missing(pages: Pages) -> None:
    answer = pages.company.post(
        "/organizations/acme/support/new/kelp", data=TEXT | {"environment": "", "tried": ""}
    )
    assert answer.status_code == 422
    for sentence in ("No route", "Say which version", "Say what you tried"):
        assert sentence in answer.text


def test_w1_a_used_up_quota_says_when_there_is_room_again(pages: Pages) -> None:
    pages.ask()
    for path in ("/organizations/acme/support", "/organizations/acme/support/new/kelp", "/p/kelp/support"):  # fmt: skip
        page = pages.company.get(path).text
        assert "There is room again from" in page, path
        assert 'href="/organizations/acme/support/new/kelp"' not in page
    answer = pages.company.post(
        "/organizations/acme/support/new/kelp", data=TEXT | {"tried": "Another thing"}
    )
    assert answer.status_code == 422
    assert "There is room again from" in answer.text
    assert "Another thing" in answer.text


def test_w1_ask_answer_write_and_close_with_one_click(pages: Pages) -> None:
    path = pages.ask()
    assert "With the maintainers" in pages.company.get(path).text
    number = the_request().number
    here = f"/desk/kelp/support/{number}"
    assert "Connect a site" in pages.desk.get("/desk/kelp/support").text
    answer = pages.desk.post(here, data={"action": "answer", "text": "Add it", "as_project": "y"})
    assert answer.status_code == 303
    page = pages.company.get(path).text
    assert "Add it" in page
    assert "The project" in page
    assert "Lena Lead" not in page
    assert pages.company.post(path, data={"text": "Thank you"}).status_code == 303
    closed = pages.desk.post(f"{here}/close", data={"action": "close_answered"})
    assert closed.status_code == 303
    assert the_request().state is SupportState.CLOSED_ANSWERED
    assert "Closed: answered" in pages.company.get(path).text
    assert "Connect a site" in pages.desk.get("/desk/kelp/support/closed").text


def test_w1_one_click_without_an_answer_says_what_is_missing(pages: Pages) -> None:
    pages.ask()
    number = the_request().number
    answer = pages.desk.post(
        f"/desk/kelp/support/{number}/close",
        data={"action": "close_answered"},
        follow_redirects=True,
    )
    assert "Write the answer first." in answer.text
    answer = pages.desk.post(f"/desk/kelp/support/{number}", data={"action": "close_answered"})
    assert answer.status_code == 422
    assert "Write the answer first." in answer.text
    assert the_request().state is SupportState.OPEN


@pytest.mark.parametrize("action", ["", "settle", "nothing"])
def test_w1_no_other_button_closes(pages: Pages, action: str) -> None:
    pages.ask()
    number = the_request().number
    for path in (f"/desk/kelp/support/{number}", f"/desk/kelp/support/{number}/close"):
        answer = pages.desk.post(path, data={"action": action})
        assert answer.status_code in {303, 422}
    assert the_request().state is SupportState.OPEN


def test_w1_a_gap_is_written_off_where_it_stands(pages: Pages) -> None:
    path = pages.ask()
    number = the_request().number
    pages.desk.post(f"/desk/kelp/support/{number}/close", data={"action": "close_gap"})
    gaps = "/desk/kelp/support/gaps"
    assert "Connect a site" in pages.desk.get(gaps).text
    wrong = pages.desk.post(f"{gaps}/{number}", data={"url": "javascript:alert(1)"})
    assert wrong.status_code == 422
    done = pages.desk.post(f"{gaps}/{number}", data={"url": "docs.example.org/sites"})
    assert done.status_code == 303
    assert 'href="https://docs.example.org/sites"' in pages.company.get(path).text


def test_w2_what_became_a_need_leads_to_its_draft(pages: Pages) -> None:
    path = pages.ask()
    number = the_request().number
    pages.desk.post(f"/desk/kelp/support/{number}/close", data={"action": "close_need"})
    need_id = the_request().need_id
    assert f'href="/organizations/acme/needs/{need_id}"' in pages.company.get(path).text
    assert pages.company.get(f"/organizations/acme/needs/{need_id}/edit").status_code == 200
    page = pages.desk.get(f"/desk/kelp/support/{number}").text
    assert "A draft of a need waits at the organization." in page
    assert "/desk/kelp/needs/" not in page


def test_w1_settled_it_can_be_opened_again_by_writing(pages: Pages) -> None:
    path = pages.ask()
    assert pages.company.post(f"{path}/settle").status_code == 303
    assert "Send, and open it again" in pages.company.get(path).text
    pages.company.post(path, data={"text": "It came back."})
    assert the_request().state is SupportState.OPEN


def test_w1_from_the_third_door_whoever_may_states_a_need_at_once(app: Flask, pages: Pages) -> None:
    form = "/organizations/acme/needs/new/kelp"
    door = pages.company.get("/p/kelp/contribute").text
    assert f'href="{form}"' in door
    assert pages.company.get(form).status_code == 200
    for other in (sign_in(app, make_person()), app.test_client()):
        assert "/needs/new/" not in other.get("/p/kelp/contribute").text


def test_w1_whoever_acts_for_nobody_is_led_to_the_other_doors(app: Flask, pages: Pages) -> None:
    stranger = sign_in(app, make_person())
    page = stranger.get("/p/kelp/support").text
    assert "No organization to ask for" in page
    assert 'href="/p/kelp/contribute"' in page
    assert stranger.get("/p/nothing/support").status_code == 404
    assert app.test_client().get("/p/kelp/support").status_code == 302
