"""How a ballot file is counted: what a method needs beyond the file, and exact figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from portal.domain.tally.options import Unranked

Report = dict[str, Any]


class Completion(StrEnum):
    """What spends the money that Equal Shares leaves over."""

    NONE = "none"
    ADD1 = "add1"
    ADD1_FILL = "add1-fill"
    FILL = "fill"


@dataclass(frozen=True, slots=True)
class FileRules:
    """How to count: what a method needs beyond the file.

    ``quorum`` is a share of the file's ballots and of their weight. ``root`` orders ties.
    ``each_round`` is called between the rounds of a budget and may refuse to go on.
    """

    unranked: Unranked = Unranked.ABSTAIN
    seats: int = 1
    completion: Completion = Completion.ADD1
    threshold: Fraction | None = None
    quorum: Fraction = Fraction(0)
    root: bytes = b""
    payments: bool = False
    each_round: Callable[[], None] = lambda: None


def exact_number(value: int, unit: int) -> int | str:
    """Write a count of units as a number if it is whole, else as an exact decimal or fraction."""
    exact = Fraction(value, unit)
    if exact.denominator == 1:
        return exact.numerator
    places = next((place for place in range(1, 20) if 10**place % exact.denominator == 0), None)
    if places is None:
        return str(exact)
    digits = f"{abs(exact.numerator) * 10**places // exact.denominator:0{places + 1}d}"
    return f"{'-' if exact < 0 else ''}{digits[:-places]}.{digits[-places:]}"
