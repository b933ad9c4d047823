"""What weights do to a vote, in words: who decides alone, who can block, who can never matter."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.chambers import Chamber, Power
from portal.domain.charter import HEADCOUNT, House
from portal.domain.power import PowerWarning
from portal.domain.rules import known_powers
from portal.queries.weights.powers import HousePower
from portal.web.formats import format_share


def explain_power(chamber: Chamber, *, to_insiders: bool = False) -> list[str]:
    """The warnings of a house at its threshold, one sentence each; none is good news.

    Names that may not be shown are left out, except ``to_insiders``.
    """
    held = [power and power.warning for power in known_powers(chamber)]
    names = [each.name if to_insiders else each.public_name for each in chamber.electors]
    shown = [name or _unnamed(chamber.house) for name in names]
    powerless = held.count(PowerWarning.DUMMY)
    return explain_warnings(zip(shown, held, strict=True), powerless, len(held))


def explain_frozen_power(house: HousePower) -> list[str]:
    """The same for a house of a vote, as it froze at the opening."""
    if not house.known:
        return []
    unnamed = _unnamed(house.house)
    named = ((each.name or unnamed, each.warning) for each in house.heaviest)
    return explain_warnings(named, house.powerless, house.electors or 0)


def _unnamed(house: House) -> str:
    return _("A contributor") if house in HEADCOUNT else _("An unnamed sponsor")


def explain_warnings(
    named: Iterable[tuple[str, PowerWarning | None]], powerless: int, electors: int
) -> list[str]:
    """Who decides or blocks alone, and how many of all electors can never matter."""
    said = []
    for name, warning in named:
        if warning is PowerWarning.DICTATOR:
            said.append(_("%(name)s decides this house alone, whatever the others do.", name=name))
        elif warning is PowerWarning.VETO_PLAYER:
            said.append(_("%(name)s can stop every proposal alone.", name=name))
    if powerless:
        said.append(
            ngettext(
                "%(num)s of %(all)s electors can never change an outcome, whatever the others do.",
                "%(num)s of %(all)s electors can never change an outcome, whatever the others do.",
                powerless,
                all=electors,
            )
        )
    return said


def describe_power(power: Power | None) -> str:
    """A power and its warning, for one line: "13.2%", "0%, can never matter"."""
    if power is None:
        return _("unknown")
    warnings = {
        PowerWarning.DICTATOR: _("decides alone"),
        PowerWarning.VETO_PLAYER: _("can block alone"),
        PowerWarning.DUMMY: _("can never matter"),
    }
    said = [format_share(power.banzhaf)]
    if power.warning:
        said.append(warnings[power.warning])
    return ", ".join(said)
