"""Ballot files: published votes count as published, and errors name their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.domain.errors import Refusal
from portal.domain.tally.formats import BallotFile, read_ballots
from portal.domain.tally.options import ApprovalChoice, PointsChoice, RankedChoice
from portal.domain.tally.schulze import Unranked, count_ranked
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
        file = read_ballots(name, (_PUBLISHED / name).read_text(encoding="utf-8"))
        ballots = [(weight, choice) for weight, choice in file.ballots]
        assert len(ballots) == published["ballots"], name
        assert len(file.options) == published["options"], name
        ranked = [(w, choice) for w, choice in ballots if isinstance(choice, RankedChoice)]
        counted = count_ranked(
            list(file.options), ranked, unranked=Unranked.ABSTAIN, seats=published["seats"]
        )
        assert [sorted(group) for group in counted.order] == [
            sorted(group) for group in published["order"]
        ], name


def _read(name: str, text: str) -> BallotFile:
    return read_ballots(name, text)


def test_csv_cells_are_ranks_and_unranked_is_empty_or_no_opinion() -> None:
    file = _read("x.CSV", "\ufeffÄnne,Bo,weight\r\n1,,2\n no opinion ,3,0.5\n\n,,1\n")
    assert file.method is Method.RANKED
    assert file.options == {"Änne": "Änne", "Bo": "Bo"}
    assert file.unit == 2
    assert file.ballots == [
        (4, RankedChoice({"Änne": 1})),
        (1, RankedChoice({"Bo": 3})),
        (2, RankedChoice({})),
    ]


def test_a_blank_line_under_a_single_option_is_a_ballot() -> None:
    assert len(_read("x.csv", "A\n1\n\n").ballots) == 2


def test_preflib_braces_group_ties() -> None:
    text = "# FILE NAME: x\n#\n# ALTERNATIVE NAME 1: One\n# ALTERNATIVE NAME 2: Two: B\n"
    text += "# ALTERNATIVE NAME 3: Drei\n\n4: 3,{1,2}\n2: 1\n1:\n1: {2,3}, {}\n"
    file = _read("x.toi", text)
    assert file.options == {"1": "One", "2": "Two: B", "3": "Drei"}
    assert file.ballots == [
        (4, RankedChoice({"3": 1, "1": 2, "2": 2})),
        (2, RankedChoice({"1": 1})),
        (1, RankedChoice({})),
        (1, RankedChoice({"2": 1, "3": 1})),
    ]


def test_pabulib_has_costs_a_budget_and_approvals_with_weights() -> None:
    file = _read("x.pb", PABULIB.format(kind="approval"))
    assert file.method is Method.BUDGET
    assert file.options == {"p1": "One", "p2": "Two; or more"}
    assert (file.costs, file.budget, file.money_unit) == ({"p1": 200, "p2": 241}, 402, 4)
    assert file.unit == 2
    assert file.ballots == [
        (2, ApprovalChoice(frozenset({"p1", "p2"}))),
        (1, ApprovalChoice(frozenset({"p1"}))),
        (2, ApprovalChoice(frozenset())),
    ]


@pytest.mark.parametrize("kind", ["cumulative", "scoring"])
def test_pabulib_points(kind: str) -> None:
    file = _read("x.pb", PABULIB.format(kind=kind))
    assert file.ballots[0] == (2, PointsChoice({"p1": 3, "p2": 1}))
    assert file.ballots[2] == (2, PointsChoice({}))


PREFLIB = "# ALTERNATIVE NAME 1: One\n"
APPROVAL = PABULIB.format(kind="approval")

MALFORMED = [
    ("x.csv", "", "Line 1: the header names no option"),
    ("x.csv", "weight\n1\n", "Line 1: the header names no option"),
    ("x.csv", "a,,b\n", "Line 1: a column has no name"),
    ("x.csv", "a,a\n", "Line 1: a name stands here twice"),
    ("x.csv", "a,b\n1,2\n1\n", "Line 3: 2 cells are expected, not 1"),
    ("x.csv", "a,b\n1,2,3\n", "Line 2: 2 cells are expected, not 3"),
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
    ("x.pb", APPROVAL.replace("VOTES", "BALLOTS"), "Line 9: the cost is not|VOTES is missing"),
    ("x.pb", APPROVAL.replace("budget;100.5\n", ""), 'META does not name "budget"'),
    ("x.pb", APPROVAL.replace("100.5", "much"), "Line 3: the budget is not a number"),
    ("x.pb", APPROVAL.replace(";cost", ";price"), 'Line 7: the column "cost" is missing'),
    ("x.pb", APPROVAL.replace("p1;50", "p1;0"), "Line 8: the cost is 0"),
    ("x.pb", APPROVAL.replace("p2;60", "p1;60"), "Line 9: the project_id is missing or stands"),
    ("x.pb", APPROVAL.replace("2;p1", "2;p9"), 'Line 13: there is no project "p9"'),
    ("x.pb", APPROVAL.replace("2;p1", '2;"p1,p1"'), "Line 13: a project stands here twice"),
    ("x.pb", PABULIB.format(kind="ordinal"), 'Line 4: ballots of the type "ordinal"'),
    ("x.pb", PABULIB.format(kind="scoring").replace("p1;4", "p1;"), "Line 13: 1 points are"),
    ("x.pb", PABULIB.format(kind="scoring").replace("p1;4", "p1;x"), "Line 13: a point is not"),
]


@pytest.mark.parametrize(("name", "text", "message"), MALFORMED)
def test_errors_name_their_line(name: str, text: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as refused:
        read_ballots(name, text)
    assert refused.value.code == "tally.malformed"


@pytest.mark.parametrize("name", ["ballots.txt", "csv.", "x"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(Refusal, match=r"tally\.unknown_format"):
        read_ballots(name, "")
