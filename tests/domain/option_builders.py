"""Papers, rules and ballots of votes over options, for tests of the rule book."""

from __future__ import annotations

from typing import Any

from portal.domain.charter import House
from portal.domain.count import CurrentBallot
from portal.domain.money import Money
from portal.domain.outcomes import (
    BudgetCount,
    Figures,
    OptionCount,
    SumsCount,
)
from portal.domain.papers import BallotPaper, Option, print_paper
from portal.domain.votes import Method
from tests.domain.test_count import freeze, make_electorate

NAMES = ("Replication", "Tracing", "Windows")
COSTS = (3000, 2000, 1000)
OPTION_METHODS = [method for method in Method if method is not Method.YES_NO]


def make_paper(method: Method, **values: Any) -> BallotPaper:
    options = tuple(
        Option("", name, f"About {name}.", cost) for name, cost in zip(NAMES, COSTS, strict=True)
    )
    budget = Money(5000, "EUR") if method is Method.BUDGET else None
    settings_: dict[str, Any] = {"options": options, "budget": budget} | values
    return print_paper(BallotPaper(method, **settings_))


def make_rules(
    method: Method,
    *,
    weights: tuple[int, ...] = (4, 2, 2, 1),
    charter: dict[str, Any] | None = None,
    **values: Any,
) -> dict[str, Any]:
    electorate = make_electorate(weights, **charter or {})
    return freeze(electorate, paper=make_paper(method, **values))


def ballots(*choices: dict[str, Any] | None, house: House = House.SPONSORS) -> list[CurrentBallot]:
    """One ballot for each position, from the heaviest elector on; None casts none."""
    return [
        CurrentBallot(house, position, choice, "")
        for position, choice in enumerate(choices, start=1)
        if choice is not None
    ]


def ranks(*names: str) -> dict[str, Any]:
    return {"ranks": {name: place for place, name in enumerate(names, start=1)}}


def approve(*names: str) -> dict[str, Any]:
    return {"approved": list(names)}


def count_of(figures: Figures, house: int = 0) -> OptionCount:
    count = figures.houses[house].count
    assert count is not None
    return count


def sums(figures: Figures) -> SumsCount:
    count = count_of(figures)
    assert isinstance(count, SumsCount)
    return count


def budget(figures: Figures) -> BudgetCount:
    count = count_of(figures)
    assert isinstance(count, BudgetCount)
    return count


CHOICES: dict[Method, dict[str, Any]] = {
    Method.APPROVAL: approve("o1"),
    Method.RANKED: ranks("o1", "o2"),
    Method.SCORE: {"scores": {"o1": 3}},
    Method.BUDGET: approve("o3"),
    Method.QUADRATIC: {"votes": {"o1": 1}},
}
