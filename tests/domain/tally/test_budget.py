"""Equal Shares against a plain count elector by elector, its completions, and the properties."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.tally.budget import BudgetRules, count_budget
from portal.domain.tally.equal_shares import Electors, fund
from portal.domain.tally.options import ApprovalChoice, PointsChoice
from portal.domain.tally.ordering import tie_order
from portal.domain.tally.recusal import Recusal

OPTIONS = "abcde"

costs_of = st.fixed_dictionaries({option: st.integers(1, 40) for option in OPTIONS})
approvals = st.frozensets(st.sampled_from(OPTIONS)).map(ApprovalChoice)
points = st.dictionaries(st.sampled_from(OPTIONS), st.integers(1, 6)).map(PointsChoice)
ballots_of: st.SearchStrategy[list[tuple[int, Any]]] = st.one_of(
    [st.lists(st.tuples(st.integers(0, 3), kind), max_size=7) for kind in (approvals, points)]
)


def _approve(*options: str, weight: int = 1) -> tuple[int, ApprovalChoice]:
    return weight, ApprovalChoice(frozenset(options))


def _utilities(choice: Any, costs: Mapping[str, int]) -> dict[str, int]:
    if isinstance(choice, ApprovalChoice):
        return {option: costs[option] for option in choice.approved}
    return dict(choice.points)


def _plain_round(
    ballots: list[tuple[int, dict[str, int]]], costs: Mapping[str, int], share: Fraction
) -> dict[str, Fraction]:
    """The definition, word by word: every elector's money, every option's rho, the lowest."""
    money = [weight * share for weight, _utilities in ballots]
    funded: dict[str, Fraction] = {}
    while True:
        affordable = []
        for option in costs:
            payers = [
                (money[at] / (weight * held[option]), money[at], weight * held[option])
                for at, (weight, held) in enumerate(ballots)
                if option not in funded and weight * held.get(option, 0)
            ]
            if not payers or sum(held for _rate, held, _utility in payers) < costs[option]:
                continue
            rates = {
                (Fraction(costs[option]) - sum(held for rate, held, _u in payers if rate < most))
                / sum(utility for rate, _held, utility in payers if rate >= most)
                for most, _held, _utility in payers
            }
            affordable += [
                (rho, option)
                for rho in rates
                if sum(min(held, rho * utility) for _r, held, utility in payers) == costs[option]
            ]
        if not affordable:
            return funded
        lowest = min(rho for rho, _option in affordable)
        option = tie_order({name for rho, name in affordable if rho == lowest}, b"")[0]
        funded[option] = Fraction(lowest)
        for at, (weight, held) in enumerate(ballots):
            money[at] -= min(money[at], funded[option] * weight * held.get(option, 0))


@settings(deadline=None, max_examples=150)
@given(ballots_of, costs_of, st.fractions(0, 30, max_denominator=12))
def test_a_round_equals_the_definition(
    ballots: list[tuple[int, Any]], costs: dict[str, int], share: Fraction
) -> None:
    weighed = [(weight, _utilities(choice, costs)) for weight, choice in ballots]
    funded = fund(Electors(weighed, tie_order(costs, b"")), costs, share)
    assert list(funded.items()) == list(_plain_round(weighed, costs, share).items())


@settings(deadline=None, max_examples=60)
@given(ballots=ballots_of, costs=costs_of, budget=st.integers(0, 90), fill=st.booleans())
def test_completion_equals_going_up_step_by_step(
    ballots: list[tuple[int, Any]], costs: dict[str, int], budget: int, *, fill: bool
) -> None:
    """Steps that cannot matter are skipped; the outcome is the one of trying each of them."""
    weighed = [(weight, _utilities(choice, costs)) for weight, choice in ballots if weight]
    electors = sum(weight for weight, _utilities in weighed)
    supported = {option for _weight, held in weighed for option in held}
    funded: dict[str, Fraction] = {}
    for step in range(200):
        share = Fraction(budget, electors or 1) + step
        following = _plain_round(weighed, costs, share)
        if sum(costs[option] for option in following) > budget:
            break
        funded = following
        left = budget - sum(costs[option] for option in funded)
        if all(costs[option] > left for option in supported - funded.keys()):
            break
    outcome = count_budget(ballots, BudgetRules(costs, budget, fill=fill))
    bought = {each.option: each.rho for each in outcome.funded if each.rho is not None}
    assert bought == funded
    assert outcome.remaining == budget - outcome.cost >= 0
    filled = [each.option for each in outcome.funded if each.rho is None]
    assert fill or not filled
    if fill:
        passed_over = supported - {each.option for each in outcome.funded}
        assert all(costs[option] > outcome.remaining for option in passed_over)


@settings(deadline=None, max_examples=60)
@given(ballots_of, costs_of, st.integers(0, 90), st.randoms())
def test_order_copies_and_weightless_ballots_change_nothing(
    ballots: list[tuple[int, Any]], costs: dict[str, int], budget: int, random: Any
) -> None:
    rules = BudgetRules(costs, budget, fill=True)
    outcome = count_budget(ballots, rules)
    copies = [(1, choice) for weight, choice in ballots for _ in range(weight)]
    random.shuffle(copies)
    assert count_budget(copies, rules) == outcome
    assert count_budget([*ballots, (0, ApprovalChoice(frozenset(OPTIONS)))], rules) == outcome


def test_half_of_the_money_directs_half_of_the_budget() -> None:
    """VOTING 9: with half of the weight one gets half of the budget, not every option."""
    costs = {"a": 25, "b": 25, "c": 25, "d": 25}
    ballots = [_approve("a", "b", weight=500), *[_approve("c", "d", weight=100)] * 5]
    outcome = count_budget(ballots, BudgetRules(costs, 100, unit=1000))
    assert {each.option for each in outcome.funded} == set("abcd")
    less = count_budget(ballots, BudgetRules(costs | {"b": 26}, 100, step=0))
    bought = {each.option for each in less.funded}
    assert bought > {"c", "d"}
    assert len(bought) == 3


def test_a_step_is_scaled_by_weight() -> None:
    """One more unit of money for each elector of weight 1,000 thousandths buys at the same step."""
    plain = count_budget([_approve("a"), _approve("b")], BudgetRules({"a": 9, "b": 4}, 13))
    ballots = [_approve("a", weight=1000), _approve("b", weight=1000)]
    weighed = count_budget(ballots, BudgetRules({"a": 9, "b": 4}, 13, unit=1000))
    assert weighed.steps == plain.steps == 3
    assert weighed.cost == 13


def test_a_dear_option_of_one_supporter_is_reached_in_one_stride() -> None:
    ballots = [_approve("a"), _approve("b"), _approve()]
    outcome = count_budget(ballots, BudgetRules({"a": 1, "b": 10**9}, 10**9 + 1))
    assert outcome.cost == 10**9 + 1
    assert outcome.steps == 10**9 - (10**9 + 1) // 3


def test_the_last_round_that_fits_counts() -> None:
    """A further step would fund both, for more than the budget."""
    ballots = [_approve("a"), _approve("a"), _approve("b")]
    outcome = count_budget(ballots, BudgetRules({"a": 6, "b": 4}, 9))
    assert [each.option for each in outcome.funded] == ["a"]
    assert (outcome.cost, outcome.remaining, outcome.steps) == (6, 3, 0)
    assert outcome.support == {"a": 2, "b": 1}


def test_ties_follow_the_announced_order() -> None:
    for root in (b"", b"x", b"y", b"root"):
        rules = BudgetRules({"a": 2, "b": 2}, 2, root=root)
        outcome = count_budget([_approve("a", "b"), _approve("a", "b")], rules)
        assert outcome.funded[0].option == tie_order("ab", root)[0]
    assert {tie_order("ab", bytes([byte]))[0] for byte in range(9)} == {"a", "b"}


def test_nobody_funds_nothing() -> None:
    rules = BudgetRules({"a": 1}, 5, fill=True)
    for ballots in ([], [(3, Recusal())], [_approve()], [_approve("a", weight=0)]):
        assert count_budget(ballots, rules).funded == ()


@pytest.mark.parametrize(("costs", "budget"), [({"a": 0}, 1), ({"a": -1}, 1), ({"a": 1}, -1)])
def test_costs_and_budgets_are_amounts(costs: dict[str, int], budget: int) -> None:
    with pytest.raises(Refusal, match=r"tally\.cost"):
        BudgetRules(costs, budget)
