"""Power indices against published figures and by listing all coalitions and all orders."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations, permutations
from math import factorial
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.domain import power
from portal.domain.errors import Refusal
from portal.domain.power import (
    PowerWarning,
    banzhaf,
    banzhaf_unit,
    majority_quota,
    shapley_shubik,
    shapley_unit,
    warnings,
)

_VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors.json"


def test_the_example_of_the_rules() -> None:
    weights = [4, 4, 4, 2, 2, 1]
    fifth, seventh = Fraction(5, 21), Fraction(1, 7)
    assert banzhaf(weights, 12) == [fifth, fifth, fifth, seventh, seventh, 0]
    assert shapley_shubik(weights, 12)[0] == Fraction(7, 30)


@pytest.mark.skipif(not _VECTORS.exists(), reason="the shared vectors are not at hand")
def test_published_indices() -> None:
    vectors = json.loads(_VECTORS.read_text())["banzhaf_shapley"]
    assert vectors
    for vector in vectors:
        arguments = vector["weights"], vector["quota"]
        assert banzhaf(*arguments) == [Fraction(index) for index in vector["banzhaf"]]
        assert shapley_shubik(*arguments) == [Fraction(index) for index in vector["shapley_shubik"]]


def _listed_banzhaf(weights: list[int], quota: int) -> list[Fraction]:
    swings = [0] * len(weights)
    for size in range(len(weights) + 1):
        for coalition in combinations(range(len(weights)), size):
            together = sum(weights[elector] for elector in coalition)
            for elector in coalition:
                swings[elector] += together - weights[elector] < quota <= together
    return [Fraction(swing, sum(swings)) for swing in swings]


def _listed_shapley(weights: list[int], quota: int) -> list[Fraction]:
    pivots = [0] * len(weights)
    for order in permutations(range(len(weights))):
        together = 0
        for elector in order:
            together += weights[elector]
            if together >= quota:
                pivots[elector] += 1
                break
    return [Fraction(pivot, factorial(len(weights))) for pivot in pivots]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([1000, 2000, 5000, 9333]), min_size=6, max_size=9), st.data())
def test_capped_electors_among_round_weights(weights: list[int], data: st.DataObject) -> None:
    """What the cap makes: few sums far apart, which are kept as a map and not slot by slot."""
    quota = data.draw(st.integers(1, sum(weights)))
    assert banzhaf(weights, quota) == _listed_banzhaf(weights, quota)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 72))
def test_banzhaf_equals_the_list_of_all_coalitions(weights: list[int], quota: int) -> None:
    assume(sum(weights) >= quota)
    assert banzhaf(weights, quota) == _listed_banzhaf(weights, quota)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(1, 54))
def test_shapley_shubik_equals_the_list_of_all_orders(weights: list[int], quota: int) -> None:
    assume(sum(weights) >= quota)
    assert shapley_shubik(weights, quota) == _listed_shapley(weights, quota)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 900), min_size=11, max_size=13, unique=True), st.data())
def test_many_different_weights_sum_up_to_one(weights: list[int], data: st.DataObject) -> None:
    """More classes than are tried in all splits take the other way to a split."""
    quota = data.draw(st.integers(1, sum(weights)))
    assert banzhaf(weights, quota) == _listed_banzhaf(weights, quota)
    index = shapley_shubik(weights, quota)
    assert sum(index) == 1
    assert [value for _weight, value in sorted(zip(weights, index, strict=True))] == sorted(index)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 72), st.integers(2, 999))
def test_the_unit_of_weight_does_not_matter(weights: list[int], quota: int, unit: int) -> None:
    finer = [weight * unit for weight in weights]
    for finer_quota in (quota * unit, (quota - 1) * unit + 1):
        assert banzhaf(finer, finer_quota) == banzhaf(weights, quota)
        assert shapley_shubik(finer, finer_quota) == shapley_shubik(weights, quota)


def test_nobody_has_power_when_the_quota_is_out_of_reach() -> None:
    assert banzhaf([1, 2], 4) == shapley_shubik([1, 2], 4) == [0, 0]
    assert banzhaf([], 1) == shapley_shubik([], 1) == []


@pytest.mark.parametrize("arguments", [([1, -1], 1), ([1], 0), ([], -1)])
def test_refuses_negative_weights_and_quotas_below_one(arguments: tuple[list[int], int]) -> None:
    for index in (banzhaf, shapley_shubik, warnings):
        with pytest.raises(ValueError, match="power"):
            index(*arguments)


def test_two_hundred_electors_in_tiers_with_a_capped_one() -> None:
    """Both indices are exact where listing is out of reach: equal electors get equal shares."""
    weights = [9_333] + [1000] * 120 + [2000] * 50 + [4000] * 29
    for index in (banzhaf, shapley_shubik):
        shares = index(weights, majority_quota(weights, None))
        assert sum(shares) == 1
        assert len(set(shares)) == 4
        assert shares[0] > shares[-1] > shares[121] > shares[1] > 0


@pytest.mark.parametrize("electors", [80, 150])
def test_many_electors_of_any_weights_are_counted_to_the_last_coalition(electors: int) -> None:
    """Counts outgrow the slots they began in; a plain sum over all subsets by weight agrees."""
    weights = [7 + 13 * place % 101 for place in range(electors)]
    quota = majority_quota(weights, None)
    subsets = [1] + [0] * sum(weights)
    for weight in weights:
        subsets = [
            held + (subsets[total - weight] if total >= weight else 0)
            for total, held in enumerate(subsets)
        ]
    rest = subsets[:quota]
    for total in range(weights[0], quota):
        rest[total] -= rest[total - weights[0]]
    swings = sum(rest[quota - weights[0] :])
    assert power._swings(tuple(weights), quota)[0] == swings


def test_coarsening_is_declared_and_then_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = [70_011, 50_007, 40_003, 20_001, 10_009]
    quota = majority_quota(weights, None)
    assert banzhaf_unit(weights, quota) == shapley_unit(weights, quota) == 1
    monkeypatch.setattr(power, "_BANZHAF_WORK", 1)
    monkeypatch.setattr(power, "_SHAPLEY_WORK", 50)
    assert banzhaf_unit(weights, quota) == 80
    assert shapley_unit(weights, quota) == 10_558
    assert shapley_shubik(weights, quota) == _listed_shapley([7, 5, 4, 2, 1], 10)
    power._swings.cache_clear()
    assert banzhaf(weights, quota) == _listed_banzhaf([875, 625, 500, 250, 125], 1188)
    power._swings.cache_clear()


def test_more_electors_than_can_be_counted_are_refused() -> None:
    with pytest.raises(Refusal, match=r"power\.too_many_electors"):
        banzhaf([1] * (power.BANZHAF_ELECTORS + 1), 5)
    with pytest.raises(Refusal, match=r"power\.too_many_electors"):
        shapley_shubik([1] * (power.SHAPLEY_ELECTORS + 1), 5)
    assert set(banzhaf([1] * power.BANZHAF_ELECTORS, 501)) == {Fraction(1, 1000)}


def test_quota_of_majority_and_of_thresholds() -> None:
    assert majority_quota([4, 4, 2], None) == 6
    assert majority_quota([4, 4, 1], None) == 5
    assert majority_quota([4, 4, 1], Fraction(2, 3)) == 6
    assert majority_quota([4, 4, 2], Fraction(2, 3)) == 7
    assert majority_quota([4, 4, 2], Fraction(1)) == 10
    assert majority_quota([], None) == majority_quota([], Fraction(2, 3)) == 1


@pytest.mark.parametrize("threshold", [Fraction(1, 2), Fraction(0), Fraction(3, 2)])
def test_a_threshold_is_above_one_half(threshold: Fraction) -> None:
    with pytest.raises(ValueError, match="threshold"):
        majority_quota([1], threshold)


def test_warnings_name_dictators_veto_players_and_dummies() -> None:
    dictator, veto, dummy = PowerWarning
    assert warnings([20, 4, 4], 20) == [dictator, dummy, dummy]
    assert warnings([4, 4, 4, 2, 2, 1], 12) == [None] * 5 + [dummy]
    assert warnings([3, 2, 1], 4) == [veto, None, None]
    assert warnings([5, 5, 0], 10) == [veto, veto, dummy]
    assert warnings([1, 1], 3) == [dummy, dummy]
