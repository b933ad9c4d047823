"""Ballot files: published votes count as published, and errors name their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.domain.errors import Refusal
from portal.domain.tally.file_ballots import BallotFile, Cast
from portal.domain.tally.file_counts import count_file
from portal.domain.tally.file_rules import FileRules
from portal.domain.tally.formats import read_ballots
from portal.domain.votes import Method

_PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "elections"
_EXPECTED = _PUBLISHED / "expected.json"

PABULIB = """META
key;value
budget;100.5
vote_type;{kind}

PROJECTS
project_id;cost;votes;name
p1;50;2;One
p2;60.25;1;"Two; or more"
VOTES
voter_id;vote;points;weight
1;"p1,p2";"3,1";1
2;p1;4;0.5
3;;;
"""


@pytest.mark.skipif(not _EXPECTED.exists(), reason="the published votes are not at hand")
def test_published_votes_are_counted_as_published() -> None:
    expected = json.loads(_EXPECTED.read_text())
    assert expected
    for name, published in expected.items():
        with (_PUBLISHED / name).open(encoding="utf-8", newline="") as lines:
            file = read_ballots(name, lines)
        report = count_file(file, FileRules(seats=published["seats"]))
        assert report["ballots"] == published["ballots"], name
        assert len(file.options) == published["options"], name
        assert [sorted(group) for group in report["order"]] == [
            sorted(group) for group in published["order"]
        ], name


def _read(name: str, text: str, method: Method | None = None) -> BallotFile:
    return read_ballots(name, text.splitlines(keepends=True), method)


def test_csv_cells_are_ranks_and_unranked_is_empty_or_no_opinion() -> None:
    file = _read("x.CSV", "\ufeffÄnne,Bo,weight\r\n1,,2\n no opinion ,3,0.5\n\n,,1\n")
    assert file.method is Method.RANKED
    assert file.options == {"Änne": "Änne", "Bo": "Bo"}
    assert file.unit == 2
    assert file.casts == (Cast(1, 4, {"Änne": 1}), Cast(1, 1, {"Bo": 3}), Cast(1, 2, {}))


def test_a_blank_line_under_a_single_option_is_a_ballot() -> None:
    assert _read("x.csv", "A\n1\n\n").ballots == 2


def test_preflib_braces_group_ties() -> None:
    text = "# FILE NAME: x\n#\n# ALTERNATIVE NAME 1: One\n# ALTERNATIVE NAME 2: Two: B\n"
    text += "# ALTERNATIVE NAME 3: Drei\n\n4: 3,{1,2}\n2: 1\n1:\n1: {2,3}, {}\n"
    file = _read("x.toi", text)
    assert file.options == {"1": "One", "2": "Two: B", "3": "Drei"}
    assert file.casts == (
        Cast(4, 1, {"3": 1, "1": 2, "2": 2}),
        Cast(2, 1, {"1": 1}),
        Cast(1, 1, {}),
        Cast(1, 1, {"2": 1, "3": 1}),
    )
    assert file.ballots == 8


def test_pabulib_has_costs_a_budget_and_approvals_with_weights() -> None:
    file = _read("x.pb", PABULIB.format(kind="approval"))
    assert file.method is Method.BUDGET
    assert file.options == {"p1": "One", "p2": "Two; or more"}
    assert (file.costs, file.budget, file.money_unit) == ({"p1": 200, "p2": 241}, 402, 4)
    assert file.unit == 2
    assert file.casts == (
        Cast(1, 2, {"p1": 1, "p2": 1}),
        Cast(1, 1, {"p1": 1}),
        Cast(1, 2, {}),
    )


@pytest.mark.parametrize("kind", ["cumulative", "scoring"])
def test_pabulib_points(kind: str) -> None:
    file = _read("x.pb", PABULIB.format(kind=kind))
    assert file.casts[0] == Cast(1, 2, {"p1": 3, "p2": 1})
    assert file.casts[2] == Cast(1, 2, {})


def test_points_and_costs_with_places_are_exact() -> None:
    text = (
        PABULIB.format(kind="scoring").replace('"3,1"', '"0.5,2.0"').replace("60.25", '"1 060,25"')
    )
    file = _read("x.pb", text)
    assert file.scale == 2
    assert file.casts[0].numbers == {"p1": 1, "p2": 4}
    assert file.costs["p2"] == 4241


def test_a_project_approved_twice_is_approved_once() -> None:
    file = _read("x.pb", PABULIB.format(kind="approval").replace("2;p1;4", '2;"p1,p1";4'))
    assert file.casts[1].numbers == {"p1": 1}


def test_ranks_of_a_budget_keep_their_order() -> None:
    text = PABULIB.format(kind="ordinal").replace("vote_type", "max_length;2\nvote_type")
    file = _read("x.pb", text.replace("p1,p2", "p2,p1"))
    assert file.longest == 2
    assert file.casts[0].numbers == {"p2": 1, "p1": 2}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [['"Smith, A"', "Bo;C", "weight"], ["1", "2.0", "3"], ["-", "1", "1"]]
    text = "\r\n".join(delimiter.join(f'"{cell.strip(chr(34))}"' for cell in row) for row in rows)
    file = _read("x.csv", text)
    assert list(file.options) == ["Smith, A", "Bo;C"]
    assert file.casts == (Cast(1, 3, {"Smith, A": 1, "Bo;C": 2}), Cast(1, 1, {"Bo;C": 1}))


def test_semicolons_between_names_with_commas() -> None:
    assert list(_read("x.csv", "Smith, A;Doe, B\n1;2\n").options) == ["Smith, A", "Doe, B"]


def test_equal_ballots_are_held_once() -> None:
    file = _read("x.csv", "voter_id,a,b,\n1,1,2,\n,1,2,\n,1,2,\n,,,\n")
    assert (file.ballots, len(file.casts)) == (4, 3)
    assert list(file.options) == ["a", "b"]


@pytest.mark.parametrize(
    ("method", "text", "numbers"),
    [
        (Method.APPROVAL, "a,b,c,d\nx,0,1,no\n", {"a": 1, "c": 1}),
        (Method.SCORE, "a,b,c\n0,5,\n", {"a": 0, "b": 5}),
        (Method.QUADRATIC, "a,b,weight\n2,1,5\n", {"a": 2, "b": 1}),
        (Method.YES_NO, "vote,weight\nYES,2\n", {"for": 1}),
    ],
)
def test_a_cell_says_what_the_method_asks(
    method: Method, text: str, numbers: dict[str, int]
) -> None:
    assert _read("x.csv", text, method).casts[0].numbers == numbers


def test_preflib_of_before_2022() -> None:
    file = _read("x.toi", "3\n1,One\n2,Two, B\n3,Drei\n7,7,2\n5,1,{2,3}\n2,3\n")
    assert file.options == {"1": "One", "2": "Two, B", "3": "Drei"}
    assert file.casts == (Cast(5, 1, {"1": 1, "2": 2, "3": 2}), Cast(2, 1, {"3": 1}))


PREFLIB = "# ALTERNATIVE NAME 1: One\n"
APPROVAL = PABULIB.format(kind="approval")
COUNTED = "# NUMBER VOTERS: 5\n# NUMBER UNIQUE ORDERS: 2\n" + PREFLIB
OLD = "3\n1,One\n2,Two\n3,Drei\n"


def test_an_old_name_in_quotation_marks_is_read_without_them() -> None:
    file = _read("x.soc", OLD.replace("Two", '"Two, ""B"""') + "1,1,1\n1,3,2,1\n")
    assert file.options["2"] == 'Two, "B"'


@pytest.mark.parametrize("totals", ["9,4,5", "9,9,2"])
def test_old_totals_fit_if_either_does(totals: str) -> None:
    """Published files are not always right about both."""
    assert _read("x.soc", f"{OLD}{totals}\n1,1,2,3\n3,3,2,1\n").ballots == 4


@pytest.mark.parametrize("orders", ["5: 1\n", "4: 1\n2:\n"])
def test_totals_fit_if_either_does(orders: str) -> None:
    assert _read("x.soi", COUNTED + orders).ballots in {5, 6}


def test_an_option_without_a_name_goes_by_its_number() -> None:
    assert _read("x.soc", "# ALTERNATIVE NAME 1:\n1: 1\n").options == {"1": "1"}


@pytest.mark.parametrize("name", ["Ballot ID", "voter_id", "Voter"])
def test_columns_that_number_ballots_are_left_aside(name: str) -> None:
    file = _read("x.csv", f"{name},a,b\n7,1,2\n")
    assert file.options == {"a": "a", "b": "b"}
    assert file.casts == (Cast(1, 1, {"a": 1, "b": 2}),)


def test_a_ballot_longer_than_the_file_allows_leaves_no_option_worthless() -> None:
    text = PABULIB.format(kind="ordinal").replace("vote_type", "max_length;1\nvote_type")
    assert _read("x.pb", text).longest == 2


def test_names_of_projects_may_begin_with_a_quoted_word_and_cells_with_a_space() -> None:
    text = APPROVAL.replace("One", '"Sunny" park').replace('"Two; or more"', "Old `road")
    file = _read("x.pb", text.replace(";", "; "))
    assert file.options == {"p1": "Sunny park", "p2": "Old `road"}
    assert file.casts == _read("x.pb", APPROVAL).casts


def test_amounts_with_several_parted_thousands_are_clear() -> None:
    file = _read("x.pb", APPROVAL.replace("100.5", "1,000,100.5").replace("60.25", '"1,060.25"'))
    assert file.budget == 4 * 1_000_100 + 2
    assert file.costs["p2"] == 4 * 1060 + 1


def test_a_first_line_may_name_the_delimiter() -> None:
    file = _read("x.csv", "sep=;\r\n\r\nSmith, A;Doe, B\r\n1;2\r\n")
    assert list(file.options) == ["Smith, A", "Doe, B"]
    assert file.casts[0].numbers == {"Smith, A": 1, "Doe, B": 2}


MALFORMED = [
    ("x.csv", "", "Line 1: the header names no option"),
    ("x.csv", "weight\n1\n", "Line 1: the header names no option"),
    ("x.csv", "a,,b\n", "Line 1: a column has no name"),
    ("x.csv", "a,a\n", "Line 1: a name stands here twice"),
    ("x.csv", "a,\0\n", "Line 1: this is no text"),
    ("x.csv", "a,b\n1,2\n1\n", "Line 3: the number of cells is 1, not 2"),
    ("x.csv", "a,b\n1,2,3\n", "Line 2: the number of cells is 3, not 2"),
    ("x.csv", "a,b\n1,first\n", 'Line 2: the rank of "b" is not'),
    ("x.csv", "a,b\n0,1\n", 'Line 2: the rank of "a" is not'),
    ("x.csv", "a\n²\n", 'Line 2: the rank of "a" is not'),
    ("x.csv", "a\n" + "9" * 5000, 'Line 2: the rank of "a" is not'),
    ("x.csv", "a,weight\n1,heavy\n", "Line 2: the weight is not a number"),
    ("x.csv", "a,weight\n1,-1\n", "Line 2: the weight is not a number from"),
    ("x.csv", "a,weight\n1,NaN\n", "Line 2: the weight is not a number from"),
    ("x.csv", "a,weight\n1,1e99999\n", "Line 2: the weight is not a number from"),
    ("x.csv", 'a,b\n"1"2,2\n', "Line 2: this is no table row"),
    ("x.soc", "3: 1,2\n", "Line 1: no option is named"),
    ("x.soc", PREFLIB + "1,2\n", "Line 2: "),
    ("x.soc", PREFLIB + "3: 1;2\n", "Line 2: "),
    ("x.soc", PREFLIB + "3: 1,{1\n", "Line 2: "),
    ("x.soc", PREFLIB + "3: 2\n", "Line 2: option 2 is not named above"),
    ("x.soc", PREFLIB + "3: 1,1\n", "Line 2: option 1 stands here twice"),
    ("x.soc", PREFLIB + "x: 1\n", "Line 2: the count is not"),
    ("x.pb", "", "The section META is missing"),
    ("x.pb", "voter_id;vote\n", "Line 1: META is expected first"),
    ("x.pb", APPROVAL.replace("VOTES", "BALLOTS"), "Line 10: the cost is not a number"),
    ("x.pb", APPROVAL.replace("budget;100.5\n", ""), 'META does not name "budget"'),
    ("x.pb", APPROVAL.replace("100.5", "much"), "Line 3: the budget is not a number"),
    ("x.pb", APPROVAL.replace(";cost", ";price"), 'Line 7: the column "cost" is missing'),
    ("x.pb", APPROVAL + "VOTES\nvote\np1\n", "The section VOTES stands twice"),
    ("x.pb", APPROVAL.replace("p2;60", "p1;60"), "Line 9: the project_id is missing or stands"),
    ("x.pb", APPROVAL.replace("2;p1", "2;p9"), 'Line 13: there is no project "p9"'),
    ("x.pb", PABULIB.format(kind="ordinal").replace("2;p1", '2;"p1,p1"'), "Line 13: a project st"),
    ("x.pb", PABULIB.format(kind="veto"), 'Line 4: ballots of the type "veto" are not known'),
    ("x.pb", APPROVAL.replace("budget;100.5", "budget;100.5\nmax_length;few"), "Line 4: max_len"),
    (
        "x.csv",
        "Doe, J,Roe, R\n1,2\n",
        "Line 2: the number of cells .* hold a comma stand in quotation marks",
    ),
    ("x.csv", "a;weight\n1;1,500\n", 'Line 2: the weight is unclear: write "1500" or "1.500"'),
    ("x.pb", APPROVAL.replace("100.5", "100,000"), "Line 3: the budget is unclear"),
    ("x.pb", APPROVAL.replace("One", "One;and two"), "Line 8: the number of cells is 5, not 4"),
    ("x.pb", 'META\nkey;value\nbudget;9\nvote_type;approval\nunit;"A\n', "or a quotation mark bef"),
    ("x.pb", APPROVAL.replace("2;p1;4", '2;p1;"4') + '4;p1;";\n', "Line 15: a quotation mark"),
    ("x.pb", APPROVAL.replace("budget;100.5", "budget;9\ndefault_score;1"), "Line 4: a default_sc"),
    ("x.soc", PREFLIB + PREFLIB + "3: 1\n", "Line 2: option 1 is named twice"),
    ("x.soc", OLD.replace("2,Two", "1,Two") + "3,3,1\n", "Line 3: option 1 is named twice"),
    ("x.soc", OLD + "4,1,2,3\n3,3,2,1\n", "Line 5: 3 names, then the totals are expected"),
    ("x.soc", OLD, "Line 5: 3 names, then the totals are expected"),
    ("x.soc", OLD + "9,9,3\n4,1,2,3\n", "Line 5: the totals of voters and orders do not fit"),
    ("x.csv", "a,weight,Weight\n1,1,2\n", "Line 1: two columns weigh the ballots"),
    ("x.pb", APPROVAL.replace("budget;100.5", "budget;9\nbudget;8"), 'Line 4: META names "budget"'),
    (
        "x.pb",
        APPROVAL.replace(";cost", ";cost;cost"),
        'Line 7: the column "cost" stands here twice',
    ),
    ("x.soc", COUNTED + "3: 1\n", "Line 1: the totals of voters and orders do not fit"),
    ("x.soc", COUNTED.replace("5", "five"), "Line 1: NUMBER VOTERS is not a whole number"),
    ("x.csv", "a,weight\n1,1e-99999\n", "Line 2: the weight has too many places"),
    ("x.soc", "# DATA TYPE: cat\n" + PREFLIB, 'Line 1: data of the type "cat" are no orders'),
    ("x.pb", PABULIB.format(kind="scoring").replace("p1;4", "p1;"), "Line 13: 1 points are"),
    ("x.pb", PABULIB.format(kind="scoring").replace("p1;4", "p1;x"), "Line 13: a point is not"),
]


@pytest.mark.parametrize(("name", "text", "message"), MALFORMED)
def test_errors_name_their_line(name: str, text: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as refused:
        _read(name, text)
    assert refused.value.code == "tally.malformed"


@pytest.mark.parametrize(
    ("method", "text", "message"),
    [
        (Method.YES_NO, "a,b\nfor,for\n", "Line 1: a yes/no vote has one column"),
        (Method.YES_NO, "a\nperhaps\n", 'Line 2: "perhaps" is not for'),
        (Method.SCORE, "a\n-1\n", 'Line 2: the score of "a" is not'),
        (Method.QUADRATIC, "a,weight\n3,8\n", "Line 2: v votes cost v [*] v credits"),
        (Method.APPROVAL, "a\nperhaps\n", 'Line 2: the mark of "a" is not'),
    ],
)
def test_cells_that_a_method_does_not_take(method: Method, text: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        _read("x.csv", text, method)


@pytest.mark.parametrize("name", ["ballots.txt", "csv.", "x", "a.cat", "b.wmd"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(Refusal, match=r"tally\.unknown_format"):
        read_ballots(name, [])
