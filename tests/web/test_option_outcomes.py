"""Outcomes over options: what the picture of ranked votes shows of many, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask_babel import Babel

from portal.domain.outcomes import Placing, RankedCount, SumsCount
from portal.domain.papers import BallotPaper, Option, print_paper
from portal.domain.votes import Method
from portal.web.charts import draw
from portal.web.votes.option_charts import Matrix
from portal.web.votes.option_outcomes import _explain_ranked, _explain_sums


@pytest.fixture(autouse=True)
def _locale() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def matrix(count: int) -> Matrix:
    """Everything beats what stands below it, but the last beats the first."""
    names = tuple(f"Option {place}" for place in range(1, count + 1))
    wins = [[row < column for column in range(count)] for row in range(count)]
    wins[0][-1], wins[-1][0] = False, True
    words = tuple(("7",) * count for _row in names)
    return Matrix(names, words, tuple(map(tuple, wins)), words)


@pytest.mark.parametrize("count", [3, 9, 40])
def test_pairs_of_many_options_are_drawn_too(count: int) -> None:
    drawn = f"<div>{draw(matrix(count))}</div>"
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    wide = root.find("./svg[@role='img']")
    assert wide is not None
    won = [bar for bar in wide.iter("rect") if bar.get("class") == "c-for"]
    # Weights stand in the cells of a few options; of many, cells that touch are one bar.
    assert len(won) == (count * (count - 1) // 2 if count == 3 else count)
    assert len(list(root.iter("td"))) == 2 * count * count
    assert len(drawn) < 1000 * count + 200 * count * count


def ranked(pairwise: list[list[int]], order: tuple[tuple[str, ...], ...]) -> list[str]:
    options = (Option("", "Tracing"), Option("", "Windows"))
    paper = print_paper(BallotPaper(Method.RANKED, options))
    pairs = tuple(map(tuple, pairwise))
    count = RankedCount(Placing(order, order[0][:1], (), 0), pairs, pairs)
    return list(_explain_ranked(count, paper))


def test_not_now_is_level_with_nobody_where_nobody_ranked_it() -> None:
    said = ranked([[0, 3, 0], [1, 0, 0], [0, 0, 0]], (("o1", "not_now"), ("o2",)))
    assert said[0].startswith("Nobody ranked an option above or below “Not now”")
    assert said[1].startswith("“Tracing” is first: beside each of the others, more weight")
    level = ranked([[0, 3, 2], [1, 0, 0], [2, 0, 0]], (("o1", "not_now"), ("o2",)))
    assert level == ["Level in first place: “Tracing”, “Not now”."]


def test_what_is_chosen_without_standing_against_not_now_is_said() -> None:
    """All rank "Not now" equal with one option, and both above the other."""
    said = ranked([[0, 3, 0], [0, 0, 0], [0, 3, 0]], (("o1", "not_now"), ("o2",)))
    assert said[0].startswith("No ballot puts “Tracing” above or below “Not now”, not even by way")
    assert said[1:] == ["Level in first place: “Tracing”, “Not now”."]


def test_places_after_a_tie_count_all_who_stand_before() -> None:
    paper = print_paper(BallotPaper(Method.QUADRATIC, tuple(Option("", n) for n in "ABC")))
    placing = Placing((("o1", "o3"), ("o2",)), (), ("o1", "o3"), 1)
    count = SumsCount(placing, {"o1": 4, "o2": 1, "o3": 4}, {"o1": 2, "o2": 1, "o3": 3}, None)
    assert [said.partition(":")[0] for said in _explain_sums(count, paper)] == [
        "1. “A”",
        "1. “C”",
        "3. “B”",
    ]


def test_where_nobody_ranked_anything_nothing_is_level_or_compared() -> None:
    nothing = [[0, 0, 0]] * 3
    assert ranked(nothing, (("o1", "o2", "not_now"),)) == ["Nobody ranked an option above another."]
    drawn = draw(Matrix(("A", "B"), (("0", "0"),) * 2, ((False, False),) * 2, (("0", "0"),) * 2))
    assert "No option beats another." in drawn
