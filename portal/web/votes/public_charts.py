"""What the public pages draw: the figures of queries as charts, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from portal.domain.chambers import Chamber
from portal.domain.charter import HEADCOUNT
from portal.domain.outcomes import Figures, HouseFigures, Verdict
from portal.domain.positions import Part as Count
from portal.domain.positions import Position
from portal.domain.rules import known_powers, known_shapley
from portal.domain.tiers import Audience
from portal.domain.votes import Method
from portal.queries.sponsorship.public_sponsors import SponsorsPage
from portal.queries.votes.windows import Turnout as WindowTurnout
from portal.queries.weights.kept import Kept
from portal.queries.weights.powers import HousePower, WeightClass
from portal.web.charts import (
    House,
    Outcome,
    Part,
    Present,
    Share,
    Turnout,
    Voice,
    Weights,
    draw,
)
from portal.web.formats import format_share, format_weight
from portal.web.votes.option_outcomes import options_chart
from portal.web.votes.outcome_words import house_name, unnamed_elector

_MOST_VOICES = 16


_drawn = Kept[Markup | None]()


def draw_standing(page: SponsorsPage) -> Markup | None:
    """Weight and power of today's sponsors, drawn once for as long as they stay the same."""
    if page.electorate is None:
        return None
    chamber, cap = page.electorate.sponsors, page.electorate.charter.cap

    def make() -> Markup | None:
        chart = weights_chart(chamber, cap)
        return None if chart is None else draw(chart)

    return _drawn.get((page.slug, str(get_locale())), page.state, make)


def weights_chart(chamber: Chamber, cap: Fraction, *, to_insiders: bool = False) -> Weights | None:
    """Share of weight and of power of each elector; the small ones and the unnamed together.

    ``to_insiders`` shows every name. None where nobody would have a vote.
    """
    if not chamber.electors:
        return None
    named: list[Voice] = []
    unnamed: list[Voice] = []
    people = chamber.house in HEADCOUNT
    known = zip(chamber.electors, known_powers(chamber), known_shapley(chamber), strict=True)
    for elector, power, shapley in known:
        name = elector.name if to_insiders else elector.public_name
        banzhaf = power.banzhaf if power else Fraction(0)
        voice = Voice(name or "", elector.share, banzhaf, shapley)
        (unnamed if name is None else named).append(voice)
    small = named[_MOST_VOICES:]
    groups = (
        (small, _further(len(small), people=people)),
        (unnamed, _unnamed(len(unnamed), people=people)),
    )
    together = [_together(label, voices) for voices, label in groups if voices]
    return Weights((*named[:_MOST_VOICES], *together), cap if cap < 1 else None)


def power_chart(house: HousePower, cap: Fraction) -> Weights | None:
    """Weight and power of a house as they froze; the smaller electors together, None if unknown.

    ``cap`` is the charter's; it is drawn where it could hold: among people it does not, and a
    house with too few electors exceeds it. Of a secret vote each bar is a class of weight.
    """
    if not house.known:
        return None
    if house.classes:
        return _class_chart(house.classes)
    zero = Fraction(0)
    voices = [
        Voice(
            each.name or unnamed_elector(house.house),
            each.share,
            each.banzhaf or zero,
            each.shapley,
        )
        for each in house.heaviest
    ]
    if house.further:
        # Shares of all electors add up to one, and so do their indices.
        label = _further(house.further, people=house.house in HEADCOUNT)
        known = [each.shapley for each in house.heaviest if each.shapley is not None]
        voices.append(
            Voice(
                label,
                1 - sum((voice.weight for voice in voices), zero),
                1 - sum((voice.power for voice in voices), zero),
                1 - sum(known, zero) if known else None,
            )
        )
    held = house.house not in HEADCOUNT and cap < 1 and voices[0].weight <= cap
    return Weights(tuple(voices), cap if held else None)


def _class_chart(classes: Sequence[WeightClass]) -> Weights:
    """A secret vote names nobody: one bar for all who weigh the same, and for the lightest."""
    voices = [
        Voice(_class_name(each), each.share, each.banzhaf or Fraction(0), each.shapley)
        for each in classes
    ]
    light = voices[_MOST_VOICES:]
    electors = sum(each.electors for each in classes[_MOST_VOICES:])
    label = ngettext("%(num)s lighter elector", "%(num)s lighter electors", electors)
    rest = [_together(label, light)] if light else []
    return Weights((*voices[:_MOST_VOICES], *rest), None)


def _class_name(held: WeightClass) -> str:
    return ngettext(
        "%(num)s elector of weight %(weight)s",
        "%(num)s electors of weight %(weight)s each, together",
        held.electors,
        weight=format_weight(held.weight),
    )


def _further(number: int, *, people: bool) -> str:
    if people:
        return ngettext("%(num)s further person", "%(num)s further people", number)
    return ngettext("%(num)s smaller sponsor", "%(num)s smaller sponsors", number)


def _unnamed(number: int, *, people: bool) -> str:
    if people:
        return ngettext("%(num)s unnamed contributor", "%(num)s unnamed contributors", number)
    return ngettext("%(num)s unnamed sponsor", "%(num)s unnamed sponsors", number)


def _together(label: str, voices: list[Voice]) -> Voice:
    zero = Fraction(0)
    return Voice(
        label,
        sum((voice.weight for voice in voices), zero),
        sum((voice.power for voice in voices), zero),
        None if voices[0].shapley is None else sum((each.shapley or zero for each in voices), zero),
    )


def share_chart(share: Fraction, audience: Audience) -> Share:
    """What a tier would give of its house today."""
    if audience is Audience.PERSON:
        words = _("%(share)s of the supporters' house today", share=format_share(share))
    else:
        words = _("%(share)s of the sponsors' vote today", share=format_share(share))
    return Share(share, words)


def outcome_charts(figures: Figures) -> list[tuple[str, object]]:
    """The pictures of an outcome, each with its title; none where totals would give voters away."""
    if figures.method is Method.YES_NO:
        chart = _positions(figures)
        return [(_("Weight for and against"), chart)] if chart else []
    charts = ((house, options_chart(house, figures.paper)) for house in figures.houses)
    return [(house_name(house.house), chart) for house, chart in charts if chart is not None]


def _positions(figures: Figures) -> Outcome | None:
    """The weights of each house, stacked."""
    houses = tuple(_house(each, each.parts) for each in figures.houses if each.parts is not None)
    return Outcome(houses) if houses else None


def _house(house: HouseFigures, parts: Mapping[Position, Count]) -> House:
    def part(position: Position) -> Part:
        count = parts.get(position)
        return Part(0, 0) if count is None else Part(count.weight, count.electors)

    verdicts = {
        Verdict.CARRIED: _("carried"),
        Verdict.NOT_CARRIED: _("not carried"),
        Verdict.VALID: _("valid"),
        Verdict.NO_QUORUM: _("no quorum"),
    }
    return House(
        name=house_name(house.house),
        verdict=str(verdicts[house.verdict]),
        carried=part(Position.FOR),
        against=part(Position.AGAINST),
        abstained=part(Position.ABSTAIN),
        recused=part(Position.RECUSED),
        absent=part(Position.ABSENT),
        quorum=house.quorum.weight or None,
        threshold=house.threshold or Fraction(1, 2),
    )


def turnout_chart(figures: Figures) -> Turnout:
    """Who took part in each house, by weight and by number, against the quorum."""
    return Turnout(tuple(measure for house in figures.houses for measure in _measures(house)))


def window_chart(turnouts: Sequence[WindowTurnout]) -> Turnout | None:
    """Who had voted by the last full hour, against the quorum; None before the first count."""
    measures = [measure for each in turnouts for measure in _so_far(each)]
    return Turnout(tuple(measures)) if measures else None


def _so_far(house: WindowTurnout) -> Iterator[Present]:
    name = house_name(house.house)
    if house.present_weight is not None:
        yield Present(
            _("%(house)s, by weight", house=name),
            Fraction(house.present_weight, house.weight or 1),
            _(
                "%(present)s of %(all)s",
                present=format_weight(house.present_weight),
                all=format_weight(house.weight),
            ),
            Fraction(house.needed_weight, house.weight or 1) or None,
        )
    yield Present(
        _("%(house)s, by number", house=name),
        Fraction(house.present, house.electors or 1),
        _("%(present)s of %(all)s", present=house.present, all=house.electors),
        Fraction(house.needed, house.electors or 1) or None,
    )


def _measures(house: HouseFigures) -> tuple[Present, Present]:
    quorum, name = house.quorum, house_name(house.house)
    return (
        Present(
            _("%(house)s, by weight", house=name),
            Fraction(quorum.present_weight, house.weight or 1),
            _(
                "%(present)s of %(all)s",
                present=format_weight(quorum.present_weight),
                all=format_weight(house.weight),
            ),
            quorum.weight or None,
        ),
        Present(
            _("%(house)s, by number", house=name),
            Fraction(quorum.present_electors, house.electors or 1),
            _("%(present)s of %(all)s", present=quorum.present_electors, all=house.electors),
            quorum.electors or None,
        ),
    )
