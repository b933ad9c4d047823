"""``portal tally FILE``: its figures in JSON and as text, its options and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portal.cli.tally import tally_command

CYCLE = "a,b,c,weight\n1,2,3,3\n3,1,2,2.5\n2,3,1,2\n"
BUDGET = """META
key;value
budget;10.5
vote_type;approval
PROJECTS
project_id;cost;name
p;5;Path
q;4.5;Quay
r;6;Roof
VOTES
voter_id;vote
1;"p,r"
2;"p,q"
"""


def _run(directory: Path, name: str, text: str, *options: str) -> Result:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(tally_command, [str(file), *options])


def _json(directory: Path, name: str, text: str, *options: str) -> Any:
    ran = _run(directory, name, text, "--json", *options)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_ranked_figures(tmp_path: Path) -> None:
    report = _json(tmp_path, "x.csv", CYCLE, "--seats", "2")
    assert report["method"] == "ranked"
    assert (report["ballots"], report["weight"]) == (3, "7.5")
    assert report["majority_above"] == "3.75"
    assert report["order"] == [["a"], ["b"], ["c"]]
    assert (report["seated"], report["tied"], report["open_seats"]) == (["a", "b"], [], 0)
    assert report["pairwise"] == [[0, 5, 3], ["2.5", 0, "5.5"], ["4.5", 2, 0]]
    assert report["strongest_paths"] == [[0, 5, 5], ["4.5", 0, "5.5"], ["4.5", "4.5", 0]]


def test_ranked_text(tmp_path: Path) -> None:
    shown = _run(tmp_path, "x.csv", CYCLE + "1,1,,9\n", "--unranked", "last").stdout
    assert "unranked options last: 4 ballots, weight 16.5" in shown
    assert "   1. a  seated" in shown
    assert "Strongest paths" in shown


def test_a_majority_is_named_where_figures_are_weights(tmp_path: Path) -> None:
    """Two for and one against carry, though two are no majority of five who were asked."""
    said = "A majority is more than"
    assert said in _run(tmp_path, "x.csv", CYCLE).stdout
    text = "v\nfor\nfor\nagainst\nabstain\nabstain\n"
    ran = _run(tmp_path, "x.csv", text, "--method", "yes_no")
    assert "Carried" in ran.stdout
    assert said not in ran.stdout
    assert said not in _run(tmp_path, "x.pb", BUDGET).stdout


def test_unranked_policy_changes_the_order(tmp_path: Path) -> None:
    text = "a,b\n1,\n1,\n2,1\n"
    assert _json(tmp_path, "x.csv", text)["order"] == [["b"], ["a"]]
    assert _json(tmp_path, "x.csv", text, "--unranked", "last")["order"] == [["a"], ["b"]]


def test_ties_for_a_seat_are_shown(tmp_path: Path) -> None:
    text = "a,b,c\n1,2,3\n2,1,3\n"
    assert _json(tmp_path, "x.csv", text)["tied"] == ["a", "b"]
    assert "   1. b  tied for a seat\n   3. c" in _run(tmp_path, "x.csv", text).stdout


def test_budget_figures(tmp_path: Path) -> None:
    report = _json(tmp_path, "x.pb", BUDGET)
    assert report["method"] == "budget"
    assert [each["option"] for each in report["funded"]] == ["p", "q"]
    assert report["funded"][1] == {
        "option": "q", "cost": "4.5", "support": 1, "ballots": 1, "by": "equal_shares"
    }  # fmt: skip
    assert (report["budget"], report["cost"], report["remaining"]) == ("10.5", "9.5", 1)


def test_budget_text(tmp_path: Path) -> None:
    shown = _run(tmp_path, "x.pb", BUDGET).stdout
    assert "2  p  Path" in shown
    assert "             1  remaining" in shown


def test_filling_a_budget(tmp_path: Path) -> None:
    """Two more units each would fund all three for too much, so what is left is filled."""
    text = BUDGET.replace("q;4.5", "q;6").replace("10.5", "11")
    assert [each["by"] for each in _json(tmp_path, "x.pb", text)["funded"]] == ["equal_shares"]
    filled = _json(tmp_path, "x.pb", text, "--completion", "add1-fill")
    assert [each["by"] for each in filled["funded"]] == ["equal_shares", "fill"]
    roots = [
        _json(tmp_path, "x.pb", text, "--completion", "add1-fill", "--root", f"{n:02x}")
        for n in range(12)
    ]
    assert len({report["funded"][1]["option"] for report in roots}) == 2
    assert "filled" in _run(tmp_path, "x.pb", text, "--completion", "add1-fill").stdout


@pytest.mark.parametrize(("name", "text"), [("x.csv", "p,q,r\n1,,2\n1,2,\n"), ("x.pb", BUDGET)])
def test_approval_counts_what_a_ballot_names(tmp_path: Path, name: str, text: str) -> None:
    report = _json(tmp_path, name, text, "--method", "approval")
    assert report["totals"] == {"p": 2, "q": 1, "r": 1}
    assert report["order"] == [["p"], ["q", "r"]]
    assert "Approving weight" in _run(tmp_path, name, text, "--method", "approval").stdout


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("x.csv", "a\nfirst\n", (), "Line 2"),
        ("x.pb", BUDGET, ("--method", "ranked"), "cannot be counted that way"),
        ("x.pb", BUDGET, ("--root", "xyz"), "hexadecimal"),
        ("x.txt", "", (), "ends in .csv"),
        ("x.csv", CYCLE, ("--seats", "0"), "--seats"),
        ("x.csv", CYCLE, ("--method", "budget"), "has no costs"),
        ("x.csv", CYCLE, ("--method", "consensus"), "--method"),
        ("x.csv", CYCLE, ("--threshold", "1/2"), "--threshold"),
        ("x.csv", CYCLE, ("--quorum", "most"), "--quorum"),
        ("x.csv", CYCLE, ("--quorum", "3/2"), "--quorum"),
    ],
)
def test_refusals_are_one_clear_line(
    tmp_path: Path, name: str, text: str, options: tuple[str, ...], message: str
) -> None:
    ran = _run(tmp_path, name, text, *options)
    assert ran.exit_code != 0
    assert message in ran.stderr
    assert ran.stdout == ""


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a\n\xff\n")
    ran = CliRunner().invoke(tally_command, [str(tmp_path / "x.csv")])
    assert ran.exit_code == 1
    assert "UTF-8" in ran.stderr
