"""Secret votes: the totals that a bundle holds in place of ballots, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.domain.charter import House
from portal.domain.count import break_ties, judge_house, judge_vote
from portal.domain.option_counts import TieBreak, place_ranked, place_sums
from portal.domain.outcomes import BudgetCount, Figures, HouseFigures, OptionCount
from portal.domain.papers import BallotPaper
from portal.domain.positions import Part, Position
from portal.domain.rules import SECRET_BALLOTS, Terms, houses_of, keeps_secret, read_terms
from portal.domain.stored_figures import Stored, read_count
from portal.domain.tally.schulze import rank_pairs
from portal.domain.tally.yes_no import YesNoTotals
from portal.domain.votes import Method


def write_totals(figures: Stored) -> dict[str, Any]:
    """The totals of each house, from the stored figures of a secret vote.

    ``present`` is who took part, ``parts`` what stood behind each position, ``count`` what was
    added up for the options; the last two are None where they would give voters away.
    """
    return {house["house"]: _write_house(house) for house in figures["houses"]}


def _write_house(house: Stored) -> dict[str, Any]:
    quorum, parts, count = house["quorum"], house["parts"], house["count"]
    return {
        "present": {
            "weight": quorum["present_weight"],
            "electors": quorum["present_electors"],
        },
        "parts": None
        if parts is None
        else {name: part for name, part in parts.items() if name != Position.ABSENT},
        "count": None if count is None else _write_count(count),
    }


def _write_count(count: Stored) -> dict[str, Any]:
    """What was added up, without what follows from it; a budget's purchases need the ballots."""
    derived = {"placing", "paths"}
    return {name: value for name, value in count.items() if name not in derived}


def judge_totals(rules: Mapping[str, Any], totals: Stored, *, ballots: int, root: bytes) -> Figures:
    """The figures that follow from the totals of a secret vote by its frozen rules.

    ``ballots`` is how many commitments stood at the close. Raises ``ValueError`` with what cannot
    be: totals that no ballots of such weights add up to, or of another number of ballots. What
    only the ballots tell is taken as it is: medians of scores, and what a budget buys.
    """
    terms = read_terms(rules)
    if totals.keys() != rules["electorate"].keys():
        raise ValueError("it is about other houses")
    ties = break_ties(rules, terms, root)
    houses = [
        _judge_house(
            house,
            totals[house],
            [each["weight"] for each in rules["electorate"][house]],
            terms,
            ties,
        )
        for house in houses_of(rules)
    ]
    _check_number(rules, houses, ballots)
    return judge_vote(terms, houses, ties, None)


def _check_number(rules: Mapping[str, Any], houses: Sequence[HouseFigures], ballots: int) -> None:
    """As many took part as commitments stand; ballots without weight are in no total."""
    present = sum(house.quorum.present_electors for house in houses)
    idle = sum(not each["weight"] for held in rules["electorate"].values() for each in held)
    if not present <= ballots <= present + idle:
        raise ValueError(
            f"{present} took part, and {ballots} ballots stood in the log at the close"
        )


def _judge_house(
    house: House, totals: Stored, weights: Sequence[int], terms: Terms, ties: TieBreak
) -> HouseFigures:
    entitled = [weight for weight in weights if weight]
    present = _read_part(totals["present"], entitled, f"the {house}, present")
    hidden = totals["parts"] is None
    _check_hidden(house, present, entitled, hidden=hidden)
    held = {} if hidden else _read_parts(house, totals["parts"], entitled, terms)
    if hidden or terms.method is not Method.YES_NO:
        # Whoever chose among options is present, as far as the quorum is concerned.
        recused = held.get(Position.RECUSED, Part(0, 0))
        rest = Part(present.weight - recused.weight, present.electors - recused.electors)
        held = {Position.RECUSED: recused, Position.ABSTAIN: rest}
    standing = YesNoTotals(held)
    if standing.present != present or min(part.electors for part in held.values()) < 0:
        raise ValueError(f"the {house}: the positions do not add up to those present")
    count = None
    if not hidden and terms.method is not Method.YES_NO:
        count = _count(house, totals["count"], entitled, terms, ties)
    return judge_house(house, standing, count, weights=entitled, terms=terms, hidden=hidden)


def _check_hidden(house: House, present: Part, weights: Sequence[int], *, hidden: bool) -> None:
    """Totals are hidden where they would give voters away, as far as that can be told."""
    if len(set(weights)) == 1:
        must = bool(present.electors) and not keeps_secret(list(weights[: present.electors]))
        possible = {must}
    else:
        possible = {True} if 0 < present.electors < SECRET_BALLOTS else {True, False}
        possible = possible if present.electors else {False}
    if hidden not in possible:
        raise ValueError(
            f"the {house}: totals are {'hidden' if hidden else 'shown'} and may not be"
        )


def _read_parts(
    house: House, parts: Stored, weights: Sequence[int], terms: Terms
) -> dict[Position, Part]:
    positions = {Position.RECUSED}
    if terms.method is Method.YES_NO:
        positions = set(Position) - {Position.ABSENT}
    if parts.keys() != positions:
        raise ValueError(f"the {house}: these are not the positions")
    return {
        position: _read_part(parts[position], weights, f"the {house}, {position}")
        for position in positions
    }


def _read_part(part: Stored, weights: Sequence[int], what: str) -> Part:
    """A part that some of the entitled add up to, as far as their number bounds the weight."""
    read = Part(_whole(part["weight"], what), _whole(part["electors"], what))
    ordered = sorted(weights)
    least = sum(ordered[: read.electors])
    most = sum(ordered[len(ordered) - read.electors :])
    if read.electors > len(ordered) or not least <= read.weight <= most:
        raise ValueError(f"{what}: no {read.electors} electors weigh {read.weight} thousandths")
    return read


def _whole(number: object, what: str) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"{what}: {number!r} is no whole number")
    return number


def _count(
    house: House, count: Stored, weights: Sequence[int], terms: Terms, ties: TieBreak
) -> OptionCount:
    """What the house makes of the options."""
    paper = terms.paper
    if paper.method is Method.RANKED:
        matrix = tuple(tuple(_whole(each, house) for each in row) for row in count["pairwise"])
        if {len(matrix), *map(len, matrix)} != {len(paper.ids)}:
            raise ValueError(f"the {house}: the matrix has another size than the ballot")
        return place_ranked(paper, rank_pairs(paper.ids, matrix), ties)
    if paper.method is Method.BUDGET:
        return _read_budget(house, count, weights, paper)
    totals = {option: _whole(count["totals"][option], house) for option in paper.ids}
    backers = {option: _whole(count["backers"][option], house) for option in paper.ids}
    if paper.method is Method.APPROVAL:
        for option in paper.ids:
            part = {"weight": totals[option], "electors": backers[option]}
            _read_part(part, weights, f"the {house}, option {option}")
    return place_sums(paper, totals, backers, count["medians"], ties)


def _read_budget(
    house: House, count: Stored, weights: Sequence[int], paper: BallotPaper
) -> BudgetCount:
    """What was bought, as it is stored: it costs what the paper says, and fits the budget."""
    read = read_count(count)
    if not isinstance(read, BudgetCount) or paper.budget is None:
        raise TypeError(f"the {house}: this is no count of a budget")
    costs = {option.id: option.cost for option in paper.options}
    spent = sum(each.cost for each in read.bought)
    if (
        any(costs[each.option] != each.cost for each in read.bought)
        or len(set(read.chosen)) != len(read.chosen)
        or read.budget != paper.budget.amount_minor
        or read.kept + spent + read.remaining != read.budget
        or read.remaining < 0
    ):
        raise ValueError(f"the {house}: what was bought does not fit the budget")
    for option in paper.ids:
        _read_part(count["support"][option], weights, f"the {house}, option {option}")
    return read
