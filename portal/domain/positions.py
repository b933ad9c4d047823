"""Positions in a yes/no vote, and how much stands behind each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
