"""The few pieces every chart is made of: elements, exact percentages, a picture, its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from flask_babel import gettext as _
from markupsafe import Markup, escape

_MIDDLE_FROM_PERCENT, _MIDDLE_TO_PERCENT = 30, 70


def percent(share: Fraction) -> str:
    """A share of one as a length in percent, to a thousandth of a percent."""
    thousandths = round(share * 100_000)
    return f"{thousandths // 1000}.{thousandths % 1000:03d}%"


def anchor(share: Fraction) -> str:
    """Which end of a label stands at `share`, so that it stays inside the picture."""
    if share * 100 < _MIDDLE_FROM_PERCENT:
        return "start"
    return "end" if share * 100 > _MIDDLE_TO_PERCENT else "middle"


def element(tag: str, *children: str, **attributes: str | int) -> Markup:
    """One element; children and values are escaped, `class_` is class, `_` becomes `-`."""
    # Joined by hand: a chart has hundreds of elements, and Markup.format takes ten times as long.
    pairs = "".join(
        [
            f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
            for name, value in attributes.items()
        ]
    )
    inside = "".join([escape(child) for child in children])
    return Markup(f"<{tag}{pairs}>{inside}</{tag}>")  # noqa: S704 - every part is escaped above


def rect(class_: str, start: Fraction, width: Fraction, top: int, height: int) -> Markup:
    """A bar from `start`, `width` long, both as shares of the picture's width."""
    return element(
        "rect", class_=class_, x=percent(start), width=percent(width), y=top, height=height
    )


def upright(class_: str, at: Fraction, top: int, bottom: int) -> Markup:
    """A vertical line at a share of the width."""
    return element("line", class_=class_, x1=percent(at), x2=percent(at), y1=top, y2=bottom)


def label(
    words: str, at: Fraction, top: int, *, class_: str = "", side: str = "start", shift: int = 0
) -> Markup:
    """Text whose baseline is at `top`; `side` is the end that stands at `at`."""
    return element(
        "text", words, x=percent(at), y=top, dx=shift, text_anchor=side, class_=class_ or "plain"
    )


def picture(title: str, description: str, height: int, parts: Iterable[str]) -> Markup:
    """An image of fixed height and full width, named and described for those who cannot see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *parts,
        role="img",
        width="100%",
        height=height,
        focusable="false",
    )


def legend(entries: Iterable[tuple[str, str]]) -> Markup:
    """A list of (class of the swatch, words)."""
    items = (
        element(
            "li",
            element(
                "svg",
                element("rect", class_=class_, x=1, y=1, width=12, height=12),
                viewBox="0 0 14 14",
                aria_hidden="true",
            ),
            element("span", words),
        )
        for class_, words in entries
    )
    return element("ul", *items, class_="legend")


def figures(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], summary: str = ""
) -> Markup:
    """The chart's numbers as a table, folded away; the first column names the row."""
    head = (
        element("th", words, scope="col", class_="num" if column else "name")
        for column, words in enumerate(heads)
    )
    body = (
        element(
            "tr",
            element("th", cells[0], scope="row"),
            *(element("td", words, class_="num") for words in cells[1:]),
        )
        for cells in rows
    )
    table = element(
        "table",
        element("caption", element("span", caption, class_="hidden-label")),
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element(
        "details", element("summary", summary or _("Show figures")), table, class_="more"
    )
