"""The pictures of votes over options: sums as bars, pairs as a matrix, a budget by who paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby

from flask_babel import gettext as _
from markupsafe import Markup

from portal.web.charts import draw
from portal.web.svg import element, figures, label, legend, percent, picture, rect, upright

_WIDEST_MATRIX = 8  # cells that still hold a weight on the narrowest screen
_NUMBERED_COLUMNS = 12  # beyond them every fifth has its number
_NAME_LENGTH = 38
_SHORT_WORDS = 8  # that fit behind the longest bar on the narrowest screen


@dataclass(frozen=True, slots=True)
class Bar:
    """One option: its size, the same in words, whether it is chosen, and its row of figures."""

    name: str
    size: int
    words: str
    chosen: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Options added up, the largest first; ``heads`` name the columns of figures."""

    title: str
    heads: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Options against each other, in the order of the outcome; cells are weights in words.

    ``wins`` says where the row is preferred by more weight; ``paths`` are the strongest paths.
    """

    names: tuple[str, ...]
    pairwise: tuple[tuple[str, ...], ...]
    wins: tuple[tuple[bool, ...], ...]
    paths: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar: who or what it is, its share of the whole budget, and the sum in words."""

    name: str
    share: Fraction
    words: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """An option of a budget vote; ``payers`` is empty where it was not funded or none is told."""

    name: str
    funded: bool
    share: Fraction
    cost: str
    payers: tuple[Piece, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purse:
    """A budget and what became of it: options, then what was kept and what is left."""

    budget: str
    purchases: tuple[Purchase, ...]
    leftovers: tuple[Piece, ...]


@draw.register
def _bars(chart: Bars) -> Markup:
    largest = max((bar.size for bar in chart.bars), default=0) or 1
    longest = max((len(bar.words) for bar in chart.bars), default=0)
    room = Fraction(4, 5) if longest <= _SHORT_WORDS else Fraction(2, 3)
    drawn: list[Markup] = []
    for row, bar in enumerate(chart.bars):
        top = 52 * row
        width = Fraction(bar.size, largest) * room
        drawn += [
            *_name(_marked(bar.name, chosen=bar.chosen), top + 14),
            rect("c-for" if bar.chosen else "c-ink", Fraction(0), width, top + 22, 16),
            label(bar.words, width, top + 35, class_="quiet", shift=6),
        ]
    said = "; ".join(f"{bar.name}: {bar.words}" for bar in chart.bars) + "."
    svg = picture(chart.title, said, 52 * len(chart.bars), drawn)
    keys = legend([("c-for", _("Chosen")), ("c-ink", _("Not chosen"))])
    rows = ((bar.name, *bar.cells) for bar in chart.bars)
    return keys + svg + figures(chart.title, [_("Option"), *chart.heads], rows)


def _marked(name: str, *, chosen: bool) -> str:
    return _("%(option)s (chosen)", option=name) if chosen else name


def _name(name: str, top: int) -> list[Markup]:
    """The name, with a shorter twin for narrow screens; the figures have it whole."""
    if len(name) <= _NAME_LENGTH:
        return [label(name, Fraction(0), top)]
    cut = name[: _NAME_LENGTH - 1].rstrip(" ,.-") + "…"
    return [
        label(name, Fraction(0), top, class_="full"),
        label(cut, Fraction(0), top, class_="short"),
    ]


@draw.register
def _matrix(chart: Matrix) -> Markup:
    tables = element(
        "details",
        element("summary", _("Show figures")),
        _table(_("Weight that ranks the row above the column"), chart.names, chart.pairwise),
        _table(_("Strongest path from the row to the column"), chart.names, chart.paths),
        class_="more",
    )
    keys = [
        ("c-for", _("The row is ranked above the column by more weight")),
        ("c-ground", _("By less, or by as much")),
    ]
    count = len(chart.names)
    told = count <= _WIDEST_MATRIX
    height = 62 if told else 50
    drawn = [
        label(str(place), Fraction(2 * place - 1, 2 * count), 20, class_="quiet", side="middle")
        for place in range(1, count + 1)
        if count <= _NUMBERED_COLUMNS or place % 5 == 0
    ]
    for row in range(count):
        drawn += (_cells if told else _runs)(chart, row, 30 + height * row)
    said = "; ".join(_beaten(chart, row, told=told) for row in range(count) if any(chart.wins[row]))
    said = f"{said}." if said else _("No option beats another.")
    svg = picture(_("Each option against each other"), said, 30 + height * count, drawn)
    return legend(keys) + svg + tables


def _beaten(chart: Matrix, row: int, *, told: bool) -> str:
    """Which others an option beats; of many options, how many."""
    beaten = [name for name, won in zip(chart.names, chart.wins[row], strict=True) if won]
    others = ", ".join(beaten) if told else _("%(num)s others", num=len(beaten))
    return _("%(row)s beats %(others)s", row=chart.names[row], others=others)


def _runs(chart: Matrix, row: int, top: int) -> Iterator[Markup]:
    """A row of a matrix too wide for weights: what it wins, cells that touch as one bar."""
    count = len(chart.names)
    yield from _name(f"{row + 1}. {chart.names[row]}", top + 16)
    cells = (None if place == row else won for place, won in enumerate(chart.wins[row]))
    start = 0
    for won, run in groupby(cells):
        length = len(list(run))
        if won is not None:
            kind = "c-for" if won else "c-ground"
            yield rect(kind, Fraction(start, count), Fraction(length, count), top + 22, 16)
        start += length


def _cells(chart: Matrix, row: int, top: int) -> Iterator[Markup]:
    count = len(chart.names)
    yield from _name(f"{row + 1}. {chart.names[row]}", top + 16)
    for column in range(count):
        start, width = Fraction(column, count), Fraction(1, count)
        if column == row:
            continue
        won = chart.wins[row][column]
        yield rect("c-for" if won else "c-ground", start, width, top + 22, 28)
        yield upright("c-gap", start + width, top + 22, top + 50)
        yield label(
            chart.pairwise[row][column],
            start + width / 2,
            top + 41,
            class_="on-bar" if won else "in-bar",
            side="middle",
        )


def _table(caption: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A matrix as a table; where it is wider than the screen it scrolls by itself."""
    head = [element("th", _("Option"), scope="col", class_="name")] + [
        element("th", str(place), scope="col", class_="num") for place in range(1, len(names) + 1)
    ]
    body = [
        element(
            "tr",
            element("th", f"{place}. {name}", scope="row"),
            *(element("td", words, class_="num") for words in cells),
        )
        for place, (name, cells) in enumerate(zip(names, rows, strict=True), start=1)
    ]
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element("div", table, class_="wide", tabindex=0, role="region", aria_label=caption)


@draw.register
def _purse(chart: Purse) -> Markup:
    funded = [each for each in chart.purchases if each.funded]
    whole = [Piece(each.name, each.share, each.cost) for each in funded] + [*chart.leftovers]
    classes = ["c-for"] * len(funded) + ["c-ground"] * len(chart.leftovers)
    drawn = [
        label(_("The whole budget: %(budget)s", budget=chart.budget), Fraction(0), 22),
        *_stack(whole, classes, 30),
    ]
    for row, each in enumerate(chart.purchases):
        drawn += _purchase(each, 66 + 74 * row)
    said = "; ".join(f"{piece.name}: {piece.words}" for piece in whole)
    height = 66 + 74 * len(chart.purchases)
    svg = picture(_("What the budget was spent on, and who paid"), f"{said}.", height, drawn)
    keys = legend([("c-for", _("Funded; each part is what one elector paid")),
                   ("c-ground", _("Not funded, kept or left"))])  # fmt: skip
    return keys + svg + _purse_tables(chart)


def _stack(pieces: Sequence[Piece], classes: Sequence[str], top: int) -> Iterator[Markup]:
    shares = [piece.share for piece in pieces]
    starts = accumulate(shares, initial=Fraction(0))
    for class_, share, start in zip(classes, shares, starts, strict=False):
        yield rect(class_, start, share, top, 20)
        yield upright("c-gap", start + share, top, top + 20)


def _purchase(each: Purchase, top: int) -> Iterator[Markup]:
    said = _("%(cost)s, funded") if each.funded else _("%(cost)s, not funded")
    yield from _name(each.name, top + 14)
    yield label(said % {"cost": each.cost}, Fraction(0), top + 58, class_="quiet")
    if each.payers:
        yield from _stack(each.payers, ["c-for"] * len(each.payers), top + 22)
    else:
        yield rect("c-for" if each.funded else "c-ground", Fraction(0), each.share, top + 22, 20)
    yield element("rect", class_="c-absent", x=0, y=top + 22, width=percent(each.share), height=20)


def _purse_tables(chart: Purse) -> Markup:
    rows = [(each.name, each.cost, *each.cells) for each in chart.purchases]
    rows += [(piece.name, piece.words, "", "", "") for piece in chart.leftovers]
    heads = [_("Option"), _("Cost"), _("Weight behind it"), _("Electors"), _("Funded")]
    paid = [
        (f"{each.name}: {payer.name}", payer.words)
        for each in chart.purchases
        for payer in each.payers
    ]
    tables = figures(_("What was funded"), heads, rows)
    if paid:
        said = _("Show who paid for what")
        tables += figures(said, [_("Option and elector"), _("Paid")], paid, said)
    return tables
