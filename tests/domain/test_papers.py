"""Ballot papers: what may stand on one, what freezes of it, and which ballots it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from portal.domain.canonical import canonical_json, fingerprint
from portal.domain.count import count_vote
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.papers import Option, read_paper
from portal.domain.tally.options import NOT_NOW
from portal.domain.votes import Method
from tests.domain.option_builders import (
    OPTION_METHODS,
    approve,
    ballots,
    budget,
    make_paper,
    make_rules,
)
from tests.domain.test_count import freeze, make_electorate


@pytest.mark.parametrize("method", OPTION_METHODS)
def test_a_paper_freezes_and_is_read_back_as_it_was(method: Method) -> None:
    paper = make_paper(method)
    rules = freeze(make_electorate(), paper=paper)
    again = json.loads(canonical_json(rules))
    assert fingerprint(again) == fingerprint(rules)
    assert read_paper(again) == paper
    other = freeze(make_electorate(), paper=replace(paper, options=paper.options[::-1]))
    assert fingerprint(other) != fingerprint(rules)


def test_options_have_stable_ids_and_not_now_stands_in_ranked_and_budget_votes() -> None:
    assert make_paper(Method.APPROVAL).ids == ("o1", "o2", "o3")
    assert make_paper(Method.RANKED).ids == ("o1", "o2", "o3", NOT_NOW)
    assert make_paper(Method.BUDGET).ids == ("o1", "o2", "o3", NOT_NOW)
    proposals = (Option("", "A", proposal=7), Option("", "B", proposal=9))
    assert make_paper(Method.SCORE, options=proposals).ids == ("p7", "p9")


def options(*names: str, cost: int | None = 100) -> tuple[Option, ...]:
    return tuple(Option("", name, cost=cost) for name in names)


@pytest.mark.parametrize(
    ("method", "values", "field"),
    [
        (Method.RANKED, {"options": options("A")}, "options"),
        (Method.RANKED, {"options": options(*map(str, range(41)))}, "options"),
        (Method.RANKED, {"options": options("A", "")}, "options"),
        (Method.RANKED, {"options": options("A", "a")}, "options"),
        (Method.RANKED, {"options": options("A", "Not now")}, "options"),
        (Method.APPROVAL, {"seats": 0}, "seats"),
        (Method.APPROVAL, {"seats": 3}, "seats"),
        (Method.BUDGET, {"budget": None}, "budget"),
        (Method.BUDGET, {"budget": Money(0, "EUR")}, "budget"),
        (Method.BUDGET, {"options": options("A", "B", cost=0)}, "options"),
        (Method.BUDGET, {"options": options("A", "B", cost=None)}, "options"),
        (Method.BUDGET, {"options": options("A", "B", cost=5001)}, "options"),
        (Method.BUDGET, {"points": -1}, "points"),
        (Method.BUDGET, {"points": 1001}, "points"),
    ],
)
def test_a_paper_that_cannot_be_voted_on_is_refused_at_its_field(
    method: Method, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        make_paper(method, **values)
    assert (refused.value.code, refused.value.field) == (f"vote.{field}", field)


@pytest.mark.parametrize(
    ("method", "choice", "code"),
    [
        (Method.APPROVAL, approve("o9"), "ballot.unknown_option"),
        (Method.APPROVAL, approve("o1", "o1"), "ballot.doubled_option"),
        (Method.RANKED, {"ranks": {"o1": 1, "o2": 3}}, "ballot.rank_gap"),
        (Method.RANKED, {"ranks": {"o1": 1}, "weight": 9}, "ballot.extra_field"),
        (Method.SCORE, {"scores": {"o1": 6}}, "ballot.out_of_range"),
        (Method.BUDGET, approve("o1", NOT_NOW), "ballot.not_now_mixed"),
        (Method.QUADRATIC, {"votes": {"o1": 2, "o2": 1}}, "ballot.too_many_credits"),
    ],
)
def test_the_count_refuses_what_no_form_would_take(
    method: Method, choice: dict[str, Any], code: str
) -> None:
    """The heaviest elector weighs 4, and so has 4 credits."""
    with pytest.raises(Refusal) as refused:
        count_vote(make_rules(method), ballots(choice))
    assert refused.value.code == code


def test_points_that_go_to_not_now_go_nowhere_else() -> None:
    rules = make_rules(Method.BUDGET, points=10)
    with pytest.raises(Refusal, match=r"ballot\.not_now_mixed"):
        count_vote(rules, ballots({"points": {"o1": 1, NOT_NOW: 9}}))
    with pytest.raises(Refusal, match=r"ballot\.too_many_points"):
        count_vote(rules, ballots({"points": {"o1": 6, "o2": 5}}))
    assert budget(count_vote(rules, ballots({"points": {NOT_NOW: 10}}))).kept == 5000
