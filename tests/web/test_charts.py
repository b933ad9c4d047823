"""Charts: exact lengths, marks where the rules put them, names for those who cannot see, escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask_babel import Babel

from portal.web.charts import (
    Column,
    Columns,
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

NONE = Part(0, 0)
HALF = Fraction(1, 2)
SPONSORS = House(
    name="Sponsors",
    verdict="carried",
    carried=Part(20_000, 6),
    against=Part(10_000, 3),
    abstained=Part(2_000, 1),
    recused=Part(3_000, 1),
    absent=Part(5_000, 4),
    quorum=HALF,
    threshold=Fraction(2, 3),
)
VOICES = (
    Voice("Brightwater", Fraction(1, 4), Fraction(29, 100)),
    Voice("Kestrel", Fraction(1, 8), Fraction(1, 10)),
)
WEIGHTS = Weights(VOICES, Fraction(1, 4))
TURNOUT = Turnout(
    (
        Present("Weight", Fraction(5, 8), "25 of 40", HALF),
        Present("Electors", Fraction(3, 5), "9 of 15", None),
    )
)
COLUMNS = Columns(
    "Sponsorship a month",
    "Received",
    tuple(Column(f"M{n}", 100 * n, f"${n}") for n in range(1, 13)),
)
CHARTS = [WEIGHTS, Outcome((SPONSORS,)), TURNOUT, COLUMNS]


@pytest.fixture(autouse=True)
def _locale() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def tree(chart: object) -> ET.Element:
    """What was drawn, read by a strict parser."""
    return ET.fromstring(f"<div>{draw(chart)}</div>".replace("&ensp;", " "))  # noqa: S314 - our own


def bars(chart: object, class_: str) -> list[tuple[str, str]]:
    """Start and length of the bars of a class, without the legend's swatches."""
    found = tree(chart).iterfind(f".//rect[@class='{class_}']")
    return [(bar.get("x", ""), bar.get("width", "")) for bar in found if "%" in bar.get("x", "")]


@pytest.mark.parametrize("chart", CHARTS)
def test_every_picture_has_a_name_a_description_and_its_figures(chart: object) -> None:
    root = tree(chart)
    pictures = root.findall(".//svg[@role='img']")
    assert pictures
    for picture in pictures:
        assert (picture.findtext("title") or "").strip()
        assert (picture.findtext("desc") or "").strip()
    tables = root.findall(".//details/table")
    assert len(tables) == len(pictures)
    assert all(table.find(".//caption") is not None for table in tables)


@pytest.mark.parametrize("chart", [*CHARTS, Share(HALF, "half", HALF)])
def test_nothing_needs_an_inline_style_or_script(chart: object) -> None:
    for node in tree(chart).iter():
        assert node.tag not in {"style", "script"}
        assert not {name for name in node.attrib if name == "style" or name.startswith("on")}


def test_names_are_escaped_everywhere() -> None:
    hostile = '<script>alert("1")</script>&'
    for chart in (
        Weights((Voice(hostile, HALF, HALF),), None),
        Outcome((replace(SPONSORS, name=hostile, verdict=hostile),)),
        Turnout((Present(hostile, HALF, hostile, HALF),)),
        Columns(hostile, hostile, (Column(hostile, 1, hostile),)),
        Share(HALF, hostile),
    ):
        assert "<script" not in draw(chart)
        assert hostile in "".join(tree(chart).itertext())


def test_weight_and_power_stand_on_one_scale_with_the_cap() -> None:
    # The longest bar, power of 29 %, takes 84 % of the width; all else in proportion.
    scale = Fraction(84) / Fraction(29, 100)
    weights = [width for _x, width in bars(WEIGHTS, "c-ink")]
    powers = [width for _x, width in bars(WEIGHTS, "c-carrot")]
    assert weights == [f"{float(scale / 4):.3f}%", f"{float(scale / 8):.3f}%"]
    assert powers == ["84.000%", f"{float(scale / 10):.3f}%"]
    cap = tree(WEIGHTS).find(".//line[@class='c-cap']")
    assert cap is not None
    assert cap.get("x1") == weights[0]


def test_without_a_cap_no_line_is_drawn() -> None:
    assert tree(Weights(VOICES, None)).find(".//line[@class='c-cap']") is None


def test_a_long_name_is_shortened_for_narrow_screens_and_whole_in_the_table() -> None:
    name = "Nordlicht Versicherungen, Department of Data Processing and Archives"
    root = tree(Weights((Voice(name, HALF, HALF),), None))
    short = root.findtext(".//text[@class='short']") or ""
    assert short.endswith("…")
    assert len(short) <= 42
    assert root.findtext(".//text[@class='full']") == name
    assert root.findtext(".//tbody/tr/th") == name


def test_parts_are_stacked_by_weight_in_the_order_that_the_marks_rely_on() -> None:
    chart = Outcome((SPONSORS,))
    assert bars(chart, "c-for") == [("0.000%", "50.000%")]
    assert bars(chart, "c-against") == [("50.000%", "25.000%")]
    assert bars(chart, "c-abstain") == [("75.000%", "5.000%")]
    assert bars(chart, "c-recused") == [("80.000%", "7.500%")]
    assert bars(chart, "c-absent") == [("87.500%", "12.500%")]


def test_quorum_is_marked_on_the_whole_weight_and_threshold_on_for_and_against() -> None:
    marks = [
        line.get("x1") for line in tree(Outcome((SPONSORS,))).iterfind(".//line[@class='c-mark']")
    ]
    # 2/3 of (20 + 10) of 40 is exactly where "for" ends: carried by the rule "at least t".
    assert marks == ["50.000%", "50.000%"]
    bolder = replace(SPONSORS, quorum=Fraction(1, 4), threshold=HALF)
    marks = [
        line.get("x1") for line in tree(Outcome((bolder,))).iterfind(".//line[@class='c-mark']")
    ]
    assert marks == ["25.000%", "37.500%"]


def test_a_house_without_for_and_against_has_no_threshold_mark() -> None:
    house = replace(SPONSORS, carried=NONE, against=NONE, quorum=None)
    assert tree(Outcome((house,))).find(".//line[@class='c-mark']") is None


def test_an_empty_house_is_drawn_without_dividing_by_nothing() -> None:
    house = House("Maintainers", "no quorum", NONE, NONE, NONE, NONE, NONE, HALF, HALF)
    assert "no quorum" in draw(Outcome((house,)))


def test_two_houses_on_a_page_do_not_share_a_pattern() -> None:
    chart = Outcome((SPONSORS, replace(SPONSORS, name="Maintainers")))
    names = [pattern.get("id") for pattern in tree(chart).iterfind(".//pattern")]
    assert len(set(names)) == len(names) == 2


def test_the_figures_of_a_house_give_weight_share_and_electors() -> None:
    rows = [
        [cell.text for cell in row] for row in tree(Outcome((SPONSORS,))).iterfind(".//tbody/tr")
    ]
    assert rows[0] == ["For", "20", "50%", "6"]
    assert rows[4] == ["Did not vote", "5", "12.5%", "4"]


def test_turnout_fills_its_share_and_marks_the_quorum_where_there_is_one() -> None:
    assert bars(TURNOUT, "c-ink") == [("0.000%", "62.500%"), ("0.000%", "60.000%")]
    assert len(tree(TURNOUT).findall(".//line[@class='c-mark']")) == 1


def test_columns_are_as_tall_as_their_sizes() -> None:
    drawn = tree(COLUMNS).findall(".//svg/rect")
    assert [int(bar.get("height", "")) for bar in drawn] == [140 * n // 12 for n in range(1, 13)]
    assert [bar.get("class") for bar in drawn].count("c-carrot") == 1


def test_labels_under_columns_thin_out_and_keep_the_last() -> None:
    words = [
        text.text for text in tree(COLUMNS).iterfind(".//text") if re.match(r"M\d", text.text or "")
    ]
    assert words == ["M2", "M4", "M6", "M8", "M10", "M12"]


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ((9, 1, 1, 1, 5), ["$9", "$5"]),  # far apart: the largest and the latest
        ((1, 1, 1, 9, 5), ["$9"]),  # too near for two
        ((0, 0), ["$0", "$0"]),
    ],
)
def test_sizes_are_written_where_they_cannot_collide(
    sizes: tuple[int, ...], named: list[str]
) -> None:
    chart = Columns("Gifts", "Given", tuple(Column(f"w{n}", n, f"${n}") for n in sizes))
    written = [text.text for text in tree(chart).iterfind(".//text[@class='strong']")]
    assert written == named


def test_nothing_yet_is_an_empty_axis() -> None:
    assert tree(Columns("Gifts", "Given", ())).find(".//line[@class='c-base']") is not None


def test_a_share_says_its_words_and_hides_the_bar_from_readers() -> None:
    root = tree(Share(Fraction(1, 12), "gives 8.3% of the vote today", Fraction(1, 4)))
    assert root.findtext("p") == "gives 8.3% of the vote today"
    assert root.find("svg").get("aria-hidden") == "true"  # type: ignore[union-attr]
    assert bars(Share(Fraction(1, 12), ""), "c-carrot") == [("0.000%", "8.333%")]


def test_anything_else_is_not_a_chart() -> None:
    with pytest.raises(TypeError, match="not a chart"):
        draw("weights")
