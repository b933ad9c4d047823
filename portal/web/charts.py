"""Charts as server-rendered SVG, each with the same figures as a table; exact numbers in."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from hashlib import sha256
from itertools import accumulate

from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from portal.web.formats import format_share, format_weight
from portal.web.svg import (
    anchor,
    element,
    figures,
    label,
    legend,
    percent,
    picture,
    rect,
    upright,
)

_NAME_LENGTH = 42  # what 14 px type fits on the narrowest screen, 328 px wide
_BAR_ROOM = Fraction(21, 25)  # the rest of the width is for the figure at a bar's end
_LABEL_ROOM = Fraction(1, 5)  # a segment or gap this wide holds a label on any screen
_TWO_LABELS = Fraction(3, 10)
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Voice:
    """One elector's share of the effective weight and of the power, both of one.

    ``power`` is the Banzhaf index; ``shapley`` the Shapley-Shubik index where it is known.
    """

    name: str
    weight: Fraction
    power: Fraction
    shapley: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Weight and power side by side; `cap` is the largest share the charter allows, or None.

    Bars are drawn to the same scale as those of the picture ``beside`` it.
    """

    voices: tuple[Voice, ...]
    cap: Fraction | None
    beside: Weights | None = None

    @property
    def widest(self) -> Fraction:
        """The largest share that is drawn."""
        shares = [share for voice in self.voices for share in (voice.weight, voice.power)]
        return max([*shares, self.cap or Fraction(0), Fraction(1, 100)])


@dataclass(frozen=True, slots=True)
class Part:
    """What one choice got: effective weight in thousandths, and how many electors."""

    weight: int
    electors: int


@dataclass(frozen=True, slots=True)
class House:
    """One house's outcome. `quorum` is a share of its weight, `threshold` one of for + against.

    `verdict` is the word shown beside the house's name, already in the reader's language.
    """

    name: str
    verdict: str
    carried: Part
    against: Part
    abstained: Part
    recused: Part
    absent: Part
    quorum: Fraction | None
    threshold: Fraction | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A yes/no vote, house by house."""

    houses: tuple[House, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """One measure of turnout: `share` of one, said in `words`; `quorum` as a share, or None."""

    name: str
    share: Fraction
    words: str
    quorum: Fraction | None


@dataclass(frozen=True, slots=True)
class Turnout:
    """Who took part, by weight and by number."""

    measures: tuple[Present, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label on the axis, its size, and the size in words (money, a count)."""

    label: str
    size: int
    words: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Amounts over time; `title` names the picture, `unit` the figures' column."""

    title: str
    unit: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A small bar: what a tier would give of the vote today, with the cap as a mark."""

    share: Fraction
    words: str
    cap: Fraction | None = None


def init_charts(app: Flask) -> None:
    """Give templates `draw(chart)`, which macros/charts.html uses."""
    app.jinja_env.globals["draw"] = draw


@singledispatch
def draw(chart: object) -> Markup:
    """Draw a chart of this module; anything else is a TypeError."""
    msg = f"not a chart: {chart!r}"
    raise TypeError(msg)


@draw.register
def _drawn(chart: Markup) -> Markup:
    """One that was drawn before."""
    return chart


@draw.register
def _weights(chart: Weights) -> Markup:
    scale = _BAR_ROOM / max(chart.widest, chart.beside.widest if chart.beside else 0)
    rows = [_voice(voice, scale, 28 + 58 * row) for row, voice in enumerate(chart.voices)]
    height = 28 + 58 * len(rows)
    keys = [("c-ink", _("Share of the weight")), ("c-carrot", _("Power"))]
    parts: list[str] = []
    if chart.cap is not None:
        said = _("cap %(share)s", share=format_share(chart.cap))
        at = chart.cap * scale
        side = "end" if at > Fraction(1, 2) else "start"
        parts += [
            upright("c-cap", at, 20, height - 8),
            label(said, at, 14, class_="quiet", side=side),
        ]
    parts += rows  # after the cap's line, so that names are never crossed out
    description = ngettext(
        "%(num)s row, with a bar for the share of the weight and one for the power.",
        "%(num)s rows, each with a bar for the share of the weight and one for the power.",
        len(chart.voices),
    )
    sized = any(voice.shapley is not None for voice in chart.voices)
    table = figures(
        _("Weight and power"),
        [_("Elector"), _("Share of the weight"), _("Power"), *([_("Shapley-Shubik")] * sized)],
        (
            (
                voice.name,
                format_share(voice.weight),
                format_share(voice.power),
                *([format_share(voice.shapley or Fraction(0))] * sized),
            )
            for voice in chart.voices
        ),
    )
    svg = picture(_("Weight and power of each elector"), description, height, parts)
    return legend(keys) + svg + table


def _voice(voice: Voice, scale: Fraction, top: int) -> Markup:
    zero = Fraction(0)
    weight, power = voice.weight * scale, voice.power * scale
    return element(
        "g",
        *_name(voice.name, top + 14),
        rect("c-ink", zero, weight, top + 20, 11),
        label(format_share(voice.weight), weight, top + 30, class_="quiet", shift=6),
        rect("c-carrot", zero, power, top + 33, 11),
        label(format_share(voice.power), power, top + 43, class_="quiet", shift=6),
    )


def _name(name: str, top: int) -> list[Markup]:
    """The name, with a shorter twin for narrow screens; the table has it whole."""
    if len(name) <= _NAME_LENGTH:
        return [label(name, Fraction(0), top)]
    cut = name[: _NAME_LENGTH - 1].rstrip(" ,.-") + "…"
    return [
        label(name, Fraction(0), top, class_="full"),
        label(cut, Fraction(0), top, class_="short"),
    ]


def _parts(house: House) -> tuple[tuple[str, str, Part], ...]:
    """In the order they are stacked: quorum and threshold can then both be read off one bar."""
    return (
        ("c-for", _("For"), house.carried),
        ("c-against", _("Against"), house.against),
        ("c-abstain", _("Abstained"), house.abstained),
        ("c-recused", _("Recused"), house.recused),
        ("c-absent", _("Did not vote"), house.absent),
    )


@draw.register
def _outcome(chart: Outcome) -> Markup:
    return Markup("").join(_house(house) for house in chart.houses)


def _house(house: House) -> Markup:
    parts = _parts(house)
    total = sum(part.weight for _class, _words, part in parts) or 1
    shares = [Fraction(part.weight, total) for _class, _words, part in parts]
    starts = [Fraction(0), *accumulate(shares)]
    # Patterns need a name that no other picture on the page uses.
    hatch = "hatch-" + sha256(repr(house).encode()).hexdigest()[:10]
    drawn = [_hatch(hatch), _heading(house)]
    for (class_, words, _part), start, share in zip(parts, starts, shares, strict=False):
        if share:
            drawn += _segment(class_, words, start, share, hatch)
    drawn += _house_marks(house, total)
    said = [
        _("%(choice)s %(share)s", choice=words, share=format_share(share))
        for (_class, words, _part), share in zip(parts, shares, strict=True)
    ]
    rows = [
        (words, format_weight(part.weight), format_share(share), str(part.electors))
        for (_class, words, part), share in zip(parts, shares, strict=True)
    ]
    heads = [_("Choice"), _("Weight"), _("Share"), _("Electors")]
    svg = picture(f"{house.name}: {house.verdict}", ", ".join(said) + ".", 112, drawn)
    keys = [
        (class_, words)
        for (class_, _words, part), words in zip(parts, said, strict=True)
        if part.weight or part is house.carried or part is house.against
    ]
    inside = svg + legend(keys) + figures(house.name, heads, rows)
    return element("div", inside, class_="house")


def _heading(house: House) -> Markup:
    name = element("tspan", house.name, class_="strong")
    return element("text", name, Markup("&ensp;"), house.verdict, x=0, y=16)


def _hatch(name: str) -> Markup:
    line = element("path", class_="c-hatch", d="M0 0V6")
    pattern = element(
        "pattern",
        line,
        id=name,
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("defs", pattern)


def _segment(class_: str, words: str, start: Fraction, share: Fraction, hatch: str) -> list[Markup]:
    drawn = [rect(class_, start, share, 50, 28)]
    if class_ == "c-against":
        fill = f"url(#{hatch})"
        drawn.append(
            element("rect", fill=fill, x=percent(start), width=percent(share), y=50, height=28)
        )
    drawn.append(upright("c-gap", start + share, 50, 78))
    if class_ == "c-for" and share >= _LABEL_ROOM:
        drawn.append(label(words, start, 69, class_="on-bar", shift=10))
    return drawn


def _house_marks(house: House, total: int) -> list[Markup]:
    drawn = []
    if house.quorum is not None:
        said = _("quorum %(share)s of the weight", share=format_share(house.quorum))
        drawn += _mark(house.quorum, said, (44, 78), 38)
    decided = Fraction(house.carried.weight + house.against.weight, total)
    if house.threshold is not None and decided:
        said = _("threshold %(share)s of for and against", share=format_share(house.threshold))
        drawn += _mark(house.threshold * decided, said, (50, 84), 100)
    return drawn


def _mark(at: Fraction, words: str, ends: tuple[int, int], baseline: int) -> list[Markup]:
    text = label(words, at, baseline, class_="quiet", side=anchor(at))
    return [upright("c-case", at, *ends), upright("c-mark", at, *ends), text]


@draw.register
def _turnout(chart: Turnout) -> Markup:
    drawn: list[Markup] = []
    for row, measure in enumerate(chart.measures):
        top = 72 * row
        drawn += [
            label(f"{measure.name}: {measure.words}", Fraction(0), top + 14),
            rect("c-ground", Fraction(0), Fraction(1), top + 24, 14),
            rect("c-ink", Fraction(0), measure.share, top + 24, 14),
        ]
        if measure.quorum is not None:
            said = _("quorum %(share)s", share=format_share(measure.quorum))
            drawn += _mark(measure.quorum, said, (top + 20, top + 44), top + 58)
    said = [f"{m.name}: {m.words}, {format_share(m.share)}" for m in chart.measures]
    rows = [
        (m.name, m.words, format_share(m.share), "" if m.quorum is None else format_share(m.quorum))
        for m in chart.measures
    ]
    heads = [_("Measure"), _("Present"), _("Share"), _("Quorum")]
    svg = picture(_("Turnout"), "; ".join(said) + ".", 72 * len(rows), drawn)
    return svg + figures(_("Turnout"), heads, rows)


@draw.register
def _columns(chart: Columns) -> Markup:
    count = len(chart.columns)
    largest = max((column.size for column in chart.columns), default=0)
    every = -(-count // _MOST_TICKS)
    named = _named_columns(chart)
    drawn: list[Markup] = []
    for index, column in enumerate(chart.columns):
        height = 140 * column.size // largest if largest else 0
        start, middle = Fraction(10 * index + 1, 10 * count), Fraction(2 * index + 1, 2 * count)
        class_ = "c-carrot" if index == count - 1 else "c-ink"
        drawn.append(rect(class_, start, Fraction(8, 10 * count), 172 - height, height))
        if index in named:
            drawn.append(
                label(column.words, middle, 164 - height, class_="strong", side=anchor(middle))
            )
        if (count - 1 - index) % every == 0:
            drawn.append(label(column.label, middle, 192, class_="quiet", side="middle"))
    base = element("line", class_="c-base", x1=0, x2="100%", y1=172, y2=172)
    rows = [(column.label, column.words) for column in chart.columns]
    said = "; ".join(" ".join(row) for row in (rows[0], rows[-1])) if rows else ""
    svg = picture(chart.title, said, 200, [*drawn, base])
    return svg + figures(chart.title, [_("When"), chart.unit], rows)


def _named_columns(chart: Columns) -> frozenset[int]:
    """The columns whose size is written out: the largest, and the last where there is room."""
    count = len(chart.columns)
    if not count:
        return frozenset()
    largest = max(range(count), key=lambda index: chart.columns[index].size)
    room = Fraction(count - 1 - largest, count) >= _TWO_LABELS
    return frozenset({largest, count - 1} if room else {largest})


@draw.register
def _share(chart: Share) -> Markup:
    parts = [rect("c-ground", Fraction(0), Fraction(1), 0, 8)]
    parts.append(rect("c-carrot", Fraction(0), chart.share, 0, 8))
    if chart.cap is not None:
        parts.append(upright("c-mark", chart.cap, 0, 8))
    svg = element("svg", *parts, width="100%", height=8, aria_hidden="true", focusable="false")
    return svg + element("p", chart.words)
