"""What happens to each elector of a house from one electorate to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from portal.domain.chambers import Chamber, Member, Power
from portal.domain.power import PowerWarning


class Voice(NamedTuple):
    """What an elector has in a house: weight in thousandths, share, and power where it is known."""

    weight: int
    share: Fraction
    capped: bool
    power: Fraction | None
    warning: PowerWarning | None


@dataclass(frozen=True, slots=True)
class ElectorChange:
    """One elector in two electorates; None where it is not entitled in one of them."""

    name: str
    merged: tuple[Member, ...]
    now: Voice | None
    then: Voice | None


def compare(now: Chamber, then: Chamber) -> tuple[ElectorChange, ...]:
    """What happens to each elector from one chamber to another, the heaviest of then first.

    Electors are the same where the leading organization of the later one is a member of the
    earlier one; those who drop out come last.
    """
    before = _voices(now)
    owners = {
        member.organization_id: index
        for index, elector in enumerate(now.electors)
        for member in elector.members
    }
    kept: set[int] = set()
    changes = []
    for elector, voice in zip(then.electors, _voices(then), strict=True):
        index = owners.get(elector.members[0].organization_id)
        if index is not None:
            kept.add(index)
        changes.append(
            ElectorChange(
                elector.name, elector.merged, None if index is None else before[index], voice
            )
        )
    gone = [
        ElectorChange(elector.name, elector.merged, before[index], None)
        for index, elector in enumerate(now.electors)
        if index not in kept
    ]
    return (*changes, *gone)


def _voices(chamber: Chamber) -> list[Voice]:
    powers: Sequence[Power | None] = chamber.powers or (None,) * len(chamber.electors)
    return [
        Voice(elector.weight, elector.share, elector.capped, *(power or (None, None)))
        for elector, power in zip(chamber.electors, powers, strict=True)
    ]
