"""Schulze with winning votes: the paper's example, the method's definition, and the properties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.tally.options import RankedChoice, Unranked
from portal.domain.tally.ordering import Seats
from portal.domain.tally.recusal import Recusal
from portal.domain.tally.schulze import count_ranked

_VECTORS = Path(__file__).parents[4] / "shared" / "data" / "vectors.json"
OPTIONS = "abcd"

ranks = st.dictionaries(st.sampled_from(OPTIONS), st.integers(1, 4)).map(RankedChoice)
ballots_of = st.lists(st.tuples(st.integers(0, 3), ranks), max_size=7)
policies = st.sampled_from(Unranked)

Ballots = list[tuple[int, RankedChoice]]


def _ranked(order: str) -> RankedChoice:
    return RankedChoice({option: rank for rank, option in enumerate(order.split(">"), 1)})


def _order(*ballots: tuple[int, str], unranked: Unranked = Unranked.ABSTAIN) -> list[str]:
    counted = count_ranked(
        OPTIONS, [(weight, _ranked(order)) for weight, order in ballots], unranked=unranked
    )
    return ["".join(group) for group in counted.order]


@pytest.mark.skipif(not _VECTORS.exists(), reason="the shared vectors are not at hand")
def test_the_example_of_the_paper() -> None:
    vector = json.loads(_VECTORS.read_text())["schulze_paper_example1"]
    ballots = [(weight, _ranked(order)) for weight, order in vector["ballots"]]
    counted = count_ranked("ABCDE", ballots, seats=2)
    assert [option for group in counted.order for option in group] == vector["order"]
    assert len(counted.order) == 5
    assert counted.seats == Seats(("E", "A"), (), 0)
    assert counted.pairwise[0] == (0, 20, 26, 30, 22)
    assert counted.strongest_paths[0] == (0, 28, 28, 30, 24)


def test_winning_votes_and_not_margins_measure_a_link() -> None:
    """In the cycle a>b>c>a the narrowest win is b>c, the win with the fewest votes is c>a."""
    ballots = [(5, "a>b"), (11, "b>c"), (10, "c>b"), (6, "c>a"), (9, "a>b"), (1, "b>a")]
    counted = count_ranked("abc", [(weight, _ranked(order)) for weight, order in ballots])
    assert counted.pairwise == ((0, 14, 0), (1, 0, 11), (6, 10, 0))
    assert counted.order == (("a",), ("b",), ("c",))


def test_what_unranked_means() -> None:
    ballots = [(3, "a"), (2, "b>a")]
    assert _order(*ballots)[0] == "bcd"
    assert _order(*ballots, unranked=Unranked.LAST) == ["a", "b", "cd"]


def test_ties_are_groups_and_seats_that_a_tie_leaves_open() -> None:
    counted = count_ranked("abc", [(1, _ranked("a>b>c")), (1, _ranked("b>a>c"))], seats=1)
    assert counted.order == (("a", "b"), ("c",))
    assert counted.seats == Seats((), ("a", "b"), 1)


def test_recusals_and_empty_ballots_take_part_in_no_pair() -> None:
    counted = count_ranked("ab", [(1, Recusal()), (1, RankedChoice({})), (2, _ranked("b>a"))])
    assert counted.pairwise == ((0, 0), (2, 0))
    assert count_ranked("ab", []).order == (("a", "b"),)
    assert count_ranked("", []).order == ()


def _defined(options: str, ballots: Ballots, unranked: Unranked) -> Mapping[str, set[str]]:
    """Who beats whom by the strongest of all paths, listed one by one."""

    def rank(choice: RankedChoice, option: str) -> int | None:
        return choice.ranks.get(option, 99 if unranked is Unranked.LAST else None)

    def preferring(one: str, other: str) -> int:
        return sum(
            weight
            for weight, choice in ballots
            for mine, theirs in [(rank(choice, one), rank(choice, other))]
            if mine is not None and theirs is not None and mine < theirs
        )

    def strength(path: tuple[str, ...]) -> int:
        links = pairwise(path)
        return min(
            preferring(one, other) if preferring(one, other) > preferring(other, one) else 0
            for one, other in links
        )

    def strongest(one: str, other: str) -> int:
        between = [option for option in options if option not in (one, other)]
        return max(
            strength((one, *via, other))
            for length in range(len(between) + 1)
            for via in permutations(between, length)
        )

    return {
        one: {
            other
            for other in options
            if other != one and strongest(one, other) > strongest(other, one)
        }
        for one in options
    }


@settings(deadline=None, max_examples=60)
@given(ballots_of, policies)
def test_the_order_is_the_one_defined_by_all_paths(ballots: Ballots, policy: Unranked) -> None:
    beats = _defined(OPTIONS, ballots, policy)
    losses = {one: sum(one in beats[other] for other in OPTIONS) for one in OPTIONS}
    order = count_ranked(OPTIONS, ballots, unranked=policy).order
    assert [{losses[option] for option in group} for group in order] == [
        {number} for number in sorted(set(losses.values()))
    ]
    assert sorted(option for group in order for option in group) == list(OPTIONS)
    place = {option: at for at, group in enumerate(order) for option in group}
    assert all(place[one] < place[other] for one in OPTIONS for other in beats[one])


@settings(deadline=None, max_examples=60)
@given(ballots_of, policies, st.randoms())
def test_order_copies_and_weightless_ballots_change_nothing(
    ballots: Ballots, policy: Unranked, random: Any
) -> None:
    counted = count_ranked(OPTIONS, ballots, unranked=policy, seats=2)
    copies = [(1, choice) for weight, choice in ballots for _ in range(weight)]
    random.shuffle(copies)
    assert counted == count_ranked(OPTIONS, copies, unranked=policy, seats=2)
    more = [*ballots, (0, RankedChoice({"d": 1, "a": 2}))]
    assert counted == count_ranked(OPTIONS, more, unranked=policy, seats=2)


def test_many_different_weights_and_ranks_beyond_a_byte() -> None:
    ballots: Ballots = [
        (weight, RankedChoice({"a": 300, "b": 2 if weight % 2 else 400})) for weight in range(1, 60)
    ]
    odd = sum(range(1, 60, 2))
    assert count_ranked("ab", ballots).pairwise == ((0, sum(range(60)) - odd), (odd, 0))


@pytest.mark.parametrize("rank", [254, 255, 65_534, 65_535])
def test_the_largest_rank_is_still_before_unranked(rank: int) -> None:
    counted = count_ranked("ab", [(1, RankedChoice({"a": rank}))], unranked=Unranked.LAST)
    assert counted.order == (("a",), ("b",))


def test_weights_beyond_64_bits_are_refused() -> None:
    ballots: Ballots = [(2**62, _ranked("a>b")), (2**62, _ranked("b>a"))]
    with pytest.raises(Refusal, match=r"tally\.weight_too_large"):
        count_ranked("ab", ballots)
    assert count_ranked("ab", [(2**63 - 1, _ranked("a>b"))]).pairwise[0][1] == 2**63 - 1
