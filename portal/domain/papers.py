"""Ballot papers: method, options and settings of a vote, checked at opening and frozen in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.errors import Refusal
from portal.domain.money import Money, minor_units
from portal.domain.tally.options import NOT_NOW, Allowance, Unranked
from portal.domain.votes import Method

YES_NO_OPTIONS = ("for", "against", "abstain")
LEAST_OPTIONS, MOST_OPTIONS = 2, 40
MOST_POINTS = 1000
HAS_NOT_NOW = frozenset({Method.RANKED, Method.BUDGET})
HAS_SEATS = frozenset({Method.APPROVAL, Method.RANKED, Method.SCORE, Method.QUADRATIC})


@dataclass(frozen=True, slots=True)
class Option:
    """One option: a stable id, a name, a short text; a cost in minor units in budget votes.

    ``proposal`` is the number of the proposal that the option stands for, if it stands for one.
    """

    id: str
    name: str
    text: str = ""
    cost: int | None = None
    proposal: int | None = None


@dataclass(frozen=True, slots=True)
class BallotPaper:
    """What is printed on every ballot of a vote, and what a count needs to know of it.

    ``seats`` is how many options the outcome names as chosen. ``points`` 0 means approvals.
    ``fill`` spends what Equal Shares leaves of a budget by approving weight. Options stand in the
    order in which they are printed, "Not now" last where it stands.
    """

    method: Method
    options: tuple[Option, ...] = ()
    seats: int = 1
    unranked: Unranked = Unranked.ABSTAIN
    budget: Money | None = None
    points: int = 0
    fill: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all options, as printed."""
        return tuple(option.id for option in self.options)

    @property
    def step(self) -> int:
        """What completion adds at a time to the budget of an elector of weight 1."""
        return 10 ** minor_units(self.budget.currency) if self.budget else 0

    def allow(self, weight: int) -> Allowance:
        """What a ballot of a weight, in thousandths, may spend."""
        return Allowance(points=self.points, weight=weight)


YES_NO_PAPER = BallotPaper(Method.YES_NO)


def print_paper(paper: BallotPaper) -> BallotPaper:
    """Check a paper as a maintainer wrote it; give it ids, and "Not now" where that stands.

    Refuses, by field, too few or too many options, names that are empty or doubled, seats for
    all, a budget of nothing, a cost below one minor unit or above the budget, and points out of
    range. Options that stand for a proposal are named by its number, the others in their order.
    """
    if paper.method is Method.YES_NO:
        return YES_NO_PAPER
    _check_options(paper.options)
    if paper.method in HAS_SEATS and not 1 <= paper.seats < len(paper.options):
        _refuse("seats", "At least one option is chosen, and not all of them.")
    if paper.method is Method.BUDGET:
        _check_budget(paper)
    options = tuple(
        Option(
            f"p{option.proposal}" if option.proposal else f"o{place}",
            option.name,
            option.text,
            option.cost if paper.method is Method.BUDGET else None,
            option.proposal,
        )
        for place, option in enumerate(paper.options, start=1)
    )
    if paper.method in HAS_NOT_NOW:
        options += (Option(NOT_NOW, "Not now", _NOT_NOW_TEXTS[paper.method]),)
    spends = paper.method is Method.BUDGET
    return BallotPaper(
        method=paper.method,
        options=options,
        seats=paper.seats if paper.method in HAS_SEATS else 1,
        unranked=paper.unranked if paper.method is Method.RANKED else Unranked.ABSTAIN,
        budget=paper.budget if spends else None,
        points=paper.points if spends else 0,
        fill=paper.fill and spends,
    )


_NOT_NOW_TEXTS = {
    Method.RANKED: "Leave things as they are. What does not rank above this is not chosen.",
    Method.BUDGET: "Keep this elector's share of the budget unspent.",
}


def _check_options(options: Sequence[Option]) -> None:
    if not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        _refuse(
            "options", f"A vote over options has from {LEAST_OPTIONS} to {MOST_OPTIONS} of them."
        )
    names = [option.name.casefold() for option in options]
    if not all(names):
        _refuse("options", "Every option has a name.")
    if len(set(names)) < len(names) or NOT_NOW.replace("_", " ") in names:
        _refuse("options", "Every option has a name of its own; “Not now” is added by itself.")


def _check_budget(paper: BallotPaper) -> None:
    if paper.budget is None or paper.budget.amount_minor < 1:
        _refuse("budget", "Say how much there is to spend.")
        return
    if any(option.cost is None or option.cost < 1 for option in paper.options):
        _refuse("options", "Every option of a budget vote has a cost above 0.")
    if any((option.cost or 0) > paper.budget.amount_minor for option in paper.options):
        _refuse("options", "An option that costs more than the budget can never be funded.")
    if not 0 <= paper.points <= MOST_POINTS:
        _refuse("points", f"A ballot has at most {MOST_POINTS} points; 0 means approvals.")


def _refuse(field: str, sentence: str) -> None:
    raise Refusal(f"vote.{field}", sentence, field=field)


def write_paper(paper: BallotPaper) -> dict[str, Any]:
    """The part of a vote's frozen rules that a paper is, as values that canonical JSON takes."""
    if paper.method is Method.YES_NO:
        return {"method": paper.method.value, "options": list(YES_NO_OPTIONS)}
    written: dict[str, Any] = {
        "method": paper.method.value,
        "options": [_write_option(option) for option in paper.options],
    }
    if paper.method in HAS_SEATS:
        written["seats"] = paper.seats
    if paper.budget is not None:
        written["budget"] = {
            "total": paper.budget.amount_minor,
            "currency": paper.budget.currency,
            "points": paper.points,
            "completion": {"add1": paper.step, "fill": paper.fill},
        }
    return written


def _write_option(option: Option) -> dict[str, Any]:
    written: dict[str, Any] = {"id": option.id, "name": option.name, "text": option.text}
    if option.cost is not None:
        written["cost"] = option.cost
    if option.proposal is not None:
        written["proposal"] = option.proposal
    return written


def read_paper(rules: Mapping[str, Any]) -> BallotPaper:
    """The paper of frozen rules; votes by yes or no have but one."""
    method = Method(rules["method"])
    if method is Method.YES_NO:
        return YES_NO_PAPER
    budget = rules.get("budget")
    return BallotPaper(
        method=method,
        options=read_options(rules["options"]),
        seats=rules.get("seats", 1),
        unranked=Unranked(rules["unranked"]),
        budget=Money(budget["total"], budget["currency"]) if budget else None,
        points=budget["points"] if budget else 0,
        fill=budget["completion"]["fill"] if budget else False,
    )


def read_options(written: Sequence[Mapping[str, Any]]) -> tuple[Option, ...]:
    """The options as ``write_paper`` wrote them."""
    return tuple(Option(**option) for option in written)
