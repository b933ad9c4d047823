"""Power beside weight in a vote: as it froze, on the outcome and on the maintainers' page."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.domain.charter import House
from portal.domain.power import PowerWarning
from portal.domain.votes import Method
from portal.queries.weights import powers
from portal.queries.weights.powers import list_powers
from tests.builders import sign_in
from tests.vote_builders import close, make_consultation, make_paper, make_scene, make_vote


@pytest.mark.parametrize("method", [Method.YES_NO, Method.APPROVAL])
def test_an_outcome_shows_power_as_it_froze(
    app: Flask, client: FlaskClient, method: Method
) -> None:
    """Of 6, 2 and 2 the largest decides alone; so it is said after the vote, whatever the method."""
    scene = make_scene(weights=(6, 2, 2), cap=Fraction(1))
    number = make_consultation(scene)
    paper = {} if method is Method.YES_NO else {"paper": make_paper(method)}
    close(make_vote(scene, number, **paper))
    page = client.get(f"/p/{scene.project.slug}/proposals/{number}/outcome").text
    assert "decides this house alone" in page
    assert "2 of 3 electors can never change an outcome" in page
    assert "Shapley-Shubik" in page


@pytest.mark.parametrize(
    ("weights", "cap", "drawn"),
    [
        ((8, 2, 2), Fraction(1, 2), True),
        ((6, 2, 2), Fraction(1), False),
        ((1,), Fraction(1, 4), False),
    ],
)
def test_the_cap_is_a_line_where_it_can_hold(
    client: FlaskClient, weights: tuple[int, ...], cap: Fraction, *, drawn: bool
) -> None:
    scene = make_scene(weights=weights, cap=cap)
    number = make_consultation(scene)
    close(make_vote(scene, number))
    page = client.get(f"/p/{scene.project.slug}/proposals/{number}/outcome").text
    assert ("c-cap" in page) is drawn


def test_the_maintainers_page_shows_the_heaviest_and_the_rest_together(app: Flask) -> None:
    scene = make_scene(weights=(4,) + (1,) * 19, cap=Fraction(1))
    vote_id = make_vote(scene)
    page = sign_in(app, scene.lead).get(f"/desk/{scene.project.slug}/votes/{vote_id}").text
    assert "4 smaller sponsors" in page
    assert "4 further electors, together 4" in page


def test_frozen_power_is_of_the_whole_house(app: Flask) -> None:
    """The known game of 4, 4, 4, 2, 2, 1 under 2/3 of 17, hence 12: the lightest is a dummy."""
    scene = make_scene(weights=(4, 4, 4, 2, 2, 1), cap=Fraction(1), threshold=Fraction(2, 3))
    vote_id = make_vote(scene)
    (house,) = list_powers(vote_id, Fraction(2, 3))
    assert house.house is House.SPONSORS
    assert [each.banzhaf for each in house.heaviest] == [
        Fraction(5, 21), Fraction(5, 21), Fraction(5, 21), Fraction(1, 7), Fraction(1, 7), 0,
    ]  # fmt: skip
    assert house.heaviest[5].warning is PowerWarning.DUMMY
    assert (house.electors, house.weight, house.powerless, house.further) == (6, 17_000, 1, 0)
    assert sum((each.share for each in house.heaviest), Fraction(0)) == 1


def test_a_house_too_large_for_power_says_so(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.domain.power.BANZHAF_ELECTORS", 2)
    monkeypatch.setattr(powers, "BANZHAF_ELECTORS", 2)
    scene = make_scene(weights=(2, 2, 1), cap=Fraction(1))
    number = make_consultation(scene)
    close(make_vote(scene, number))
    page = client.get(f"/p/{scene.project.slug}/proposals/{number}/outcome").text
    assert "Power is computed for houses of up to" in page
    assert "decides this house alone" not in page


def test_a_secret_vote_shows_power_by_class_of_weight_and_names_nobody(
    app: Flask, client: FlaskClient
) -> None:
    """Shares and indices of the classes add up to the house; no bar stands for one elector."""
    secret = {"privacy": "secret_aggregate", "cap": Fraction(1)}
    scene = make_scene(weights=(4, 4, 4, 2, 2, 2, 2), **secret)
    number = make_consultation(scene)
    vote_id = make_vote(scene, number)
    close(vote_id)
    (house,) = list_powers(vote_id, None, named=False)
    assert [(each.electors, each.weight) for each in house.classes] == [(3, 4000), (4, 2000)]
    assert [each.share for each in house.classes] == [Fraction(3, 5), Fraction(2, 5)]
    assert sum((each.banzhaf or Fraction(0) for each in house.classes), Fraction(0)) == 1
    page = client.get(f"/p/{scene.project.slug}/proposals/{number}/outcome").text
    assert "3 electors of weight 4 each, together" in page
    assert "4 electors of weight 2 each" in page
    assert "Unnamed sponsor" not in page
    assert not any(each.name in page for each in scene.organizations)
