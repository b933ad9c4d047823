"""How the figures of an outcome are written for storage, and read back from any version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from portal.domain.charter import DecisionMode, House
from portal.domain.outcomes import (
    Bought,
    BudgetCount,
    Figures,
    HouseFigures,
    OptionCount,
    Payer,
    Placing,
    Quorum,
    RankedCount,
    RollEntry,
    SumsCount,
    Verdict,
)
from portal.domain.papers import YES_NO_PAPER, read_paper, write_paper
from portal.domain.positions import Part, Position

VERSION = 2
Stored = Mapping[str, Any]


def write_figures(figures: Figures) -> dict[str, Any]:
    """The figures, without the roll call, as values that canonical JSON takes."""
    return {
        "v": VERSION,
        "verdict": figures.verdict.value,
        "mode": figures.mode.value,
        "paper": write_paper(figures.paper) | {"unranked": figures.paper.unranked.value},
        "chosen": list(figures.chosen),
        "root": figures.root,
        "houses": [_write_house(house) for house in figures.houses],
    }


def write_roll(roll: Sequence[RollEntry] | None) -> list[dict[str, Any]] | None:
    """The roll call as values that canonical JSON takes; None in secret votes."""
    return None if roll is None else [_write_entry(entry) for entry in roll]


def read_figures(stored: Stored, roll: Sequence[Stored] | None = None) -> Figures:
    """The figures as written; the first version knew yes/no votes alone."""
    paper = stored.get("paper")
    return Figures(
        verdict=Verdict(stored["verdict"]),
        mode=DecisionMode(stored["mode"]),
        houses=tuple(_read_house(house) for house in stored["houses"]),
        roll=None if roll is None else tuple(_read_entry(entry) for entry in roll),
        paper=YES_NO_PAPER if paper is None else read_paper(paper),
        chosen=tuple(stored.get("chosen", ())),
        root=stored.get("root"),
    )


def _write_house(house: HouseFigures) -> dict[str, Any]:
    quorum = house.quorum
    return {
        "house": house.house.value,
        "deciding": house.deciding,
        "weight": house.weight,
        "electors": house.electors,
        "parts": None if house.parts is None else _write_parts(house.parts),
        "quorum": {
            "weight": str(quorum.weight),
            "electors": str(quorum.electors),
            "needed_weight": quorum.needed_weight,
            "needed_electors": quorum.needed_electors,
            "present_weight": quorum.present_weight,
            "present_electors": quorum.present_electors,
            "reached": quorum.reached,
        },
        "threshold": None if house.threshold is None else str(house.threshold),
        "verdict": house.verdict.value,
        "why": list(house.why),
        "count": None if house.count is None else _write_count(house.count),
    }


def _read_house(stored: Stored) -> HouseFigures:
    quorum, parts, count = stored["quorum"], stored["parts"], stored.get("count")
    return HouseFigures(
        house=House(stored["house"]),
        deciding=stored["deciding"],
        weight=stored["weight"],
        electors=stored["electors"],
        parts=None
        if parts is None
        else {Position(position): Part(**part) for position, part in parts.items()},
        quorum=Quorum(
            **quorum
            | {"weight": Fraction(quorum["weight"]), "electors": Fraction(quorum["electors"])}
        ),
        threshold=None if stored["threshold"] is None else Fraction(stored["threshold"]),
        verdict=Verdict(stored["verdict"]),
        why=tuple(stored["why"]),
        count=None if count is None else read_count(count),
    )


def _write_parts(parts: Mapping[Any, Part]) -> dict[str, Any]:
    return {
        str(name): {"weight": part.weight, "electors": part.electors}
        for name, part in parts.items()
    }


def _write_count(count: OptionCount) -> dict[str, Any]:
    if isinstance(count, SumsCount):
        return {
            "kind": "sums",
            "placing": _write_placing(count.placing),
            "totals": dict(count.totals),
            "backers": dict(count.backers),
            "medians": None if count.medians is None else dict(count.medians),
        }
    if isinstance(count, RankedCount):
        return {
            "kind": "ranked",
            "placing": _write_placing(count.placing),
            "pairwise": [list(row) for row in count.pairwise],
            "paths": [list(row) for row in count.paths],
        }
    return {
        "kind": "budget",
        "budget": count.budget,
        "kept": count.kept,
        "remaining": count.remaining,
        "steps": count.steps,
        "support": _write_parts(count.support),
        "bought": [_write_bought(each) for each in count.bought],
    }


def read_count(stored: Stored) -> OptionCount:
    """The count of a house over options as written."""
    if stored["kind"] == "sums":
        return SumsCount(
            _read_placing(stored["placing"]),
            stored["totals"],
            stored["backers"],
            stored["medians"],
        )
    if stored["kind"] == "ranked":
        return RankedCount(
            _read_placing(stored["placing"]),
            tuple(tuple(row) for row in stored["pairwise"]),
            tuple(tuple(row) for row in stored["paths"]),
        )
    return BudgetCount(
        budget=stored["budget"],
        kept=stored["kept"],
        remaining=stored["remaining"],
        steps=stored["steps"],
        support={option: Part(**part) for option, part in stored["support"].items()},
        bought=tuple(_read_bought(each) for each in stored["bought"]),
    )


def _write_placing(placing: Placing) -> dict[str, Any]:
    return {
        "order": [list(group) for group in placing.order],
        "chosen": list(placing.chosen),
        "tied": list(placing.tied),
        "open_seats": placing.open_seats,
    }


def _read_placing(stored: Stored) -> Placing:
    return Placing(
        tuple(tuple(group) for group in stored["order"]),
        tuple(stored["chosen"]),
        tuple(stored["tied"]),
        stored["open_seats"],
    )


def _write_bought(bought: Bought) -> dict[str, Any]:
    payers = bought.payers
    return {
        "option": bought.option,
        "cost": bought.cost,
        "rho": None if bought.rho is None else str(bought.rho),
        "payers": None
        if payers is None
        else [[each.position, each.name, str(each.amount)] for each in payers],
        "others": bought.others,
        "rest": str(bought.rest),
    }


def _read_bought(stored: Stored) -> Bought:
    payers = stored["payers"]
    return Bought(
        option=stored["option"],
        cost=stored["cost"],
        rho=None if stored["rho"] is None else Fraction(stored["rho"]),
        payers=None
        if payers is None
        else tuple(Payer(position, name, Fraction(amount)) for position, name, amount in payers),
        others=stored["others"],
        rest=Fraction(stored["rest"]),
    )


def _write_entry(entry: RollEntry) -> dict[str, Any]:
    choice = entry.choice
    return {
        "house": entry.house.value,
        "position": entry.position,
        "name": entry.name,
        "weight": entry.weight,
        "choice": choice.value if isinstance(choice, Position) else dict(choice),
        "reason": entry.reason,
        "conflict": entry.conflict,
    }


def _read_entry(stored: Stored) -> RollEntry:
    choice = stored["choice"]
    return RollEntry(
        house=House(stored["house"]),
        position=stored["position"],
        name=stored["name"],
        weight=stored["weight"],
        choice=Position(choice) if isinstance(choice, str) else choice,
        reason=stored["reason"],
        conflict=stored.get("conflict", ""),
    )
