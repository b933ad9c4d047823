"""Votes over options keep their properties, whatever is cast (VOTING 8)."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.canonical import canonical_json
from portal.domain.count import count_vote
from portal.domain.outcomes import (
    Figures,
    RankedCount,
    SumsCount,
)
from portal.domain.stored_figures import read_figures, write_figures, write_roll
from portal.domain.tally.options import NOT_NOW
from portal.domain.votes import Method
from tests.domain.option_builders import (
    OPTION_METHODS,
    approve,
    ballots,
    count_of,
    make_rules,
    ranks,
)

IDS = ("o1", "o2", "o3")


SOME = st.lists(st.sampled_from(IDS), unique=True)


DRAWN: dict[Method, st.SearchStrategy[dict[str, Any]]] = {
    Method.APPROVAL: SOME.map(lambda names: approve(*names)),
    Method.RANKED: st.permutations((*IDS, NOT_NOW)).map(lambda names: ranks(*names)),
    Method.SCORE: st.dictionaries(st.sampled_from(IDS), st.integers(0, 5)).map(
        lambda scores: {"scores": scores}
    ),
    Method.BUDGET: st.one_of(st.just(approve(NOT_NOW)), SOME.map(lambda names: approve(*names))),
    Method.QUADRATIC: st.sampled_from([{"votes": {}}, {"votes": {"o1": 1}}, {"votes": {"o3": 1}}]),
}


CAST = st.sampled_from(OPTION_METHODS).flatmap(
    lambda method: st.tuples(
        st.just(method),
        st.lists(
            st.one_of(st.none(), st.just({"recused": True}), DRAWN[method]),
            min_size=4,
            max_size=4,
        ),
    )
)


@settings(max_examples=60, deadline=None)
@given(CAST, st.randoms(use_true_random=False))
def test_order_changes_nothing_and_storage_loses_nothing(
    cast: tuple[Method, list[dict[str, Any] | None]], chance: Any
) -> None:
    method, choices = cast
    rules, said = make_rules(method), ballots(*choices)
    figures = count_vote(rules, said)
    chance.shuffle(said)
    assert count_vote(rules, said) == figures
    stored = json.loads(canonical_json([write_figures(figures), write_roll(figures.roll)]))
    assert read_figures(*stored) == figures


def essence(figures: Figures) -> object:
    """What electors of the same weight in other pieces must not change."""
    count = count_of(figures)
    if isinstance(count, RankedCount):
        return figures.chosen, count
    if isinstance(count, SumsCount):
        return figures.chosen, count.placing, count.totals, count.medians
    bought = [(each.option, each.rho) for each in count.bought]
    weights = {option: part.weight for option, part in count.support.items()}
    return bought, count.kept, count.remaining, count.steps, weights


@settings(max_examples=60, deadline=None)
@given(CAST.filter(lambda cast: cast[0] is not Method.QUADRATIC))
def test_weight_w_equals_w_copies_of_the_ballot(
    cast: tuple[Method, list[dict[str, Any] | None]],
) -> None:
    """But for quadratic votes, where weight is spent by its one elector."""
    method, choices = cast
    charter = {"quorum_weight": Fraction(0), "quorum_electors": Fraction(0)}
    whole = count_vote(make_rules(method, charter=charter), ballots(*choices))
    pieces = [choice for choice, weight in zip(choices, (4, 2, 2, 1), strict=True)
              for _ in range(weight)]  # fmt: skip
    rules = make_rules(method, weights=(1,) * 9, charter=charter)
    # The same root, as two fingerprints would put ties in two orders.
    again = count_vote(rules, ballots(*pieces), root=b"root")
    assert essence(again) == essence(
        count_vote(make_rules(method, charter=charter), ballots(*choices), root=b"root")
    )
    assert whole.verdict is again.verdict


@settings(max_examples=60, deadline=None)
@given(CAST, st.data())
def test_an_elector_without_weight_changes_nothing(
    cast: tuple[Method, list[dict[str, Any] | None]], data: Any
) -> None:
    method, choices = cast
    rules = make_rules(method)
    figures = count_vote(rules, ballots(*choices), root=b"root")
    electors = [*rules["electorate"]["sponsors"]]
    electors.append({"position": 5, "name": "Nobody", "raw": "0", "weight": 0})
    wider = rules | {"electorate": {"sponsors": electors}}
    extra = data.draw(DRAWN[method].filter(lambda choice: not choice.get("votes")))
    again = count_vote(wider, ballots(*choices, extra), root=b"root")
    assert replace(again, roll=None) == replace(figures, roll=None)
