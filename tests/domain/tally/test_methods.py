"""One validator per method: what it reads, and the reason code of all it refuses."""

from __future__ import annotations

import pytest

from portal.domain.errors import Refusal
from portal.domain.positions import Position
from portal.domain.tally.methods import validate_choice
from portal.domain.tally.options import (
    Allowance,
    ApprovalChoice,
    PointsChoice,
    QuadraticChoice,
    RankedChoice,
    ScoreChoice,
)
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.yes_no import YesNoChoice
from portal.domain.votes import Method

OPTIONS = ("a", "b", "c")
ALLOWANCE = Allowance(points=10, weight=5999)

READ = [
    (Method.YES_NO, {"position": "for"}, YesNoChoice(Position.FOR)),
    (Method.YES_NO, {"position": "abstain"}, YesNoChoice(Position.ABSTAIN)),
    (Method.APPROVAL, {"approved": ["a", "c"]}, ApprovalChoice(frozenset("ac"))),
    (Method.APPROVAL, {"approved": []}, ApprovalChoice(frozenset())),
    (Method.RANKED, {"ranks": {"a": 1, "b": 1, "c": 2}}, RankedChoice({"a": 1, "b": 1, "c": 2})),
    (Method.RANKED, {"ranks": {}}, RankedChoice({})),
    (Method.SCORE, {"scores": {"a": 0, "c": 5}}, ScoreChoice({"a": 0, "c": 5})),
    (Method.BUDGET, {"points": {"a": 7, "c": 3}}, PointsChoice({"a": 7, "c": 3})),
    (Method.QUADRATIC, {"votes": {"a": 2, "b": 1}}, QuadraticChoice({"a": 2, "b": 1})),
]


@pytest.mark.parametrize(("method", "raw", "choice"), READ)
def test_a_choice_is_read_and_written_back(method: Method, raw: object, choice: object) -> None:
    read = validate_choice(method, raw, OPTIONS, ALLOWANCE)
    assert read == choice
    assert read.as_json() == raw


def test_a_budget_vote_without_points_takes_approvals() -> None:
    raw = {"approved": ["b"]}
    assert validate_choice(Method.BUDGET, raw, OPTIONS) == ApprovalChoice(frozenset("b"))


def test_options_without_points_or_votes_are_left_out() -> None:
    points = validate_choice(Method.BUDGET, {"points": {"a": 0, "b": 1}}, OPTIONS, ALLOWANCE)
    votes = validate_choice(Method.QUADRATIC, {"votes": {"a": 0, "b": 1}}, OPTIONS, ALLOWANCE)
    assert points == PointsChoice({"b": 1})
    assert votes == QuadraticChoice({"b": 1})


def test_numbers_are_kept_in_the_order_on_offer() -> None:
    read = validate_choice(Method.SCORE, {"scores": {"c": 1, "a": 2}}, OPTIONS)
    assert isinstance(read, ScoreChoice)
    assert list(read.scores) == ["a", "c"]


@pytest.mark.parametrize("method", Method)
def test_every_method_takes_a_recusal_and_nothing_beside_it(method: Method) -> None:
    recusal = validate_choice(method, {"recused": True}, OPTIONS)
    assert recusal == Recusal()
    assert recusal.as_json() == {"recused": True}
    for raw, code in (
        ({"recused": True, "position": "for"}, "ballot.extra_field"),
        ({"recused": 1}, "ballot.malformed"),
        ({"recused": False}, "ballot.malformed"),
    ):
        with pytest.raises(Refusal) as refused:
            validate_choice(method, raw, OPTIONS)
        assert refused.value.code == code


REFUSED = [
    (Method.YES_NO, {"position": "recused"}, "ballot.unknown_option"),
    (Method.YES_NO, {"position": "absent"}, "ballot.unknown_option"),
    (Method.YES_NO, {"position": "FOR"}, "ballot.unknown_option"),
    (Method.YES_NO, {"position": ["for"]}, "ballot.malformed"),
    (Method.YES_NO, {"position": None}, "ballot.malformed"),
    (Method.YES_NO, {"position": "for", "weight": 99}, "ballot.extra_field"),
    (Method.YES_NO, {"weight": 99}, "ballot.extra_field"),
    (Method.YES_NO, {"position": "for", 1: 2}, "ballot.extra_field"),
    (Method.APPROVAL, {"approved": ["a", "d"]}, "ballot.unknown_option"),
    (Method.APPROVAL, {"approved": ["a", "a"]}, "ballot.doubled_option"),
    (Method.APPROVAL, {"approved": "a"}, "ballot.malformed"),
    (Method.APPROVAL, {"approved": [["a"]]}, "ballot.malformed"),
    (Method.APPROVAL, {"approved": [1]}, "ballot.malformed"),
    (Method.RANKED, {"ranks": {"d": 1}}, "ballot.unknown_option"),
    (Method.RANKED, {"ranks": {"a": 1, "b": 3}}, "ballot.rank_gap"),
    (Method.RANKED, {"ranks": {"a": 2}}, "ballot.rank_gap"),
    (Method.RANKED, {"ranks": {"a": 1, "b": 1, "c": 3}}, "ballot.rank_gap"),
    (Method.RANKED, {"ranks": {"a": 0}}, "ballot.out_of_range"),
    (Method.RANKED, {"ranks": {"a": 4}}, "ballot.out_of_range"),
    (Method.RANKED, {"ranks": {"a": 1.0}}, "ballot.malformed"),
    (Method.RANKED, {"ranks": {"a": True}}, "ballot.malformed"),
    (Method.RANKED, {"ranks": {"a": "1"}}, "ballot.malformed"),
    (Method.RANKED, {"ranks": ["a"]}, "ballot.malformed"),
    (Method.RANKED, {"ranks": {1: 1}}, "ballot.malformed"),
    (Method.SCORE, {"scores": {"a": 6}}, "ballot.out_of_range"),
    (Method.SCORE, {"scores": {"a": -1}}, "ballot.out_of_range"),
    (Method.BUDGET, {"points": {"a": 6, "b": 5}}, "ballot.too_many_points"),
    (Method.BUDGET, {"points": {"a": 11}}, "ballot.out_of_range"),
    (Method.BUDGET, {"approved": ["a"]}, "ballot.extra_field"),
    (Method.QUADRATIC, {"votes": {"a": 2, "b": 2}}, "ballot.too_many_credits"),
    (Method.QUADRATIC, {"votes": {"a": 3}}, "ballot.too_many_credits"),
    (Method.QUADRATIC, {"votes": {"a": 9}}, "ballot.out_of_range"),
    (Method.QUADRATIC, {"votes": {"a": -1}}, "ballot.out_of_range"),
]


@pytest.mark.parametrize(("method", "raw", "code"), REFUSED)
def test_crafted_ballots_are_refused_with_a_code(method: Method, raw: object, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        validate_choice(method, raw, OPTIONS, ALLOWANCE)
    assert refused.value.code == code


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("raw", [None, "for", 1, [], ["a"], True])
def test_a_ballot_is_an_object(method: Method, raw: object) -> None:
    with pytest.raises(Refusal, match=r"ballot\.malformed"):
        validate_choice(method, raw, OPTIONS, ALLOWANCE)


@pytest.mark.parametrize("method", Method)
def test_an_empty_ballot_is_refused(method: Method) -> None:
    with pytest.raises(Refusal, match=r"ballot\.missing_field"):
        validate_choice(method, {}, OPTIONS, ALLOWANCE)
