"""Outcomes: the figures that a count stores once, and how they are written and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from portal.domain.charter import DecisionMode, House

VERSION = 1


class Verdict(StrEnum):
    """How a vote ended."""

    CARRIED = "carried"
    NOT_CARRIED = "not_carried"
    NO_QUORUM = "no_quorum"


class Position(StrEnum):
    """What an elector did in a yes/no vote: a ballot's position, or nothing."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"
    RECUSED = "recused"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Part:
    """How much stood behind one position: weight in integer thousandths, and electors."""

    weight: int
    electors: int


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
class HouseFigures:
    """One house's count. ``parts`` is None where totals would give voters away.

    ``deciding`` says whether the house had a say in what carried; ``threshold`` None is for over
    against; ``why`` holds the codes of what was missed.
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


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One elector's line in the roll call; ``name`` is None where it may not be shown."""

    house: House
    position: int
    name: str | None
    weight: int
    choice: Position
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is stored of an outcome; ``roll`` is None in secret votes."""

    verdict: Verdict
    mode: DecisionMode
    houses: tuple[HouseFigures, ...]
    roll: tuple[RollEntry, ...] | None


def verdict_of(carried: bool | None) -> Verdict:  # noqa: FBT001 - the column's three values
    """The verdict behind the stored column: None says that the quorum was missed."""
    if carried is None:
        return Verdict.NO_QUORUM
    return Verdict.CARRIED if carried else Verdict.NOT_CARRIED


def carried_of(verdict: Verdict) -> bool | None:
    """The stored column of a verdict."""
    return None if verdict is Verdict.NO_QUORUM else verdict is Verdict.CARRIED


def write_figures(figures: Figures) -> dict[str, Any]:
    """The figures as values that canonical JSON takes."""
    return {
        "v": VERSION,
        "verdict": figures.verdict.value,
        "mode": figures.mode.value,
        "houses": [_write_house(house) for house in figures.houses],
        "roll": None if figures.roll is None else [_write_entry(each) for each in figures.roll],
    }


def read_figures(stored: Mapping[str, Any]) -> Figures:
    """The figures as ``write_figures`` wrote them."""
    roll = stored["roll"]
    return Figures(
        verdict=Verdict(stored["verdict"]),
        mode=DecisionMode(stored["mode"]),
        houses=tuple(_read_house(house) for house in stored["houses"]),
        roll=None if roll is None else tuple(_read_entry(entry) for entry in roll),
    )


def _write_house(house: HouseFigures) -> dict[str, Any]:
    quorum = house.quorum
    return {
        "house": house.house.value,
        "deciding": house.deciding,
        "weight": house.weight,
        "electors": house.electors,
        "parts": None
        if house.parts is None
        else {
            position.value: {"weight": part.weight, "electors": part.electors}
            for position, part in house.parts.items()
        },
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
    }


def _read_house(stored: Mapping[str, Any]) -> HouseFigures:
    quorum, parts = stored["quorum"], stored["parts"]
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
    )


def _write_entry(entry: RollEntry) -> dict[str, Any]:
    return {
        "house": entry.house.value,
        "position": entry.position,
        "name": entry.name,
        "weight": entry.weight,
        "choice": entry.choice.value,
        "reason": entry.reason,
    }


def _read_entry(stored: Mapping[str, Any]) -> RollEntry:
    return RollEntry(
        house=House(stored["house"]),
        position=stored["position"],
        name=stored["name"],
        weight=stored["weight"],
        choice=Position(stored["choice"]),
        reason=stored["reason"],
    )
