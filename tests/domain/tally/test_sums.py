"""Approval, score and quadratic votes, and orders with their ties and seats."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.tally.options import ApprovalChoice, QuadraticChoice, ScoreChoice
from portal.domain.tally.ordering import Seats, number_places, order_by, take_seats, tie_order
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.sums import count_approval, count_quadratic, count_score

OPTIONS = "abc"
approvals = st.frozensets(st.sampled_from(OPTIONS)).map(ApprovalChoice)
scores = st.dictionaries(st.sampled_from(OPTIONS), st.integers(0, 5)).map(ScoreChoice)


def test_approval_adds_up_weight() -> None:
    ballots = [(3, ApprovalChoice(frozenset("ab"))), (2, ApprovalChoice(frozenset("b")))]
    counted = count_approval(OPTIONS, [*ballots, (9, Recusal())], seats=2)
    assert counted.totals == {"a": 3, "b": 5, "c": 0}
    assert counted.order == (("b",), ("a",), ("c",))
    assert counted.seats == Seats(("b", "a"), (), 0)


def test_score_adds_up_score_times_weight_and_shows_the_median() -> None:
    ballots: list[Any] = [
        (2, ScoreChoice({"a": 5, "b": 0})),
        (1, ScoreChoice({"a": 1})),
        (4, Recusal()),
    ]
    counted = count_score(OPTIONS, ballots)
    assert counted.totals == {"a": 11, "b": 0, "c": 0}
    assert counted.medians == {"a": 5, "b": 0, "c": None}
    even = [(1, ScoreChoice({"a": 5})), (1, ScoreChoice({"a": 2})), (0, ScoreChoice({"a": 0}))]
    assert count_score("a", even).medians == {"a": 2}


def test_quadratic_adds_up_votes_of_those_who_are_entitled() -> None:
    ballots = [(4000, QuadraticChoice({"a": 2})), (5000, QuadraticChoice({"a": 1, "b": 2}))]
    more: list[Any] = [*ballots, (0, QuadraticChoice({"c": 9})), (1, Recusal())]
    assert count_quadratic(OPTIONS, more).totals == {"a": 3, "b": 2, "c": 0}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), approvals | scores), max_size=8), st.randoms())
def test_order_copies_and_weightless_ballots_change_nothing(
    ballots: list[tuple[int, Any]], random: Any
) -> None:
    copies = [(1, choice) for weight, choice in ballots for _ in range(weight)]
    random.shuffle(copies)
    for count in (count_approval, count_score):
        assert count(OPTIONS, ballots) == count(OPTIONS, copies)


def test_an_order_is_groups_of_ties() -> None:
    assert order_by({"a": 1, "b": 2, "c": 1, "d": 0}) == (("b",), ("a", "c"), ("d",))
    assert order_by({}) == ()


def test_places_after_a_tie_count_all_who_stand_before() -> None:
    numbered = number_places((("a", "b"), ("c",), ("d", "e"), ("f",)))
    assert [place for place, _group in numbered] == [1, 3, 4, 6]


@pytest.mark.parametrize(
    ("seats", "taken"),
    [
        (0, Seats((), (), 0)),
        (1, Seats(("b",), (), 0)),
        (2, Seats(("b",), ("a", "c"), 1)),
        (3, Seats(("b", "a", "c"), (), 0)),
        (9, Seats(("b", "a", "c", "d"), (), 0)),
    ],
)
def test_a_tie_that_does_not_fit_leaves_its_seats_open(seats: int, taken: Seats) -> None:
    assert take_seats((("b",), ("a", "c"), ("d",)), seats) == taken


def test_tie_order_is_by_hash_of_root_and_option() -> None:
    """It does not follow the order on offer, and it depends on the root."""
    root = bytes(32)
    options = ["x", "y", "ä", "z"]
    hashed = sorted(options, key=lambda option: hashlib.sha256(root + option.encode()).hexdigest())
    assert tie_order(options, root) == tie_order(options[::-1], root) == hashed
    assert len({tuple(tie_order(options, bytes([byte]))) for byte in range(20)}) > 1
