"""What a charter makes of the sponsors' house, in figures and pictures of two states."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

from flask_babel import gettext as _

from portal.domain.electorate import Electorate
from portal.web.charts import Weights
from portal.web.formats import format_share, format_weight

Figure = tuple[str, str | None, str]


def compare_figures(today: Electorate, then: Electorate) -> list[Figure]:
    """Label, today and then; today is None where nothing changes."""
    return _compare(_figures(today), _figures(then))


def compare_people(today: Electorate, then: Electorate) -> list[Figure]:
    """The same of the houses in which people are counted; the public knows less of these."""
    return _compare(_people(today), _people(then))


def _compare(today: list[tuple[str, str]], then: list[tuple[str, str]]) -> list[Figure]:
    pairs = zip(today, then, strict=True)
    return [
        (label, None if before == after else before, after)
        for (label, before), (_l, after) in pairs
    ]


def beside(chart: Weights | None, other: Weights | None) -> Weights | None:
    """A picture drawn to the scale of another, so that both can be compared."""
    return None if chart is None else replace(chart, beside=other)


def _carrying(electorate: Electorate) -> str:
    """More than half is said so: the smallest weight above it is a thousandth more."""
    house = electorate.sponsors
    if electorate.charter.threshold is None:
        return _("more than %(weight)s", weight=format_weight(house.total // 2))
    return format_weight(house.quota)


def _people(electorate: Electorate) -> list[tuple[str, str]]:
    return [
        (_("Electors of the maintainers' house"), str(len(electorate.maintainers.electors))),
        (_("Electors of the contributors' house"), str(len(electorate.contributors.electors))),
    ]


def _figures(electorate: Electorate) -> list[tuple[str, str]]:
    house, charter = electorate.sponsors, electorate.charter
    quorum = _(
        "%(weight)s and %(electors)s electors",
        weight=format_weight(ceil(charter.quorum_weight * house.total)),
        electors=ceil(charter.quorum_electors * len(house.electors)),
    )
    powers = house.powers or ()
    largest = max((power.banzhaf for power in powers), default=None)
    return [
        (_("Electors"), str(len(house.electors))),
        (_("Weight of the house"), format_weight(house.total)),
        (
            _("Largest share of the weight"),
            format_share(max((each.share for each in house.electors), default=Fraction(0))),
        ),
        (_("Largest power"), _("unknown") if largest is None else format_share(largest)),
        (_("Carries if everybody votes"), _carrying(electorate)),
        (_("Present for a quorum"), quorum),
    ]
