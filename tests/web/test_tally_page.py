"""The page that counts a ballot file: every method's picture, errors at the field, nothing kept."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.web.votes import tally

# Nothing here reads a row: one database is enough.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")

BUDGET = """META
key;value
description;Wood
budget;10
vote_type;approval
PROJECTS
project_id;cost;name
p;6;Path
q;5;Quay
r;50;Road
VOTES
voter_id;vote
1;"p,r"
2;p
3;q
"""
RULES = {"method": "file", "unranked": "abstain", "seats": "1", "completion": "add1"}


def _send(client: FlaskClient, name: str, text: str | bytes, **rules: Any) -> TestResponse:
    data = text if isinstance(text, bytes) else text.encode()
    return client.post("/tally", data=RULES | rules | {"file": (BytesIO(data), name)})


def test_ranked_ballots_with_ties_for_a_seat(client: FlaskClient) -> None:
    page = _send(client, "x.csv", "Ann,Bob,Cy\n1,2,3\n2,1,3\n")
    assert page.status_code == 200
    assert "2 ballots counted: weight 2, 3 options" in page.text
    assert page.text.count("tied for a seat") == 2
    assert "1 seat is open among those tied for it" in page.text
    assert "Each option against each other" in page.text
    assert "Between these, the strongest paths decide: Ann, Bob" in page.text
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "text", "rules", "said"),
    [
        ("x.csv", "Ann,Bob\n1,2\n1,2\n", {}, "Ann beats every other option"),
        ("x.csv", "Ann,Bob\n5,2\n", {"method": "score"}, "Median"),
        ("x.csv", "Ann,Bob\n2,1\n", {"method": "quadratic"}, "Totals"),
        ("x.csv", "Ann,Bob\nx,\n", {"method": "approval"}, "A majority is more than 0.5"),
        ("x.csv", "v\nfor\n", {"method": "yes_no"}, "For weighs 1 and against 0: for is 100%"),
        (
            "x.csv",
            "v\nfor\n",
            {"method": "yes_no", "threshold": "2/3"},
            "At least 2/3 of both was needed.",
        ),
        ("x.csv", "v\n\n", {"method": "yes_no"}, "Not carried: for and against weigh the same"),
        ("x.pb", BUDGET, {}, "Funded for 6 of 10; 4 remains"),
        ("x.pb", BUDGET.replace("q;5", "q;4"), {}, "each share was raised by 1 unit"),
        ("x.soc", "# ALTERNATIVE NAME 1: One\n3: 1\n", {"seats": "2"}, "3 ballots"),
    ],
)
def test_each_method_has_its_words(
    client: FlaskClient, name: str, text: str, rules: dict[str, str], said: str
) -> None:
    page = _send(client, name, text, **rules)
    assert page.status_code == 200
    assert said in page.text


@pytest.mark.parametrize("method", ["score", "quadratic", "yes_no"])
def test_sums_that_are_no_weights_are_not_held_against_a_majority(
    client: FlaskClient, method: str
) -> None:
    text = "v\nfor\n" if method == "yes_no" else "Ann,Bob\n5,\n"
    page = _send(client, "x.csv", text, method=method)
    assert page.status_code == 200
    assert "A majority is more than" not in page.text
    assert "None" not in page.text  # the median of whom nobody scored


@pytest.mark.parametrize(
    ("name", "text", "rules", "said"),
    [
        ("x.csv", "a,b\n1,one\n", {}, 'Line 2: the rank of "b" is not'),
        ("x.txt", "a\n", {}, "A ballot file ends in"),
        ("", "", {}, "Choose a ballot file"),
        ("x.csv", b"a\n\xff\n", {}, "not UTF-8 text"),
        ("x.csv", ",".join(map(str, range(301))), {}, "counts up to 300 options"),
        ("x.csv", "v\nfor\n", {"threshold": "1/3"}, "A threshold is a share above one half"),
        ("x.csv", "v\nfor\n", {"seats": "0"}, "Type a whole number from 1"),
        ("x.csv", "v\nfor\n", {"method": "guess"}, "Not a valid choice"),
    ],
)
def test_refusals_stand_at_their_field(
    client: FlaskClient, name: str, text: str | bytes, rules: dict[str, str], said: str
) -> None:
    page = _send(client, name, text, **rules)
    assert page.status_code == 422
    assert said.replace('"', "&#34;") in page.text
    assert "There is a problem" in page.text


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"file": "typed"},
        {"file": ["typed", "twice"], "seats": ["1", "2"]},
        dict.fromkeys((*RULES, "threshold"), "\x00"),
        dict.fromkeys((*RULES, "threshold"), "9" * 5000),
    ],
)
def test_crafted_forms_are_refused(client: FlaskClient, sent: dict[str, Any]) -> None:
    assert client.post("/tally", data=sent).status_code == 422
    kept = {name: value for name, value in sent.items() if name != "file"}
    with_file = client.post("/tally", data=kept | {"file": (BytesIO(b"a,b\n1,2\n"), "x.csv")})
    assert with_file.status_code in {200, 422}
    uploads = {name: (BytesIO(b"x"), "x.csv") for name in RULES}
    assert client.post("/tally", data=uploads).status_code == 422


@pytest.mark.parametrize("name", ["\x00.csv", "../../x.csv", "<b>.pb", ".soc", "x." + "c" * 500])
def test_crafted_names_and_bytes_are_refused_clearly(client: FlaskClient, name: str) -> None:
    for data in (b"", b"\x00\x00", b"\xff\xfe", b"\xff\xfea", b'"', b"META\nMETA\n", b"#\n:\n"):
        page = _send(client, name, data)
        assert page.status_code == 422
        assert "<b>" not in page.text.split("There is a problem")[1].split("</ul>")[0]


def test_a_file_that_is_too_large(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_BYTES", 10)
    page = _send(client, "x.csv", "a,b\n1,2\n1,2\n")
    assert page.status_code == 422
    assert "larger than 4 MB" in page.text


def test_a_count_that_takes_too_long_is_ended(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "_SECONDS", -1)
    page = _send(client, "x.pb", BUDGET.replace("q;5", "q;4"))
    assert page.status_code == 422
    assert "takes too long for a page" in page.text


def test_the_form_is_open_to_everybody(client: FlaskClient, app: Flask) -> None:
    page = client.get("/tally").text
    assert 'type="file"' in page
    assert 'href="/tally"' in page
    assert "csrf_token" in page or not app.config["WTF_CSRF_ENABLED"]
