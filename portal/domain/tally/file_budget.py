"""Count the budget of a ballot file by Equal Shares, and report who is funded and who pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from portal.domain.tally.budget import (
    BudgetChoice,
    BudgetOutcome,
    BudgetRules,
    count_budget,
    trace_payments,
)
from portal.domain.tally.file_ballots import BallotFile, Kind
from portal.domain.tally.file_rules import Completion, FileRules, Report, exact_number
from portal.domain.tally.options import ApprovalChoice, PointsChoice

_RAISED = (Completion.ADD1, Completion.ADD1_FILL)
_FILLED = (Completion.FILL, Completion.ADD1_FILL)
_UTILITIES = {Kind.APPROVALS: "cost", Kind.POINTS: "points", Kind.RANKS: "borda"}


def report_budget(file: BallotFile, rules: FileRules) -> Report:
    """Report the funded options in the order they were bought, and what is left.

    What costs nothing and is supported is funded first. Ranks count as points, as many for the
    first option as a ballot may rank (Borda), one fewer for each next.
    """
    costs = {option: cost for option, cost in file.costs.items() if cost}
    choices = [(cast, _budget_choice(cast.numbers, file, costs)) for cast in file.casts]
    # Copies stand by themselves: a count is quickest where all electors weigh the same.
    ballots = [(cast.weight, choice) for cast, choice in choices for _copy in range(cast.copies)]
    counted = BudgetRules(
        costs,
        file.budget,
        step=file.money_unit if rules.completion in _RAISED else 0,
        unit=file.unit,
        fill=rules.completion in _FILLED,
        root=rules.root,
    )
    outcome = count_budget(ballots, counted, each_round=rules.each_round)
    support = {
        option: sum(cast.copies * cast.weight for cast in file.casts if cast.numbers.get(option))
        for option in file.options
    }
    named = _Funding(file, support)
    bought = {each.option for each in outcome.funded}
    free = [option for option, cost in file.costs.items() if not cost and support[option]]
    share = Fraction(file.budget * file.unit, (file.weight or 1) * file.money_unit)
    report = {
        "rule": "equal_shares",
        "utility": _UTILITIES[file.kind],
        "completion": rules.completion.value,
        "budget": exact_number(file.budget, file.money_unit),
        "cost": exact_number(outcome.cost, file.money_unit),
        "remaining": exact_number(outcome.remaining, file.money_unit),
        "share_of_weight_1": exact_number(share.numerator, share.denominator),
        "steps": outcome.steps,
        "funded": [named(option, "free") for option in free]
        + [
            named(each.option, "fill" if each.rho is None else "equal_shares")
            for each in outcome.funded
        ],
        "not_funded": [
            named(option) for option in file.options if option not in bought and option not in free
        ],
    }
    if rules.payments:
        report["payments"] = _payments(file, ballots, outcome, counted)
    return report


@dataclass(frozen=True, slots=True)
class _Funding:
    """Writes down what an option costs and who supports it."""

    file: BallotFile
    support: Mapping[str, int]

    def __call__(self, option: str, by: str = "") -> Report:
        return {
            "option": option,
            "cost": exact_number(self.file.costs[option], self.file.money_unit),
            "support": exact_number(self.support[option], self.file.unit),
            "ballots": sum(cast.copies for cast in self.file.casts if cast.numbers.get(option)),
            **({"by": by} if by else {}),
        }


def _budget_choice(
    numbers: Mapping[str, int], file: BallotFile, costs: Mapping[str, int]
) -> BudgetChoice:
    if file.kind is Kind.APPROVALS:
        return ApprovalChoice(frozenset(option for option in numbers if option in costs))
    if file.kind is Kind.RANKS:
        numbers = {option: file.longest + 1 - rank for option, rank in numbers.items()}
    return PointsChoice(
        {option: each for option, each in numbers.items() if option in costs and each > 0}
    )


def _payments(
    file: BallotFile,
    ballots: Sequence[tuple[int, BudgetChoice]],
    outcome: BudgetOutcome,
    rules: BudgetRules,
) -> list[Report]:
    """What each ballot paid, equal ballots as one entry that says how many they are."""
    paid = trace_payments(ballots, outcome, rules)
    places = accumulate((cast.copies for cast in file.casts), initial=0)
    return [
        {
            "ballots": cast.copies,
            "weight": exact_number(cast.weight, file.unit),
            "choice": dict(cast.numbers),
            "paid_each": {
                option: _money(amounts[place], file.money_unit)
                for option, amounts in paid.items()
                if amounts[place]
            },
        }
        for place, cast in zip(places, file.casts, strict=False)
    ]


def _money(amount: Fraction, unit: int) -> int | str:
    return exact_number(amount.numerator, amount.denominator * unit)
