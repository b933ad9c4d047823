"""Budget votes: the Method of Equal Shares with weights, exact, its completions and its outcome.

Formula: Peters, Pierczyński and Skowron, "Proportional participatory budgeting with additive
utilities" (arXiv 2008.13276). Each elector gets b = B * w / W. An option of cost C is affordable at
rho if its supporters' payments min(b, rho * w * u) add up to C; the lowest rho is funded, deducted,
and so on. An elector of weight w counts as w equal ones, hence w * u. The utility u is the option's
cost when it is approved, or the points it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from portal.domain.errors import Refusal
from portal.domain.tally.equal_shares import Electors, fund
from portal.domain.tally.options import ApprovalChoice, PointsChoice
from portal.domain.tally.ordering import tie_order
from portal.domain.tally.recusal import Recusal

BudgetChoice = ApprovalChoice | PointsChoice | Recusal


@dataclass(frozen=True, slots=True)
class BudgetRules:
    """The costs of the options and the budget, in whole units of money.

    ``step`` is what `add1` adds to the budget of an elector of weight ``unit`` each time; 0 leaves
    the first round as it is. ``fill`` spends what is left by approving weight. ``root`` orders
    ties.
    """

    costs: Mapping[str, int]
    budget: int
    step: int = 1
    unit: int = 1
    fill: bool = False
    root: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what is not a budget: costs below 1, and amounts below 0."""
        if min(self.costs.values(), default=1) < 1 or self.budget < 0:
            raise Refusal(
                "tally.cost", "Every option costs something, and the budget is not less than 0."
            )


@dataclass(frozen=True, slots=True)
class Funded:
    """An option that is funded, what it costs, and the share paid per unit of utility.

    ``rho`` is None for an option that the rest of the budget was filled with.
    """

    option: str
    cost: int
    rho: Fraction | None


@dataclass(frozen=True)
class BudgetOutcome:
    """The funded options in the order they were bought, and how far the budgets were raised."""

    funded: tuple[Funded, ...]
    budget: int
    steps: int
    support: Mapping[str, int]

    @cached_property
    def cost(self) -> int:
        """What all funded options cost together."""
        return sum(each.cost for each in self.funded)

    @property
    def remaining(self) -> int:
        """What is left of the budget."""
        return self.budget - self.cost


def count_budget(
    ballots: Iterable[tuple[int, BudgetChoice]],
    rules: BudgetRules,
    *,
    each_round: Callable[[], None] = lambda: None,
) -> BudgetOutcome:
    """Count approvals or points over options with costs by Equal Shares.

    Completion `add1`: budgets are raised step by step; the last round before the options would
    cost more than the budget counts, or the first after which nothing supported fits any more.
    ``each_round`` is called between rounds and may refuse to go on.
    """
    electors = _electors(ballots, rules)
    steps = 0
    funded = _round(electors, rules, steps)
    while rules.step and not _is_full(funded, electors, rules):
        each_round()
        steps = _next_step(funded, electors, rules, steps)
        following = _round(electors, rules, steps)
        if _cost(following, rules) > rules.budget:
            steps -= 1
            funded = _round(electors, rules, steps)
            break
        funded = following
    bought = [Funded(option, rules.costs[option], rho) for option, rho in funded.items()]
    if rules.fill:
        bought += _fill(funded, electors, rules)
    support = {option: electors.support(option) for option in rules.costs}
    return BudgetOutcome(tuple(bought), rules.budget, steps, support)


def _electors(ballots: Iterable[tuple[int, BudgetChoice]], rules: BudgetRules) -> Electors:
    weighed = [
        (weight, utilities)
        for weight, choice in ballots
        if (utilities := _utilities(choice, rules)) is not None
    ]
    return Electors(weighed, tie_order(rules.costs, rules.root))


def _utilities(choice: BudgetChoice, rules: BudgetRules) -> dict[str, int] | None:
    """What each option is worth to an elector; None for who takes no part."""
    if isinstance(choice, ApprovalChoice):
        return {option: rules.costs[option] for option in choice.approved}
    return dict(choice.points) if isinstance(choice, PointsChoice) else None


def _round(electors: Electors, rules: BudgetRules, steps: int) -> dict[str, Fraction]:
    """Count one round with budgets raised by so many steps."""
    share = Fraction(rules.budget, electors.weight or 1) + Fraction(steps * rules.step, rules.unit)
    return fund(electors, rules.costs, share)


def _cost(funded: Iterable[str], rules: BudgetRules) -> int:
    return sum(rules.costs[option] for option in funded)


def _is_full(funded: Mapping[str, Fraction], electors: Electors, rules: BudgetRules) -> bool:
    """Whether no option that anybody supports fits into what is left."""
    left = rules.budget - _cost(funded, rules)
    return all(rules.costs[option] > left for option in electors.supported if option not in funded)


def _next_step(
    funded: Mapping[str, Fraction], electors: Electors, rules: BudgetRules, steps: int
) -> int:
    """Find the next number of steps that can end the completion.

    While everything is funded that its supporters could pay for with their whole budgets, nothing
    can change until another option comes within reach of its supporters.
    """
    reach = {
        option: _steps_to_reach(option, electors, rules)
        for option in electors.supported
        if option not in funded
    }
    return max(steps + 1, min(reach.values()))


def _steps_to_reach(option: str, electors: Electors, rules: BudgetRules) -> int:
    short = Fraction(rules.costs[option], electors.support(option)) - Fraction(
        rules.budget, electors.weight
    )
    return -(-short * rules.unit // rules.step)


def _fill(
    funded: Mapping[str, Fraction], electors: Electors, rules: BudgetRules
) -> Iterable[Funded]:
    """Spend what is left on whatever fits, by descending approving weight."""
    left = rules.budget - _cost(funded, rules)
    for option in sorted(electors.supported, key=electors.support, reverse=True):
        if option not in funded and rules.costs[option] <= left:
            left -= rules.costs[option]
            yield Funded(option, rules.costs[option], None)


def trace_payments(
    ballots: Sequence[tuple[int, BudgetChoice]], outcome: BudgetOutcome, rules: BudgetRules
) -> dict[str, list[Fraction]]:
    """What each ballot, in this order, paid for each option that Equal Shares bought.

    Plays the purchases again: payments are min(b, rho * w * u) and add up to the option's cost.
    """
    electors = [(weight, _utilities(choice, rules)) for weight, choice in ballots]
    total = sum(weight for weight, utilities in electors if utilities is not None)
    share = Fraction(rules.budget, total or 1) + Fraction(outcome.steps * rules.step, rules.unit)
    left = [weight * share for weight, _utilities in electors]
    paid: dict[str, list[Fraction]] = {}
    for bought in outcome.funded:
        if bought.rho is None:
            continue
        paid[bought.option] = [
            min(left[place], bought.rho * weight * (utilities or {}).get(bought.option, 0))
            for place, (weight, utilities) in enumerate(electors)
        ]
        left = [had - gave for had, gave in zip(left, paid[bought.option], strict=True)]
    return paid
