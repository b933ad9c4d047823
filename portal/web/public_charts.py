"""What the public pages draw: the figures of queries as charts, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.domain.electorate import Chamber
from portal.domain.outcomes import Figures, HouseFigures, Position, Verdict
from portal.domain.outcomes import Part as Count
from portal.domain.tiers import Audience
from portal.web.charts import (
    House,
    Outcome,
    Part,
    Present,
    Share,
    Turnout,
    Voice,
    Weights,
)
from portal.web.formats import format_share, format_weight
from portal.web.outcome_words import house_name

_MOST_VOICES = 16


def weights_chart(chamber: Chamber, cap: Fraction) -> Weights | None:
    """Share of weight and of power of each elector; the small ones and the unnamed together.

    None where nobody would have a vote.
    """
    if not chamber.electors:
        return None
    powers = chamber.powers or ()
    named: list[Voice] = []
    unnamed: list[Voice] = []
    for position, elector in enumerate(chamber.electors):
        power = powers[position].banzhaf if powers else Fraction(0)
        voice = Voice(elector.public_name or "", elector.share, power)
        (unnamed if elector.public_name is None else named).append(voice)
    small = named[_MOST_VOICES:]
    groups = (
        (small, ngettext("%(num)s smaller sponsor", "%(num)s smaller sponsors", len(small))),
        (unnamed, ngettext("%(num)s unnamed sponsor", "%(num)s unnamed sponsors", len(unnamed))),
    )
    together = [_together(label, voices) for voices, label in groups if voices]
    return Weights((*named[:_MOST_VOICES], *together), cap if cap < 1 else None)


def _together(label: str, voices: list[Voice]) -> Voice:
    zero = Fraction(0)
    return Voice(
        label,
        sum((voice.weight for voice in voices), zero),
        sum((voice.power for voice in voices), zero),
    )


def share_chart(share: Fraction, audience: Audience) -> Share:
    """What a tier would give of its house today."""
    if audience is Audience.PERSON:
        words = _("%(share)s of the supporters' house today", share=format_share(share))
    else:
        words = _("%(share)s of the sponsors' vote today", share=format_share(share))
    return Share(share, words)


def outcome_chart(figures: Figures) -> Outcome | None:
    """The weights of each house, stacked; None where a secret vote gives no totals."""
    houses = tuple(_house(each, each.parts) for each in figures.houses if each.parts is not None)
    return Outcome(houses) if houses else None


def _house(house: HouseFigures, parts: Mapping[Position, Count]) -> House:
    def part(position: Position) -> Part:
        count = parts.get(position)
        return Part(0, 0) if count is None else Part(count.weight, count.electors)

    verdicts = {
        Verdict.CARRIED: _("carried"),
        Verdict.NOT_CARRIED: _("not carried"),
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
