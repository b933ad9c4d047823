"""Yes or no: totals, quorum, threshold, ties, and houses together."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.positions import Part, Position
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.yes_no import (
    NotCarried,
    YesNoChoice,
    YesNoOutcome,
    YesNoRules,
    YesNoTotals,
    decide_yes_no,
    total_yes_no,
)

FOR, AGAINST, ABSTAIN = (
    YesNoChoice(position) for position in (Position.FOR, Position.AGAINST, Position.ABSTAIN)
)
MAJORITY = YesNoRules(None, Fraction(0), Fraction(0))
TWO_THIRDS = YesNoRules(Fraction(2, 3), Fraction(0), Fraction(0))

choices = st.sampled_from([FOR, AGAINST, ABSTAIN, Recusal()])
ballots_of = st.lists(st.tuples(st.integers(0, 5), choices), max_size=12)


def _decide(
    *ballots: tuple[int, YesNoChoice | Recusal],
    rules: YesNoRules = MAJORITY,
    electors: int = 10,
    weight: int = 10_000,
) -> YesNoOutcome:
    return decide_yes_no(total_yes_no(ballots), electors=electors, weight=weight, rules=rules)


def test_majority_is_more_for_than_against_by_weight() -> None:
    assert _decide((3000, FOR), (1000, AGAINST), (1999, AGAINST)).carried
    assert _decide((2, FOR), (3, AGAINST)).reasons == (NotCarried.THRESHOLD_MISSED,)


def test_a_tie_fails() -> None:
    assert _decide((2, FOR), (2, AGAINST)).reasons == (NotCarried.TIE,)
    assert _decide().reasons == (NotCarried.TIE,)


def test_a_threshold_is_reached_exactly() -> None:
    assert _decide((2, FOR), (1, AGAINST), rules=TWO_THIRDS).carried
    missed = _decide((1999, FOR), (1000, AGAINST), rules=TWO_THIRDS)
    assert missed.reasons == (NotCarried.THRESHOLD_MISSED,)


def test_nothing_is_carried_without_a_vote_whatever_the_threshold() -> None:
    assert _decide((5, ABSTAIN), rules=TWO_THIRDS).reasons == (NotCarried.THRESHOLD_MISSED,)


def test_abstentions_and_recusals_are_present_but_do_not_count_as_votes() -> None:
    outcome = _decide((2, FOR), (1, AGAINST), (50, ABSTAIN), (50, Recusal()), rules=TWO_THIRDS)
    assert outcome.carried
    assert outcome.totals.present == Part(weight=103, electors=4)
    assert outcome.totals[Position.RECUSED] == Part(weight=50, electors=1)
    assert outcome.share_for == Fraction(2, 3)
    assert (outcome.turnout_weight, outcome.turnout_electors) == (
        Fraction(103, 10_000),
        Fraction(2, 5),
    )


@pytest.mark.parametrize(
    ("by_weight", "by_electors", "met"),
    [
        ("1/2", "0", True),
        ("501/1000", "0", False),
        ("0", "1/5", True),
        ("1", "1/5", False),
        ("1/2", "21/100", False),
    ],
)
def test_quorum_needs_weight_and_electors(by_weight: str, by_electors: str, *, met: bool) -> None:
    rules = YesNoRules(None, Fraction(by_weight), Fraction(by_electors))
    outcome = _decide((4000, FOR), (1000, ABSTAIN), rules=rules)
    assert outcome.quorum_met is outcome.carried is met
    assert outcome.reasons == (() if met else (NotCarried.NO_QUORUM,))


def test_every_reason_is_named() -> None:
    rules = YesNoRules(None, Fraction(1, 2), Fraction(0))
    reasons = _decide((1, FOR), (2, AGAINST), rules=rules).reasons
    assert reasons == (NotCarried.NO_QUORUM, NotCarried.THRESHOLD_MISSED)


def test_a_house_without_electors_has_no_turnout_and_no_shares() -> None:
    outcome = _decide(electors=0, weight=0)
    assert outcome.turnout_weight == outcome.turnout_electors == 0
    assert outcome.share_for is None


def test_stored_counters_decide_like_ballots() -> None:
    stored = YesNoTotals(
        {Position.FOR: Part(3, 2), Position.RECUSED: Part(4, 1), Position.ABSENT: Part(9, 9)}
    )
    assert stored.present == Part(7, 3)
    assert decide_yes_no(stored, electors=3, weight=7, rules=MAJORITY).carried


@settings(deadline=None)
@given(ballots_of, st.randoms())
def test_the_order_of_ballots_changes_nothing(
    ballots: list[tuple[int, YesNoChoice | Recusal]], random: object
) -> None:
    shuffled = list(ballots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _decide(*ballots) == _decide(*shuffled)


@settings(deadline=None)
@given(ballots_of)
def test_weight_w_equals_w_copies(ballots: list[tuple[int, YesNoChoice | Recusal]]) -> None:
    copies = [(1, choice) for weight, choice in ballots for _ in range(weight)]
    weighed, copied = total_yes_no(ballots), total_yes_no(copies)
    assert all(weighed[at].weight == copied[at].weight for at in Position)
    assert _decide(*ballots, rules=TWO_THIRDS).reasons == _decide(*copies, rules=TWO_THIRDS).reasons


@settings(deadline=None)
@given(ballots_of, choices)
def test_weight_zero_changes_nothing(
    ballots: list[tuple[int, YesNoChoice | Recusal]], choice: YesNoChoice | Recusal
) -> None:
    assert _decide(*ballots) == _decide(*ballots, (0, choice))
