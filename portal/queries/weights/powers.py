"""Power in a vote, as it froze at the opening: the heaviest electors of each house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, case, func, select

from portal.database import db
from portal.domain.charter import House
from portal.domain.power import BANZHAF_ELECTORS, PowerWarning, majority_quota, strongest_warning
from portal.models.votes import Elector

HEAVIEST = 16

# One more than power is computed for tells a house that is too large, and reads no further.
_WHOLE = (
    select(
        Elector.house,
        func.count().label("electors"),
        func.sum(Elector.weight).label("weight"),
        func.sum(case((Elector.banzhaf == "0", 1), else_=0)).label("powerless"),
    )
    .where(
        Elector.vote_id == bindparam("vote_id"),
        Elector.house.in_(tuple(House)),
        Elector.position <= BANZHAF_ELECTORS + 1,
    )
    .group_by(Elector.house)
    .subquery()
)
_HEAVIEST = (
    select(
        Elector.house,
        Elector.public_name,
        Elector.raw_weight,
        Elector.weight,
        Elector.banzhaf,
        Elector.shapley,
        _WHOLE.c.electors,
        _WHOLE.c.weight.label("whole"),
        _WHOLE.c.powerless,
    )
    .join(_WHOLE, _WHOLE.c.house == Elector.house)
    .where(Elector.vote_id == bindparam("vote_id"), Elector.position <= HEAVIEST)
    .order_by(Elector.id)
)
# Who weighs the same holds the same power, so the least of a class is that of each.
_CLASSES = (
    select(
        Elector.house,
        Elector.weight,
        func.count().label("electors"),
        func.min(Elector.banzhaf).label("banzhaf"),
        func.min(Elector.shapley).label("shapley"),
    )
    .where(
        Elector.vote_id == bindparam("vote_id"),
        Elector.house.in_(tuple(House)),
        Elector.position <= BANZHAF_ELECTORS,
    )
    .group_by(Elector.house, Elector.weight)
    .order_by(Elector.house, Elector.weight.desc())
)


@dataclass(frozen=True, slots=True)
class ElectorPower:
    """One elector's weight (thousandths), its share of the house, and its indices of power.

    ``name`` is None where it may not be shown; indices are None where they were not computed.
    """

    name: str | None
    raw: Fraction
    weight: int
    share: Fraction
    banzhaf: Fraction | None
    shapley: Fraction | None
    warning: PowerWarning | None


@dataclass(frozen=True, slots=True)
class WeightClass:
    """All electors of a house who weigh the same, hence hold the same power.

    ``weight`` is that of each, in thousandths; the share and the indices are of all together.
    """

    electors: int
    weight: int
    share: Fraction
    banzhaf: Fraction | None
    shapley: Fraction | None


@dataclass(frozen=True, slots=True)
class HousePower:
    """The heaviest electors of a house, and how many more there are.

    ``electors`` is None, and nobody's power known, in a house too large for it. ``powerless`` are
    those who can never change an outcome. ``classes`` are those of a secret vote, heaviest first:
    they stand for electors that are not named.
    """

    house: House
    heaviest: tuple[ElectorPower, ...]
    electors: int | None
    weight: int
    powerless: int
    classes: tuple[WeightClass, ...] = ()

    @property
    def known(self) -> bool:
        """Whether power was computed."""
        return self.electors is not None and self.heaviest[0].banzhaf is not None

    @property
    def further(self) -> int:
        """How many electors are not among the heaviest, where their number is known."""
        return 0 if self.electors is None else self.electors - len(self.heaviest)


def list_powers(
    vote_id: int, threshold: Fraction | None, *, named: bool = True
) -> tuple[HousePower, ...]:
    """The houses of a vote under its frozen threshold, in one statement of bounded work.

    The public page of a secret vote names nobody, not ``named``: it has classes of weight instead,
    by a second statement.
    """
    rows = db.session.execute(_HEAVIEST, {"vote_id": vote_id})
    houses = [(house, list(held)) for house, held in groupby(rows, lambda row: row.house)]
    classes = {} if named else _classes(vote_id)
    return tuple(
        _house(house, held, threshold, named=named, classes=classes.get(house, ()))
        for house, held in houses
    )


def _classes(vote_id: int) -> dict[House, list[Any]]:
    """The classes of weight of each house, the heaviest first."""
    rows = db.session.execute(_CLASSES, {"vote_id": vote_id})
    return {house: list(held) for house, held in groupby(rows, lambda row: row.house)}


def _house(
    house: House,
    rows: Sequence[Any],
    threshold: Fraction | None,
    *,
    named: bool,
    classes: Sequence[Any],
) -> HousePower:
    whole = int(rows[0].whole)
    small = rows[0].electors <= BANZHAF_ELECTORS
    quota = majority_quota([whole], threshold)

    def read(row: Any) -> ElectorPower:  # noqa: ANN401 - a row of the statement above
        banzhaf = None if row.banzhaf is None else Fraction(row.banzhaf)
        return ElectorPower(
            name=row.public_name if named else None,
            raw=row.raw_weight,
            weight=row.weight,
            share=Fraction(row.weight, whole or 1),
            banzhaf=banzhaf,
            shapley=None if row.shapley is None else Fraction(row.shapley),
            warning=None
            if banzhaf is None
            else strongest_warning(row.weight, whole, quota, matters=banzhaf > 0),
        )

    def read_class(row: Any) -> WeightClass:  # noqa: ANN401 - a row of the classes
        return WeightClass(
            electors=row.electors,
            weight=row.weight,
            share=Fraction(row.weight * row.electors, whole or 1),
            banzhaf=None if row.banzhaf is None else Fraction(row.banzhaf) * row.electors,
            shapley=None if row.shapley is None else Fraction(row.shapley) * row.electors,
        )

    return HousePower(
        house=house,
        heaviest=tuple(read(row) for row in rows),
        electors=rows[0].electors if small else None,
        weight=whole,
        powerless=int(rows[0].powerless),
        classes=tuple(read_class(row) for row in classes) if small else (),
    )
