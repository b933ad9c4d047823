"""The public what-if of a charter: figures recomputed, nothing changed, nobody unnamed shown."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.database import db
from portal.models.projects import CharterVersion
from portal.queries.projects import what_if
from portal.web.limits import limiter
from tests.builders import make_organization, make_project, make_sponsorship, make_tier

PAGE = "/p/kelp/charter/what-if"


@pytest.fixture
def page(app: Flask, client: FlaskClient) -> FlaskClient:
    """A house of 20, 4, 4, 2, 2 and 1 without a cap; the largest sponsor stays private."""
    project = make_project("kelp", cap=Fraction(1))
    for number, weight in enumerate((20, 4, 4, 2, 2, 1), start=1):
        tier = make_tier(project, voting_weight=weight)
        organization = make_organization(f"org-{number}", name=f"Company {number}")
        make_sponsorship(organization, tier, is_private=number == 1)
    return client


def ask(page: FlaskClient, **values: str) -> str:
    typed = {"damping": "linear", "cap": "1", "threshold": ""} | values
    answer = page.get(PAGE, query_string=typed)
    assert answer.status_code == 200
    return answer.text


def test_without_a_question_it_shows_the_charter_in_force(page: FlaskClient) -> None:
    text = page.get(PAGE).text
    assert "This is the charter in force." in text
    assert "60.6%" in text, "20 of 33"
    assert "An unnamed sponsor decides this house alone" in text
    assert 'value="100%"' in text
    assert "Then" not in text
    assert PAGE in page.get("/p/kelp/charter").text


def test_a_cap_a_damping_and_a_threshold_each_move_the_figures(page: FlaskClient) -> None:
    capped = ask(page, cap="1/4")
    assert "25%" in capped
    assert "decides this house alone" not in capped
    assert "Then" in capped
    equal = ask(page, damping="equal")
    assert "16.6%" in equal or "16.7%" in equal
    assert "can stop every proposal alone" in ask(page, cap="2/5", threshold="2/3")
    assert "decides this house alone" in ask(page), "as the charter in force says"


def test_who_is_not_named_is_not_named_here(page: FlaskClient) -> None:
    for text in (page.get(PAGE).text, ask(page, cap="1/4"), ask(page, damping="equal")):
        assert "Company 1<" not in text
        assert "Company 2" in text
        assert "1 unnamed sponsor" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"cap": "0"}, "The cap is a share above 0"),
        ({"cap": "much"}, "Type a share as a fraction"),
        ({"cap": ""}, "Please fill it in"),
        ({"threshold": "1/3"}, "A threshold is a share above one half"),
        ({"damping": "cubic"}, "Not a valid choice"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_kept(
    page: FlaskClient, typed: dict[str, str], said: str
) -> None:
    values = {"damping": "sqrt", "cap": "1/4", "threshold": ""} | typed
    answer = page.get(PAGE, query_string=values)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{values["cap"]}"' in answer.text


def test_asking_changes_nothing(page: FlaskClient) -> None:
    before = page.get("/p/kelp/charter").text
    ask(page, cap="1/4", damping="sqrt", threshold="2/3")
    assert page.get("/p/kelp/charter").text == before
    assert db.session.scalar(select(func.count()).select_from(CharterVersion)) == 1


def test_more_sponsors_than_can_be_computed_meanwhile_are_sent_to_the_sponsors_page(
    page: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "MOST_SPONSORS", 5)
    assert "Too many sponsors to compute this" in ask(page, cap="1/4")


def test_questions_are_limited_and_reading_is_not(
    app: Flask, page: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    limiter.reset()
    asked = {"damping": "linear", "cap": "1/4", "threshold": ""}
    codes = [page.get(PAGE, query_string=asked).status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]
    assert page.get(PAGE).status_code == 200
    limiter.reset()
