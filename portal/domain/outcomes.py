"""Outcomes: verdicts, and the figures that a count stores once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from portal.domain.charter import DecisionMode, House
from portal.domain.papers import BallotPaper
from portal.domain.positions import Part, Position
from portal.domain.tally.ordering import Order
from portal.domain.votes import Method


class Verdict(StrEnum):
    """How a vote ended; one over options is valid once its quorum is reached, whoever is first."""

    CARRIED = "carried"
    NOT_CARRIED = "not_carried"
    VALID = "valid"
    NO_QUORUM = "no_quorum"


@dataclass(frozen=True, slots=True)
class Quorum:
    """What had to be present and what was; shares of the house, weights in thousandths.

    Abstentions and recusals count as present. Both measures must hold.
    """

    weight: Fraction
    electors: Fraction
    needed_weight: int
    needed_electors: int
    present_weight: int
    present_electors: int
    reached: bool


@dataclass(frozen=True, slots=True)
class Placing:
    """The order of a house's options, and which of them it chooses.

    ``order`` is groups of ties, the best first. ``tied`` were level for the last ``open_seats``;
    where the rules need an order some of them are among the ``chosen`` all the same.
    """

    order: Order
    chosen: tuple[str, ...]
    tied: tuple[str, ...]
    open_seats: int


@dataclass(frozen=True, slots=True)
class SumsCount:
    """Options added up: approving weight, or score times weight (thousandths), or plain votes.

    ``backers`` is how many electors gave an option anything; ``medians`` only where scores are.
    """

    placing: Placing
    totals: Mapping[str, int]
    backers: Mapping[str, int]
    medians: Mapping[str, int | None] | None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The options this house chooses."""
        return self.placing.chosen


@dataclass(frozen=True, slots=True)
class RankedCount:
    """Options ranked: weight preferring each row to each column, and the strongest paths.

    Rows and columns stand in the order of the ballot paper.
    """

    placing: Placing
    pairwise: tuple[tuple[int, ...], ...]
    paths: tuple[tuple[int, ...], ...]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The options this house chooses."""
        return self.placing.chosen


@dataclass(frozen=True, slots=True)
class Payer:
    """What the elector at a position paid for an option, in minor units, exactly.

    ``name`` is None where it may not be shown.
    """

    position: int
    name: str | None
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Bought:
    """A funded option: its cost, the rate per unit of utility, and who paid the most.

    ``rho`` None: bought from what was left, at nobody's expense. ``others`` paid ``rest`` between
    them. ``payers`` is None in secret votes.
    """

    option: str
    cost: int
    rho: Fraction | None
    payers: tuple[Payer, ...] | None
    others: int
    rest: Fraction


@dataclass(frozen=True, slots=True)
class BudgetCount:
    """A budget spent by Equal Shares; amounts in minor units.

    ``kept`` is the shares of those who chose "Not now"; ``steps`` is how often completion raised
    the budgets; ``support`` is the weight and number of electors behind each option.
    """

    budget: int
    kept: int
    remaining: int
    steps: int
    support: Mapping[str, Part]
    bought: tuple[Bought, ...]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The options this house funds, in the order they were bought."""
        return tuple(each.option for each in self.bought)


OptionCount = SumsCount | RankedCount | BudgetCount


@dataclass(frozen=True, slots=True)
class HouseFigures:
    """One house's count; ``parts`` and ``count`` are None where totals would give voters away.

    ``parts`` holds every position of a yes/no vote, and elsewhere who recused or was absent.
    ``deciding`` says whether the house had a say in what carried; ``threshold`` None is for over
    against; ``why`` holds the codes of what was missed; ``count`` is None in yes/no votes.
    """

    house: House
    deciding: bool
    weight: int
    electors: int
    parts: Mapping[Position, Part] | None
    quorum: Quorum
    threshold: Fraction | None
    verdict: Verdict
    why: tuple[str, ...]
    count: OptionCount | None = None


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One elector's line in the roll call; ``name`` is None where it may not be shown.

    ``choice`` is a position, or the ballot over options as it was cast.
    """

    house: House
    position: int
    name: str | None
    weight: int
    choice: Position | Mapping[str, Any]
    reason: str
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is stored of an outcome; ``roll`` is None in secret votes.

    ``chosen`` are the options that every deciding house chooses, none without a quorum. ``root``
    is what put ties in order, in hexadecimal, where an order was needed.
    """

    verdict: Verdict
    mode: DecisionMode
    houses: tuple[HouseFigures, ...]
    roll: tuple[RollEntry, ...] | None
    paper: BallotPaper
    chosen: tuple[str, ...] = ()
    root: str | None = None

    @property
    def method(self) -> Method:
        """How ballots were cast and counted."""
        return self.paper.method

    @property
    def carried(self) -> bool | None:
        """Whether the vote asks for anything; None when the quorum was missed."""
        if self.verdict is Verdict.NO_QUORUM:
            return None
        return self.verdict is Verdict.CARRIED or bool(self.chosen)


def asks_for(figures: Figures, proposal: int) -> bool | None:
    """Whether an outcome asks for a proposal, by its number; None without a quorum.

    Where proposals stand as options theirs must be chosen; else anything that is chosen will do.
    """
    if figures.carried is None:
        return None
    standing = {option.proposal: option.id for option in figures.paper.options if option.proposal}
    return standing[proposal] in figures.chosen if proposal in standing else figures.carried


def verdict_of(
    carried: bool | None,  # noqa: FBT001 - the column's three values
    method: Method,
) -> Verdict:
    """The verdict behind the stored column: None says that the quorum was missed."""
    if carried is None:
        return Verdict.NO_QUORUM
    if method is not Method.YES_NO:
        return Verdict.VALID
    return Verdict.CARRIED if carried else Verdict.NOT_CARRIED
