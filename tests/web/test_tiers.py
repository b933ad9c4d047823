"""The tier editor: exact prices, versions, preview, order, and bad input at its field."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.domain.permissions import ProjectRole
from tests.builders import (
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)

TYPED = {
    "name": "Gold",
    "description": "",
    "price": "1200.50",
    "interval": "year",
    "voting_weight": "4",
    "audience": "organization",
    "capacity": "",
    "sold_from": "",
    "sold_until": "",
    "logo": "large",
    "support_requests": "4",
    "support_days": "2",
    "early_access_days": "7",
    "named_contact": "y",
    "mention": "y",
    "text_lines": "A seat\nA mug",
}
LIST, NEW = "/desk/kelp/tiers", "/desk/kelp/tiers/new"


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    lead = make_person()
    make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    return sign_in(app, lead)


def post(browser: FlaskClient, url: str = NEW, **changes: Any) -> tuple[int, str]:
    answer = browser.post(url, data=TYPED | {"step": "save"} | changes)
    return answer.status_code, answer.text


def test_a_tier_is_added_shown_and_changed(browser: FlaskClient) -> None:
    assert "Nothing on sale yet" in browser.get(LIST).text
    assert post(browser)[0] == 303
    assert "€1,200.50 a year" in browser.get(LIST).text
    form = browser.get(f"{LIST}/gold").text
    assert all(part in form for part in ('value="1200.50"', 'value="7"', "A seat\nA mug"))
    assert post(browser, f"{LIST}/gold", number="1", price="1300")[0] == 303
    assert "Version 2 is sold" in browser.get(f"{LIST}/gold").text
    assert post(browser, f"{LIST}/gold", number="2", price="1300.00")[0] == 303
    assert "Version 2 is sold" in browser.get(f"{LIST}/gold").text


def test_a_preview_shows_benefits_and_the_share_and_saves_nothing(browser: FlaskClient) -> None:
    status, page = post(browser, step="preview")
    assert status == 200
    assert "100%" in page
    for benefit in (
        "Large logo on the sponsors page",
        "4 support requests a quarter",
        "Releases 7 days early",
        "A named contact",
        "A seat",
    ):
        assert benefit in page
    assert "Nothing on sale yet" in browser.get(LIST).text


def test_a_preview_of_a_change_shows_now_and_then(app: Flask) -> None:
    lead = make_person()
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]}, cap=1)
    make_sponsorship(make_organization(), make_tier(project, slug="gold", voting_weight=1))
    _status, page = post(
        sign_in(app, lead), f"{LIST}/gold", number="1", voting_weight="3", step="preview"
    )
    assert "50%" in page
    assert "75%" in page


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "empty"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"name": "Go\u202eld"}, "name", "cannot be seen"),
        ({"price": ""}, "price", "empty"),
        ({"price": "1,200"}, "price", "Type the amount in EUR as figures only"),
        ({"price": "12.345"}, "price", "Type the amount in EUR as figures only"),
        ({"price": "0"}, "price", "above 0"),
        ({"price": "1000000"}, "price", "at most 999,999.99 EUR"),
        ({"price": "NaN"}, "price", "Type the amount in EUR as figures only"),
        ({"interval": "decade"}, "interval", "Not a valid choice"),
        ({"audience": ""}, "audience", "Not a valid choice"),
        ({"voting_weight": ""}, "voting_weight", "empty"),
        ({"voting_weight": "1.5"}, "voting_weight", "whole number"),
        ({"voting_weight": "1000001"}, "voting_weight", "whole number"),
        ({"capacity": "0"}, "capacity", "whole number"),
        ({"sold_from": "yesterday"}, "sold_from", "Not a valid date"),
        ({"sold_from": "2026-02-01", "sold_until": "2026-01-01"}, "sold_until", "before the first"),
        ({"logo": "huge"}, "logo", "Not a valid choice"),
        ({"support_days": ""}, "support_days", "Say both"),
        ({"support_requests": ""}, "support_requests", "Say both"),
        ({"early_access_days": "soon"}, "early_access_days", "whole number"),
        ({"text_lines": "x" * 141}, "text_lines", "at most 140"),
        ({"text_lines": "\n".join("abcdefghijk")}, "text_lines", "At most 10"),
        ({"description": "x" * 601}, "description", "at most 600"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    browser: FlaskClient, changes: dict[str, str], field: str, sentence: str
) -> None:
    status, page = post(browser, **changes)
    assert status == 422
    assert f'href="#{field}' in page
    assert sentence in page
    assert "Nothing on sale yet" in browser.get(LIST).text


def test_a_price_in_a_currency_without_decimals(app: Flask) -> None:
    lead = make_person()
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    from portal.database import transaction

    with transaction():
        project.currency = "JPY"
    browser = sign_in(app, lead)
    assert post(browser, price="1200.50")[0] == 422
    assert post(browser, price="1200")[0] == 303
    assert "¥1,200" in browser.get(LIST).text


def test_a_price_that_no_card_can_be_charged_is_not_put_on_sale(app: Flask) -> None:
    """Cards take tens of a thousandth: the buyer could not pay, and cannot round the price."""
    lead = make_person()
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    project.currency = "KWD"
    browser = sign_in(app, lead)
    status, page = post(browser, price="12.345")
    assert status == 422
    assert "whose last figure is 0" in page
    assert post(browser, price="12.340")[0] == 303
    assert post(browser, f"{LIST}/gold", number="1", price="12.345")[0] == 422


def test_a_second_tab_gets_a_conflict_and_keeps_what_was_typed(browser: FlaskClient) -> None:
    post(browser)
    assert post(browser, f"{LIST}/gold", number="1", price="1300")[0] == 303
    status, page = post(browser, f"{LIST}/gold", number="1", price="1400")
    assert status == 409
    assert 'value="1400"' in page
    assert post(browser, f"{LIST}/gold", number="2", price="1400")[0] == 303


@pytest.mark.parametrize("number", ["", "x", "9" * 50])
def test_a_lost_version_number_is_refused(browser: FlaskClient, number: str) -> None:
    post(browser)
    assert post(browser, f"{LIST}/gold", number=number, price="1")[0] == 422


def test_order_sale_and_return(browser: FlaskClient) -> None:
    post(browser)
    post(browser, name="Silver")
    assert browser.get(LIST).text.index("Gold") < browser.get(LIST).text.index("Silver")
    assert browser.post(f"{LIST}/silver/move", data={"direction": "up"}).status_code == 303
    assert browser.get(LIST).text.index("Silver") < browser.get(LIST).text.index("Gold")
    assert browser.post(f"{LIST}/gold/archive").status_code == 303
    assert "Off sale since" in browser.get(f"{LIST}/gold").text
    assert browser.post(f"{LIST}/gold/move", data={"direction": "up"}).status_code == 422
    assert browser.post(f"{LIST}/gold/restore").status_code == 303
    assert "Put back on sale" not in browser.get(LIST).text


def test_another_projects_tier_is_not_there(browser: FlaskClient) -> None:
    make_tier(make_project(), slug="theirs")
    assert browser.get(f"{LIST}/theirs").status_code == 404
    assert post(browser, f"{LIST}/theirs", number="1")[0] == 404
    assert browser.post(f"{LIST}/theirs/archive").status_code == 404


def test_a_script_in_a_benefit_is_shown_as_text(browser: FlaskClient) -> None:
    page = post(browser, text_lines="<script>alert(1)</script>", step="preview")[1]
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("days", "said"), [("", "required"), ("3", "From 14 to 365"), ("x", "whole number")]
)
def test_a_notice_is_refused_at_its_field_and_keeps_what_was_typed(
    browser: FlaskClient, days: str, said: str
) -> None:
    post(browser)
    answer = browser.post(f"{LIST}/gold/notice", data={"notice_days": days})
    assert answer.status_code == 422
    assert "notice_days-error" in answer.text
    assert f'value="{days}"' in answer.text
    assert said in answer.text


def test_a_notice_that_concerns_nobody_says_so_above_the_form(browser: FlaskClient) -> None:
    post(browser)
    answer = browser.post(f"{LIST}/gold/notice", data={"notice_days": "30"})
    assert answer.status_code == 422
    assert "nobody to tell" in answer.text
    assert 'value="1200.50"' in answer.text, "the terms stand in their form as before"
