"""The charter editor: preview before saving, exact shares, bad input kept at its field."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.domain.permissions import ProjectRole
from portal.queries.projects.charters import find_charter
from tests.builders import (
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)

TYPED = {
    "number": "1",
    "damping": "linear",
    "cap": "25%",
    "quorum_weight": "1/2",
    "quorum_electors": "0.5",
    "threshold": "",
    "statements_shown": "nothing",
    "mode": "advisory",
    "privacy": "sealed_roll_call",
    "seasoning_days": "0",
    "contributors": "none",
    "window_days": "14",
    "grace_days": "21",
    "note": "",
}
URL = "/desk/kelp/charter"


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    lead = make_person()
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    big, small = make_tier(project, voting_weight=6), make_tier(project, voting_weight=2)
    for tier in (big, small, small):
        make_sponsorship(make_organization(), tier)
    return sign_in(app, lead)


def number(browser: FlaskClient) -> int:
    from portal.queries.identity.actors import find_project

    with browser.application.app_context():
        project = find_project("kelp")
        assert project is not None
        page = find_charter(project.id)
        assert page is not None
        return page.number


def post(browser: FlaskClient, **changes: Any) -> tuple[int, str]:
    answer = browser.post(URL, data=TYPED | changes)
    return answer.status_code, answer.text


def test_the_form_shows_the_charter_in_force(browser: FlaskClient) -> None:
    page = browser.get(URL)
    assert page.status_code == 200
    assert 'value="25%"' in page.text
    assert "No elector holds more than 25% of the weight" in page.text


def test_a_preview_shows_shares_and_saves_nothing(browser: FlaskClient) -> None:
    status, page = post(browser, cap="1", step="preview")
    assert status == 200
    assert "33.3% → <b>60%</b>" in page
    assert "decides alone" in page
    assert "can never matter" in page
    assert "decides this house alone" in page
    assert "2 of 3 electors can never change an outcome" in page
    assert '<span class="was"><span class="hidden-label">now </span>33.3%</span>' in page
    assert "cap 25%" in page
    assert page.index("<h3>Today</h3>") < page.index("<h3>Then</h3>")
    assert page.count("Shapley-Shubik") == 2
    assert "Put it into force" in page
    assert number(browser) == 1


def test_a_threshold_changes_power_and_what_carries(browser: FlaskClient) -> None:
    _status, page = post(browser, cap="1", threshold="9/10", step="preview")
    assert "can stop every proposal alone" in page
    carries = page[page.index("Carries if everybody votes") :][:500]
    assert "more than 3</span>" in carries
    assert carries.count("more than") == 1, "a threshold is a weight to reach"
    _status, page = post(browser, quorum_weight="1", step="preview")
    assert "6 and 2 electors" in page


def test_what_is_previewed_is_saved_as_the_next_version(browser: FlaskClient) -> None:
    answer = browser.post(URL, data=TYPED | {"cap": "1/3", "threshold": "2/3", "step": "save"})
    assert (answer.status_code, answer.headers["Location"]) == (303, URL)
    page = browser.get(URL).text
    assert "Version 2 is in force" in page
    assert "at least 2/3 of the weight" in page


def test_a_preview_without_a_change_offers_no_saving(browser: FlaskClient) -> None:
    status, page = post(browser, step="preview")
    assert status == 200
    assert "Put it into force" not in page
    assert post(browser, step="save")[0] == 422


def test_a_second_tab_gets_a_conflict_and_keeps_what_was_typed(browser: FlaskClient) -> None:
    assert post(browser, cap="1/3", step="save")[0] == 303
    status, page = post(browser, window_days="7", step="save")
    assert status == 409
    assert "put version 2 into force since you opened this page" in page
    assert 'value="7"' in page
    assert number(browser) == 2


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"cap": ""}, "cap", "empty"),
        ({"cap": "a lot"}, "cap", "Type a share as a fraction"),
        ({"cap": "0"}, "cap", "above 0 and at most 1"),
        ({"cap": "٢٥%"}, "cap", "Type a share as a fraction"),
        ({"cap": "1" * 500}, "cap", "at most 40"),
        ({"cap": "25%\u200b"}, "cap", "cannot be seen"),
        ({"threshold": "50%"}, "threshold", "above one half"),
        ({"quorum_weight": "-1"}, "quorum_weight", "Type a share as a fraction"),
        ({"quorum_electors": "2"}, "quorum_electors", "from 0 to 1"),
        ({"seasoning_days": "1.5"}, "seasoning_days", "whole number from 0 to 365"),
        ({"window_days": "0"}, "window_days", "whole number from 1 to 90"),
        ({"grace_days": "9" * 30}, "grace_days", "whole number from 0 to 60"),
        ({"damping": "cubic"}, "damping", "Not a valid choice"),
        ({"mode": ""}, "mode", "Not a valid choice"),
        ({"note": "x" * 501}, "note", "at most 500"),
        ({"note": "safe\u202eevil"}, "note", "cannot be seen"),
        (
            {"reason_required": "y", "privacy": "secret_aggregate"},
            "reason_required",
            "Secret votes",
        ),
    ],
)
@pytest.mark.parametrize("step", ["preview", "save"])
def test_bad_input_is_refused_at_its_field(
    browser: FlaskClient, changes: dict[str, str], field: str, sentence: str, step: str
) -> None:
    status, page = post(browser, **changes, step=step)
    assert status == 422
    assert f'href="#{field}' in page
    assert sentence in page
    assert number(browser) == 1


@pytest.mark.parametrize("typed", ["", "x", "-1", "9" * 40])
def test_a_lost_version_number_is_refused(browser: FlaskClient, typed: str) -> None:
    assert post(browser, cap="1", number=typed, step="save")[0] == 422


def test_an_empty_form_is_refused_at_each_required_field(browser: FlaskClient) -> None:
    answer = browser.post(URL)
    assert answer.status_code == 422
    assert all(f'href="#{field}' in answer.text for field in ("cap", "window_days", "damping"))


def test_a_script_in_the_note_is_shown_as_text(browser: FlaskClient) -> None:
    assert post(browser, cap="1", note="<script>alert(1)</script>", step="save")[0] == 303
    page = browser.get(URL).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_an_empty_electorate_says_so(app: Flask) -> None:
    lead = make_person()
    make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    status, page = post(sign_in(app, lead), cap="1", step="preview")
    assert status == 200
    assert "No elector yet" in page
