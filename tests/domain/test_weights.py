"""Weights: the rules of VOTING 2, on the published vectors and as properties."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.weights import (
    Damping,
    RelatedGroup,
    cap_weights,
    damp,
    effective_weights,
    merge_related,
)

_VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors.json"
_TIERS = (20, 4, 4, 2, 2, 2, 1, 1, 1, 1)

raws = st.lists(st.integers(0, 50) | st.fractions(0, 50, max_denominator=5000), max_size=12)
caps = st.fractions(0, 1, max_denominator=60).filter(lambda cap: cap > 0)


@pytest.mark.skipif(not _VECTORS.exists(), reason="the shared vectors are not at hand")
def test_cap_reproduces_the_published_fixed_points() -> None:
    vectors = json.loads(_VECTORS.read_text())["weight_cap_fixed_point"]
    assert vectors
    for vector in vectors:
        weights = [Fraction(weight) for weight in vector["weights"]]
        capped = cap_weights(weights, Fraction(vector["cap_share"]))
        assert capped == [Fraction(weight) for weight in vector["capped"]]


@pytest.mark.parametrize(("cap", "largest"), [("1/3", 9000), ("1/4", 6000), ("1/5", 4500)])
def test_stored_thousandths_of_the_example(cap: str, largest: int) -> None:
    stored = effective_weights(_TIERS, damping=Damping.LINEAR, cap=Fraction(cap))
    assert stored == [largest, 4000, 4000, 2000, 2000, 2000, 1000, 1000, 1000, 1000]


def test_cap_is_not_the_share_of_the_old_total() -> None:
    """min(r, alpha * sum) would leave 38/4 = 9.5 to the largest: 34.5 % of the new total."""
    capped = cap_weights([Fraction(raw) for raw in _TIERS], Fraction(1, 4))
    assert capped[0] / sum(capped) == Fraction(1, 4)


def test_cap_of_one_changes_nothing() -> None:
    weights = [Fraction(5), Fraction(1)]
    assert cap_weights(weights, Fraction(1)) == weights


def test_cap_that_cannot_hold_makes_all_positive_weights_equal() -> None:
    weights = [Fraction(weight) for weight in (7, 0, 3, 2)]
    assert cap_weights(weights, Fraction(1, 4)) == [2, 0, 2, 2]
    assert cap_weights(weights, Fraction(1, 3)) == [2, 0, 2, 2]


def test_cap_of_nobody_and_of_nothing() -> None:
    assert cap_weights([], Fraction(1, 4)) == []
    assert cap_weights([Fraction(0)], Fraction(1, 4)) == [0]


@pytest.mark.parametrize("alpha", [Fraction(0), Fraction(-1, 4), Fraction(5, 4)])
def test_cap_refuses_what_is_not_a_share(alpha: Fraction) -> None:
    with pytest.raises(ValueError, match="share"):
        cap_weights([Fraction(1)], alpha)


@given(raws, caps, st.sampled_from(Damping))
def test_no_stored_share_exceeds_the_cap_where_it_can_hold(
    raw: list[Fraction | int], cap: Fraction, damping: Damping
) -> None:
    """VOTING 8: the cap never lets a share exceed alpha, exactly, on the stored thousandths."""
    stored = effective_weights(raw, damping=damping, cap=cap)
    positive = [weight for weight in stored if weight > 0]
    if len(positive) * cap > 1:
        assert max(positive) <= cap * sum(stored)
    else:
        assert len(set(positive)) <= 1


@given(raws, caps)
def test_storing_equals_rounding_the_exact_fixed_point_once(
    raw: list[Fraction | int], cap: Fraction
) -> None:
    whole = [Fraction(int(weight * 1000), 1000) for weight in raw]
    exact = [int(weight * 1000) for weight in cap_weights(whole, cap)]
    assert effective_weights(whole, damping=Damping.LINEAR, cap=cap) == exact


@given(raws, caps)
def test_cap_follows_the_order_of_its_input(raw: list[Fraction | int], cap: Fraction) -> None:
    weights = [Fraction(weight) for weight in raw]
    pairs = sorted(zip(weights, cap_weights(weights, cap), strict=True))
    assert [capped for _weight, capped in pairs] == cap_weights(sorted(weights), cap)


@given(raws, caps, st.sampled_from(Damping))
def test_an_elector_of_weight_zero_changes_nothing(
    raw: list[Fraction | int], cap: Fraction, damping: Damping
) -> None:
    stored = effective_weights(raw, damping=damping, cap=cap)
    assert effective_weights([*raw, 0], damping=damping, cap=cap) == [*stored, 0]


def test_damping() -> None:
    assert damp(20, Damping.LINEAR) == 20
    assert damp(20, Damping.SQRT) == Fraction(4472, 1000)
    assert damp(Fraction(1, 4), Damping.SQRT) == Fraction(1, 2)
    assert damp(20, Damping.EQUAL) == damp(Fraction(1, 9), Damping.EQUAL) == 1
    assert [damp(0, damping) for damping in Damping] == [0, 0, 0]


@given(st.fractions(0, 10**9))
def test_sqrt_damping_is_the_root_rounded_down_to_thousandths(raw: Fraction) -> None:
    root = damp(raw, Damping.SQRT)
    assert root**2 <= raw < (root + Fraction(1, 1000)) ** 2


def test_damping_refuses_a_negative_weight() -> None:
    with pytest.raises(ValueError, match="negative"):
        damp(-1, Damping.LINEAR)


def test_related_companies_are_one_elector_with_the_largest_tier() -> None:
    groups = merge_related(
        [("mill", "holding", 4), ("bakery", None, 1), ("holding", None, 2), ("shop", "mill", 4)]
    )
    assert groups == [
        RelatedGroup("mill", ("mill", "holding", "shop"), Fraction(4)),
        RelatedGroup("bakery", ("bakery",), Fraction(1)),
    ]


def test_a_parent_without_a_sponsorship_still_relates_its_daughters() -> None:
    (group,) = merge_related([(1, 9, 2), (2, 9, 8)])
    assert group == RelatedGroup(2, (1, 2), Fraction(8))


def test_a_circle_of_parents_is_one_elector() -> None:
    (group,) = merge_related([("a", "b", 1), ("b", "c", 2), ("c", "a", 3)])
    assert group.members == ("a", "b", "c")
    (own,) = merge_related([("d", "d", 1)])
    assert own.members == ("d",)


def test_a_long_chain_of_parents_is_one_elector() -> None:
    chain = [(number, number + 1, number) for number in range(5000)]
    (group,) = merge_related(chain)
    assert (group.lead, len(group.members)) == (4999, 5000)


def test_a_company_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        merge_related([("a", None, 1), ("a", "b", 2)])
