"""The electors of one house: their weight, their share of it, and the power that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from portal.domain.charter import House
from portal.domain.errors import Obstacle, Refusal
from portal.domain.power import (
    PowerWarning,
    banzhaf,
    majority_quota,
    shapley_shubik,
    warnings,
)


class Member(NamedTuple):
    """One organization that an elector speaks for."""

    organization_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Elector:
    """An organization with its related companies, or a person, entitled in one house.

    ``raw`` is in units, ``weight`` in integer thousandths after damping and cap, ``share`` its part
    of the house's weight. Sponsors have ``members`` (the leading organization first), maintainers
    and contributors a ``person_id``. ``public_name`` is None where the name may not be shown to the
    public.
    """

    name: str
    public_name: str | None
    members: tuple[Member, ...]
    person_id: int | None
    raw: Fraction
    weight: int
    share: Fraction
    capped: bool

    @property
    def merged(self) -> tuple[Member, ...]:
        """The related companies that share this elector's one ballot, without the leading one."""
        return self.members[1:]


class Power(NamedTuple):
    """What an elector's weight does in its house: a normalized index and the strongest warning."""

    banzhaf: Fraction
    warning: PowerWarning | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sponsor who is not entitled in a house, with the reason, and from when it would be."""

    organization_id: int
    name: str
    public_name: str | None
    house: House
    obstacle: Obstacle
    eligible_at: datetime | None = None


@dataclass(frozen=True)
class Chamber:
    """The electors of one house, the heaviest first, and the threshold they vote under.

    Power is computed when it is first asked for: shares cost little, power may cost much.
    """

    house: House
    electors: tuple[Elector, ...]
    threshold: Fraction | None

    @cached_property
    def total(self) -> int:
        """The weight of the house in integer thousandths."""
        return sum(elector.weight for elector in self.electors)

    @property
    def quota(self) -> int:
        """The weight that carries a question when everybody votes, in integer thousandths."""
        return majority_quota([elector.weight for elector in self.electors], self.threshold)

    @cached_property
    def powers(self) -> tuple[Power, ...] | None:
        """Normalized Banzhaf index and warning of each elector, in the order of the electors.

        None where there are more electors than power can be computed for.
        """
        weights = [elector.weight for elector in self.electors]
        try:
            pairs = zip(banzhaf(weights, self.quota), warnings(weights, self.quota), strict=True)
        except Refusal:
            return None
        return tuple(Power(*pair) for pair in pairs)

    @cached_property
    def shapley(self) -> tuple[Fraction, ...] | None:
        """Shapley-Shubik index of each elector, in the order of the electors; None as above."""
        try:
            return tuple(shapley_shubik([each.weight for each in self.electors], self.quota))
        except Refusal:
            return None

    def find(self, organization_id: int) -> Elector | None:
        """The elector who speaks for an organization."""
        return next(
            (
                elector
                for elector in self.electors
                if any(member.organization_id == organization_id for member in elector.members)
            ),
            None,
        )
