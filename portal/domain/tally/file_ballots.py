"""What a ballot file holds once it is read: options, ballots with copies and weights, costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from portal.domain.votes import Method


class Kind(StrEnum):
    """What the numbers of a file's ballots mean."""

    RANKS = "ranks"
    APPROVALS = "approvals"
    SCORES = "scores"
    POINTS = "points"
    VOTES = "votes"
    POSITIONS = "positions"


class Cast(NamedTuple):
    """Equal ballots: how many there are, what each weighs, and the number each option got."""

    copies: int
    weight: int
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BallotFile:
    """A file's options by id with their names, and its ballots, equal ones together.

    ``method`` is how it is counted unless told otherwise. ``unit`` is the whole weight that the
    file writes as 1, ``scale`` the whole number it writes as 1 on a ballot. Budget files have costs
    and a budget in whole parts of money, of which ``money_unit`` make 1. ``longest`` is how many
    options a ballot may rank. ``title`` is what the file says it is.
    """

    method: Method
    kind: Kind
    options: Mapping[str, str]
    casts: tuple[Cast, ...]
    unit: int = 1
    scale: int = 1
    costs: Mapping[str, int] = field(default_factory=dict)
    budget: int = 0
    money_unit: int = 1
    longest: int = 0
    title: str = ""

    @property
    def ballots(self) -> int:
        """How many ballots there are, empty ones included."""
        return sum(cast.copies for cast in self.casts)

    @property
    def weight(self) -> int:
        """What all ballots weigh together, in parts of ``unit``."""
        return sum(cast.copies * cast.weight for cast in self.casts)


Exact = tuple[int, Fraction, Mapping[str, Fraction]]


def whole_casts(exact: list[Exact]) -> tuple[tuple[Cast, ...], int, int]:
    """Turn exact weights and numbers into whole ones; also returns what 1 has become of each."""
    unit = lcm(*{weight.denominator for _copies, weight, _numbers in exact})
    scale = lcm(*{each.denominator for _c, _w, numbers in exact for each in numbers.values()})
    casts = tuple(
        Cast(
            copies,
            int(weight * unit),
            {option: int(each * scale) for option, each in numbers.items()},
        )
        for copies, weight, numbers in exact
    )
    return casts, unit, scale
