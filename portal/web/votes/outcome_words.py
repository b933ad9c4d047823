"""An outcome explained in plain sentences, from the stored figures alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.charter import HEADCOUNT, DecisionMode, House
from portal.domain.outcomes import Figures, HouseFigures, Quorum
from portal.domain.papers import BallotPaper
from portal.domain.positions import Position
from portal.domain.votes import Method
from portal.web.formats import format_share, format_weight
from portal.web.votes.option_outcomes import explain_options


def house_name(house: House) -> str:
    """A house as readers know it."""
    names: Mapping[House, str] = {
        House.SPONSORS: _("Sponsors"),
        House.MAINTAINERS: _("Maintainers"),
        House.SUPPORTERS: _("Supporters"),
        House.CONTRIBUTORS: _("Contributors"),
    }
    return names[house]


def unnamed_elector(house: House) -> str:
    """An elector whose name is not shown; among people only contributors may stay unnamed."""
    return _("A contributor") if house in HEADCOUNT else _("Unnamed sponsor")


def explain_mode(figures: Figures) -> str:
    """What the outcome obliges the maintainers to."""
    modes: Mapping[DecisionMode, str] = {
        DecisionMode.ADVISORY: _(
            "The outcome advises. The maintainers decide, and must give reasons if they depart"
            " from it."
        ),
        DecisionMode.TWO_HOUSES: _(
            "The question is carried only if the sponsors and the maintainers each carry it."
        )
        if figures.method is Method.YES_NO
        else _("Chosen is only what the sponsors and the maintainers each choose."),
        DecisionMode.BINDING: _("The maintainers' decision must follow the outcome."),
    }
    return modes[figures.mode]


def explain_house(house: HouseFigures, paper: BallotPaper) -> list[str]:
    """How one house came to its verdict, sentence by sentence."""
    if paper.method is Method.YES_NO:
        return [*_turnout(house), *_sides(house)]
    return [*_turnout(house), *explain_options(house, paper)]


def _turnout(house: HouseFigures) -> Iterator[str]:
    quorum = house.quorum
    yield _(
        "%(present)s of %(all)s took part. They hold %(share)s of the weight: %(held)s of"
        " %(weight)s.",
        present=quorum.present_electors,
        all=ngettext("%(num)s elector", "%(num)s electors", house.electors),
        share=format_share(Fraction(quorum.present_weight, house.weight or 1)),
        held=format_weight(quorum.present_weight),
        weight=format_weight(house.weight),
    )
    if not quorum.weight and not quorum.electors:
        yield _("No quorum was asked for.")
        return
    needed = _needed(quorum)
    if quorum.reached:
        yield _("That is enough: the quorum was %(needed)s.", needed=needed)
    else:
        yield _("That is not enough: the quorum was %(needed)s.", needed=needed)


def _needed(quorum: Quorum) -> str:
    """What a quorum asks for; a measure of which it asks nothing is left out."""
    electors = ngettext("%(num)s elector", "%(num)s electors", quorum.needed_electors)
    weight = format_weight(quorum.needed_weight)
    if not quorum.weight:
        return str(electors)
    if not quorum.electors:
        return str(_("a weight of at least %(weight)s", weight=weight))
    return str(
        _("%(electors)s with a weight of at least %(weight)s", electors=electors, weight=weight)
    )


def _sides(house: HouseFigures) -> Iterator[str]:
    if house.parts is None:
        yield _("The totals are not shown, because they would give single voters away.")
        return
    supporting, opposing = (
        part.weight if (part := house.parts.get(position)) else 0
        for position in (Position.FOR, Position.AGAINST)
    )
    decided = supporting + opposing
    if not decided:
        yield _("Nobody voted for or against.")
        return
    if house.threshold is None:
        needed = _("more than half was needed")
    else:
        needed = _(
            "at least %(share)s was needed, a weight of %(weight)s",
            share=format_share(house.threshold),
            weight=format_weight(ceil(house.threshold * decided)),
        )
    yield _(
        "Of the weight cast for or against, %(share)s was for: %(for)s against %(against)s. To"
        " carry, %(needed)s.",
        **{
            "share": format_share(Fraction(supporting, decided)),
            "for": format_weight(supporting),
            "against": format_weight(opposing),
            "needed": needed,
        },
    )
    if house.threshold is None and supporting == opposing:
        yield _("That is a tie, and a tie changes nothing.")
