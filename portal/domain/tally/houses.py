"""Houses together: whether a proposal is carried by all the houses that decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from portal.domain.charter import House
from portal.domain.tally.yes_no import YesNoOutcome


@dataclass(frozen=True, slots=True)
class CombinedOutcome:
    """The outcome of every house, and which houses decide."""

    houses: Mapping[House, YesNoOutcome]
    deciding: tuple[House, ...]

    @property
    def carried(self) -> bool:
        """Whether each deciding house carried the question."""
        return not self.failing

    @property
    def failing(self) -> tuple[House, ...]:
        """The deciding houses that did not carry it."""
        return tuple(house for house in self.deciding if not self.houses[house].carried)


def combine(
    houses: Mapping[House, YesNoOutcome], *, deciding: Collection[House]
) -> CombinedOutcome:
    """Combine the outcomes of houses: carried only if each deciding house carries it (VOTING 5).

    In `advisory` and `binding` votes the sponsors' house alone decides, in `two_houses` sponsors
    and maintainers each (see `rules.deciding_houses`); other houses are reported. Refuses with
    ValueError a deciding house without an outcome, or none that decides.
    """
    if not deciding or not set(deciding) <= houses.keys():
        raise ValueError("every deciding house needs an outcome")
    return CombinedOutcome(dict(houses), tuple(deciding))
