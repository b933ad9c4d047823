"""Votes over options in the browser: opened, cast, refused and read, by every method."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db
from portal.domain.charter import DecisionMode
from portal.domain.papers import BallotPaper
from portal.domain.votes import Method
from portal.models.votes import Vote
from portal.queries.votes.outcomes import get_outcome_page
from portal.web.votes.option_ballots import choice_name
from tests.builders import sign_in
from tests.vote_builders import (
    DAY,
    Scene,
    ballots_of,
    cast,
    close,
    get_vote,
    make_consultation,
    make_paper,
    make_scene,
    make_vote,
    seal_of,
)

OPTION_METHODS = [method for method in Method if method is not Method.YES_NO]
# What a browser posts for one ballot, what is stored of it, and how the roll call says it.
POSTED: dict[Method, tuple[dict[str, Any], dict[str, Any], str]] = {
    Method.APPROVAL: (
        {"approved": ["", "o1", "o3"]},
        {"approved": ["o1", "o3"]},
        "Replication; Windows",
    ),
    Method.RANKED: (
        {"ranks.o1": "2", "ranks.o2": "1", "ranks.o3": "", "ranks.not_now": "2"},
        {"ranks": {"o1": 2, "o2": 1, "not_now": 2}},
        "1. Tracing; 2. Replication = Not now",
    ),
    Method.SCORE: (
        {"scores.o1": "5", "scores.o2": "0", "scores.o3": ""},
        {"scores": {"o1": 5, "o2": 0}},
        "Replication: 5; Tracing: 0",
    ),
    Method.BUDGET: (
        {"approved": ["", "o2", "o3"]},
        {"approved": ["o2", "o3"]},
        "Tracing; Windows",
    ),
    Method.QUADRATIC: (
        {"votes.o1": "1", "votes.o2": "", "votes.o3": "1"},
        {"votes": {"o1": 1, "o3": 1}},
        "Replication: 1 vote; Windows: 1 vote",
    ),
}


def today() -> datetime:
    return datetime.now(UTC)


def live_vote(scene: Scene, paper: BallotPaper) -> int:
    return make_vote(scene, paper=paper, now=today() - timedelta(minutes=1))


def own(scene: Scene, vote: int, index: int = 0) -> str:
    return f"/organizations/{scene.organizations[index].slug}/votes/{vote}"


def opening(scene: Scene, number: int, by: Method, **changed: str) -> dict[str, str]:
    """The form that opens a vote by a method, as a browser posts it."""
    form = {
        "method": by.value,
        "question": "Which first?",
        "closes_at": f"{today() + 7 * DAY:%Y-%m-%dT%H:%M}",
        "seal": seal_of(scene, number, now=today()),
        "seats": "1",
        "unranked": "abstain",
        "points": "0",
        "budget": "500.00",
    }
    for row, name in enumerate(("Replication", "Tracing", "Windows")):
        form |= {f"options-{row}-name": name, f"options-{row}-text": f"About {name}."}
        form |= {f"options-{row}-cost": f"{100 * (3 - row)}.00"}
    return form | {"options-3-name": "", "options-3-text": "", "options-3-cost": ""} | changed


def open_by_form(client: FlaskClient, scene: Scene, number: int, form: dict[str, str]) -> Any:
    return client.post(f"/desk/{scene.project.slug}/proposals/{number}/open-vote", data=form)


@pytest.mark.parametrize("method", OPTION_METHODS)
def test_from_the_opening_to_the_outcome(app: Flask, method: Method) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES, cap=Fraction(1))
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    page = lead.get(f"/desk/{scene.project.slug}/proposals/{number}/open-vote?method={method}")
    assert 'name="options-0-name"' in page.text
    answer = open_by_form(lead, scene, number, opening(scene, number, method))
    assert answer.status_code == 303
    vote = int(answer.location.rsplit("/", 1)[1])
    frozen = get_vote(vote)
    assert (frozen.method, frozen.rules["method"]) == (method, method.value)
    assert [each["name"] for each in frozen.rules["options"]][:3] == [
        "Replication", "Tracing", "Windows"]  # fmt: skip

    posted, stored, said = POSTED[method]
    for index in range(4):
        small = index == 3 and method is Method.QUADRATIC
        sent = {"votes.o1": "1"} if small else posted
        client = sign_in(app, scene.representatives[index])
        assert client.post(own(scene, vote, index), data=sent).status_code == 303
    assert ballots_of(vote)[0].choice == stored
    shown = sign_in(app, scene.representatives[0]).get(own(scene, vote)).text
    assert said in shown
    desk = f"/desk/{scene.project.slug}/votes/{vote}"
    first = {Method.QUADRATIC: {"votes.o1": "1"}}.get(method, posted)
    assert lead.post(desk, data=first).status_code == 303
    close(vote, now=get_vote(vote).closes_at)

    outcome = app.test_client().get(f"/p/{scene.project.slug}/proposals/{number}/outcome")
    assert outcome.status_code == 200
    for each in said.split("; "):
        assert f"<li>{each}</li>" in outcome.text
    assert "How it was counted" in outcome.text
    figures = get_outcome_page(scene.project.id, number).figures
    assert [house.count is None for house in figures.houses] == [False, False]
    assert figures.chosen
    assert "Chosen" in lead.get(f"/desk/{scene.project.slug}/proposals/{number}/decision").text


# Both databases take a ballot alike; what refuses one is above them.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
REFUSED: list[tuple[Method, dict[str, Any], str]] = [
    (Method.APPROVAL, {}, "says nothing"),
    (Method.APPROVAL, {"approved": ["o1", "o1"]}, "names an option twice"),
    (Method.APPROVAL, {"approved": ["o9"]}, "not on offer"),
    (Method.APPROVAL, {"approved": ["o1"], "weight": "9"}, "does not know"),
    (Method.APPROVAL, {"approved": ["o1"], "position": "for"}, "does not know"),
    (Method.APPROVAL, {"approved": ["o1"], "recused": "y"}, "take back one or the other"),
    (Method.RANKED, {"ranks.o1": "1", "ranks.o2": "3"}, "run 1, 2, 3"),
    (Method.RANKED, {"ranks.o1": ["1", "2"]}, "names an option twice"),
    (Method.RANKED, {"ranks.o1": "1", "ranks.zz": "2"}, "not on offer"),
    (Method.RANKED, {"ranks.o1": "first"}, "whole numbers only"),
    (Method.RANKED, {"ranks.o1": "9"}, "not from 1 to 4"),
    (Method.RANKED, {"ranks": "1"}, "does not give numbers"),
    (Method.SCORE, {"scores.o1": "6"}, "not from 0 to 5"),
    (Method.SCORE, {"scores.o1": "-1"}, "whole numbers only"),
    (Method.SCORE, {"scores.o1": "5", "ranks.o1": "1"}, "does not know"),
    (Method.BUDGET, {"approved": ["o1", "not_now"]}, "goes with no option"),
    (Method.QUADRATIC, {"votes.o1": "2", "votes.o2": "1"}, "these cost 5, and this ballot has 4."),
    (Method.QUADRATIC, {"votes.o1": "9", "votes.o2": "1"}, "so an option takes 0 to 2."),
    (Method.QUADRATIC, {"votes.o1": "99999999999"}, "whole numbers only"),
    (Method.QUADRATIC, {"votes.o1": "1", "recused": ["y", "y"]}, "take back one"),
]


@ONE_DATABASE
@pytest.mark.parametrize("method", OPTION_METHODS)
def test_crafted_and_mistaken_ballots_are_refused_and_what_was_typed_is_kept(
    app: Flask, method: Method
) -> None:
    scene = make_scene(cap=Fraction(1))
    vote = live_vote(scene, make_paper(method))
    client = sign_in(app, scene.representatives[0])
    cases = [(posted, sentence) for by, posted, sentence in REFUSED if by is method]
    assert cases
    for posted, sentence in cases:
        answer = client.post(own(scene, vote), data=posted)
        assert answer.status_code == 422, posted
        assert sentence in answer.text, posted
        assert "There is a problem" in answer.text
        if posted.get("ranks.o2") == "3":
            assert '<option value="3" selected>' in answer.text
        if method is Method.QUADRATIC and posted.get("votes.o2"):
            assert 'name="votes.o2" value="1"' in answer.text
    assert ballots_of(vote) == []


@ONE_DATABASE
def test_points_are_spread_and_too_many_are_refused(app: Flask) -> None:
    scene = make_scene()
    vote = live_vote(scene, make_paper(Method.BUDGET, points=10))
    client = sign_in(app, scene.representatives[0])
    answer = client.post(own(scene, vote), data={"points.o1": "7", "points.o2": "4"})
    assert answer.status_code == 422
    assert "10 points to spread" in answer.text
    assert 'value="7"' in answer.text
    answer = client.post(own(scene, vote), data={"points.o1": "7", "points.o2": "3"})
    assert answer.status_code == 303
    assert 'name="points.o1" value="7"' in client.get(own(scene, vote)).text


@ONE_DATABASE
@pytest.mark.parametrize("method", OPTION_METHODS)
def test_everybody_can_recuse_and_leave_all_options_alone(app: Flask, method: Method) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    paper = make_paper(method)
    vote = live_vote(scene, paper)
    name = choice_name(paper)
    untouched = {"approved": ""} if name == "approved" else {f"{name}.o1": ""}
    client = sign_in(app, scene.representatives[0])
    answer = client.post(own(scene, vote), data=untouched | {"recused": "y"})
    assert answer.status_code == 303
    lead = sign_in(app, scene.lead)
    desk = f"/desk/{scene.project.slug}/votes/{vote}"
    assert lead.post(desk, data=untouched | {"recused": "y"}).status_code == 303
    assert [each.choice for each in ballots_of(vote)] == [{"recused": True}] * 2
    assert "Recused" in client.get(own(scene, vote)).text
    # Whoever comes back and chooses after all replaces the recusal.
    assert client.post(own(scene, vote), data=untouched).status_code == 303
    assert len(ballots_of(vote)) == 3


BAD_PAPERS: list[tuple[Method, dict[str, str], str]] = [
    (Method.RANKED, {"options-1-name": "", "options-1-text": ""}, "Every option has a name"),
    (Method.RANKED, {"options-1-name": "Windows"}, "a name of its own"),
    (Method.APPROVAL, {"seats": "3"}, "not all of them"),
    (Method.APPROVAL, {"seats": "many"}, "whole number from 1 to 40"),
    (Method.BUDGET, {"budget": ""}, "budget"),
    (Method.BUDGET, {"budget": "100"}, "more than the budget"),
    (Method.BUDGET, {"options-0-cost": "lots"}, "options-error"),
    (Method.SCORE, {"method": "dice"}, "Choose one of the methods"),
    (Method.RANKED, {"unranked": "first"}, "Not a valid choice"),
]


@ONE_DATABASE
def test_bad_papers_are_refused_and_what_was_typed_is_kept(app: Flask) -> None:
    scene = make_scene()
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    for method, changed, sentence in BAD_PAPERS:
        answer = open_by_form(lead, scene, number, opening(scene, number, method, **changed))
        assert answer.status_code == 422, changed
        assert sentence in answer.text, changed
        if "method" not in changed:
            assert 'value="Replication"' in answer.text
    assert db.session.scalars(select(Vote)).all() == []


@ONE_DATABASE
def test_the_preview_shows_the_ballot_and_opens_nothing(app: Flask) -> None:
    scene = make_scene()
    number = make_consultation(scene)
    lead = sign_in(app, scene.lead)
    form = opening(scene, number, Method.RANKED, unranked="last")
    answer = open_by_form(lead, scene, number, form | {"step": "preview"})
    assert answer.status_code == 200
    assert "counts as ranked last" in answer.text
    assert "Not now" in answer.text
    assert "A tie is shown as a tie" in answer.text
    more = open_by_form(lead, scene, number, form | {"step": "more"})
    assert 'name="options-7-name"' in more.text
    assert 'value="Tracing"' in more.text
    assert db.session.scalars(select(Vote)).all() == []


@ONE_DATABASE
@pytest.mark.parametrize("by", [Method.RANKED, Method.BUDGET])
def test_everybody_reads_what_an_open_vote_asks_and_by_which_rules(app: Flask, by: Method) -> None:
    scene = make_scene()
    vote = live_vote(scene, make_paper(by))
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1").text
    for said in (get_vote(vote).question, "Tracing", "Not now", "The rules of this vote", "Quorum"):
        assert said in page
    assert ("€100" in page) is (by is Method.BUDGET)
    assert "Earlier votes" not in page


@ONE_DATABASE
def test_a_ranked_vote_that_nobody_wins_says_so(app: Flask) -> None:
    scene = make_scene()
    vote = live_vote(scene, make_paper(Method.RANKED))
    for index in range(3):
        cast(scene, vote, index, {"ranks": {"not_now": 1, "o1": 2}}, now=today())
    close(vote, now=get_vote(vote).closes_at)
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    assert "Nothing was chosen" in page
    assert "Nothing beats “Not now”" in page


@ONE_DATABASE
def test_an_outcome_says_what_is_spent_and_how_tiers_became_weight(app: Flask) -> None:
    scene = make_scene(weights=(20, 4, 4), cap=Fraction(1, 2))
    vote = live_vote(scene, make_paper(Method.BUDGET))
    for index in range(3):
        cast(scene, vote, index, {"approved": ["o2", "o3"]}, now=today())
    close(vote, now=get_vote(vote).closes_at)
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    assert "Together they cost €300 of €500." in page
    assert "An elector weighs as much as its tier says. No elector holds more than 50%" in page


@ONE_DATABASE
@pytest.mark.parametrize("by", [Method.APPROVAL, Method.BUDGET])
def test_without_a_quorum_an_outcome_shows_nothing_as_chosen_or_funded(
    app: Flask, by: Method
) -> None:
    scene = make_scene(weights=(2, 2, 2))
    vote = make_vote(scene, paper=make_paper(by))
    cast(scene, vote, 0, {"approved": ["o3"]})
    close(vote)
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    assert "Without a quorum this house" in page
    assert "By its ballots alone it would be: “Windows”" in page
    for untrue in (
        "This house chooses", "Windows (chosen)", "Funded: ", "€100, funded", "Show who paid", ">yes<",
    ):  # fmt: skip
        assert untrue not in page
