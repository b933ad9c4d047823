"""Count the options of one house, by the method and settings on the ballot paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from portal.domain.outcomes import (
    Bought,
    BudgetCount,
    OptionCount,
    Payer,
    Placing,
    RankedCount,
    SumsCount,
)
from portal.domain.papers import BallotPaper
from portal.domain.positions import Part
from portal.domain.tally.budget import (
    BudgetOutcome,
    BudgetRules,
    count_budget,
    trace_payments,
)
from portal.domain.tally.methods import Choice
from portal.domain.tally.options import (
    NOT_NOW,
    ApprovalChoice,
    PointsChoice,
    QuadraticChoice,
    ScoreChoice,
)
from portal.domain.tally.ordering import Order, order_by, take_seats, tie_order
from portal.domain.tally.schulze import RankedOutcome, count_ranked
from portal.domain.tally.sums import SumsOutcome, count_approval, count_quadratic, count_score
from portal.domain.votes import Method
from portal.domain.weights import THOUSANDTHS

MOST_PAYERS = 12


@dataclass(frozen=True, slots=True)
class Weighed:
    """One ballot of a house: its elector's position, public name and weight, and the choice."""

    position: int
    name: str | None
    weight: int
    choice: Any  # what the method's validator gave


@dataclass(frozen=True, slots=True)
class TieBreak:
    """How ties are put in order: by the root of the closed log, or not at all."""

    root: bytes | None


def count_options(
    paper: BallotPaper, ballots: Iterable[Weighed], ties: TieBreak, *, payers: bool
) -> OptionCount:
    """Count one house's ballots over options; recusals and ballots without weight change nothing.

    ``payers`` says whether it may be told who paid for what in a budget vote.
    """
    entitled = sorted((each for each in ballots if each.weight), key=lambda each: each.position)
    if paper.method is Method.BUDGET:
        return _count_budget(paper, entitled, ties, payers=payers)
    if paper.method is Method.RANKED:
        return _count_ranked(paper, entitled, ties)
    return _count_sums(paper, entitled, ties)


def _pairs(ballots: Sequence[Weighed]) -> list[tuple[int, Any]]:
    return [(each.weight, each.choice) for each in ballots]


def _count_ranked(paper: BallotPaper, ballots: Sequence[Weighed], ties: TieBreak) -> RankedCount:
    return place_ranked(
        paper, count_ranked(paper.ids, _pairs(ballots), unranked=paper.unranked), ties
    )


def place_ranked(paper: BallotPaper, outcome: RankedOutcome, ties: TieBreak) -> RankedCount:
    """What a house chooses of options that are ranked."""
    return RankedCount(
        _place(outcome.order, _before_not_now(outcome), paper.seats, ties),
        outcome.pairwise,
        outcome.strongest_paths,
    )


def _before_not_now(outcome: RankedOutcome) -> Order:
    """The options that beat "Not now", in their order: to be level with it is not enough.

    Where no ballot compares the two, even by way of others, "Not now" was not asked for; then it
    is enough to be preferred to anything.
    """
    last = outcome.options.index(NOT_NOW)
    paths, pairwise = outcome.strongest_paths, outcome.pairwise
    wanted = {
        option
        for place, option in enumerate(outcome.options[:last])
        if paths[place][last] > paths[last][place]
        or (any(pairwise[place]) and not _compared(outcome, place, last))
    }
    groups = (tuple(option for option in group if option in wanted) for group in outcome.order)
    return tuple(group for group in groups if group)


def _compared(outcome: RankedOutcome, one: int, other: int) -> bool:
    """Whether any ballot tells two options apart, or a chain of them does."""
    matrices = (outcome.pairwise, outcome.strongest_paths)
    return any(matrix[one][other] or matrix[other][one] for matrix in matrices)


_SUMS: dict[Method, Callable[[Sequence[str], list[tuple[int, Any]]], SumsOutcome]] = {
    Method.APPROVAL: count_approval,
    Method.SCORE: count_score,
    Method.QUADRATIC: count_quadratic,
}


def _count_sums(paper: BallotPaper, ballots: Sequence[Weighed], ties: TieBreak) -> SumsCount:
    outcome = _SUMS[paper.method](paper.ids, _pairs(ballots))
    named = [frozenset(_named(each.choice)) for each in ballots]
    backers = {option: sum(option in each for each in named) for option in paper.ids}
    return place_sums(paper, outcome.totals, backers, outcome.medians or None, ties)


def place_sums(
    paper: BallotPaper,
    totals: Mapping[str, int],
    backers: Mapping[str, int],
    medians: Mapping[str, int | None] | None,
    ties: TieBreak,
) -> SumsCount:
    """What a house chooses by the totals of options, which stand in the order on the paper."""
    order = order_by(totals)
    wanted = tuple(group for group in order if totals[group[0]])
    return SumsCount(_place(order, wanted, paper.seats, ties), totals, backers, medians)


def _named(choice: Choice) -> Iterable[str]:
    """The options that a ballot gives anything to."""
    if isinstance(choice, ApprovalChoice):
        return choice.approved
    given: dict[str, int] = {}
    if isinstance(choice, ScoreChoice):
        given = dict(choice.scores)
    elif isinstance(choice, QuadraticChoice):
        given = dict(choice.votes)
    elif isinstance(choice, PointsChoice):
        given = dict(choice.points)
    return [option for option, number in given.items() if number]


def _place(order: Order, wanted: Order, seats: int, ties: TieBreak) -> Placing:
    """Fill the seats from the options that are wanted; all of them where ties are in an order."""
    filled = take_seats(wanted, seats)
    chosen = filled.seated
    if filled.tied and ties.root is not None:
        chosen += tuple(tie_order(filled.tied, ties.root)[: filled.open_seats])
    return Placing(order, chosen, filled.tied, filled.open_seats)


def _count_budget(
    paper: BallotPaper, ballots: Sequence[Weighed], ties: TieBreak, *, payers: bool
) -> BudgetCount:
    """Spend the budget; whoever chose "Not now" keeps its share out of it."""
    total = paper.budget.amount_minor if paper.budget else 0
    voters = [each for each in ballots if isinstance(each.choice, ApprovalChoice | PointsChoice)]
    spending = [each for each in voters if NOT_NOW not in _named(each.choice)]
    weight = sum(each.weight for each in voters)
    spendable = total * sum(each.weight for each in spending) // weight if weight else 0
    rules = BudgetRules(
        costs={option.id: option.cost or 1 for option in paper.options if option.id != NOT_NOW},
        budget=spendable,
        step=paper.step,
        unit=THOUSANDTHS,
        fill=paper.fill,
        root=ties.root or b"",
    )
    outcome = count_budget(_pairs(spending), rules)
    kept = total - spendable if weight else 0
    return BudgetCount(
        budget=total,
        kept=kept,
        remaining=total - kept - outcome.cost,
        steps=outcome.steps,
        support={option: _support(option, voters) for option in paper.ids},
        bought=_bought(outcome, spending, rules, payers=payers),
    )


def _support(option: str, voters: Sequence[Weighed]) -> Part:
    behind = [each.weight for each in voters if option in _named(each.choice)]
    return Part(sum(behind), len(behind))


def _bought(
    outcome: BudgetOutcome, spending: Sequence[Weighed], rules: BudgetRules, *, payers: bool
) -> tuple[Bought, ...]:
    paid = trace_payments(_pairs(spending), outcome, rules) if payers else {}
    bought = []
    for each in outcome.funded:
        given = [
            Payer(ballot.position, ballot.name, amount)
            for ballot, amount in zip(spending, paid.get(each.option, ()), strict=False)
            if amount
        ]
        given.sort(key=lambda payer: (-payer.amount, payer.position))
        rest = given[MOST_PAYERS:]
        bought.append(
            Bought(
                each.option,
                each.cost,
                each.rho,
                tuple(given[:MOST_PAYERS]) if payers else None,
                len(rest),
                sum((payer.amount for payer in rest), Fraction(0)),
            )
        )
    return tuple(bought)
