"""Counts of ballot files: every method's figures, and budgets completed in each way."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.tally.file_counts import count_file
from portal.domain.tally.file_rules import Completion, FileRules, Report, exact_number
from portal.domain.tally.formats import read_ballots
from portal.domain.votes import Method

BUDGET = """META
key;value
description;A town
budget;100
vote_type;{kind}
PROJECTS
project_id;cost;name
a;60;Ape
b;50;Bee
c;30;Cat
d;0;Dog
e;0;None
VOTES
voter_id;vote;points
1;"a,c";"1,1"
2;a;3
3;"b,d";"2,1"
4;b;1
"""


def _count(
    name: str, text: str, method: Method | None = None, rules: FileRules | None = None
) -> Report:
    file = read_ballots(name, text.splitlines(keepends=True), method)
    return count_file(file, rules or FileRules())


def test_a_circle_has_no_option_that_beats_all_others() -> None:
    orders = "5: 1,2,3,4\n4: 2,3,1,4\n3: 3,1,2\n"
    names = "".join(f"# ALTERNATIVE NAME {n}: {n}\n" for n in range(1, 5))
    report = _count("x.soi", "# TITLE: Town\n" + names + orders)
    assert (report["title"], report["ballots"]) == ("Town", 12)
    assert report["condorcet_winner"] is None
    assert report["smith_set"] == ["1", "2", "3"]
    assert report["order"] == [["1"], ["2"], ["3"], ["4"]]
    assert _count("x.soi", names + "2: 4,1,2,3\n1: 1,4\n")["condorcet_winner"] == "4"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.lists(st.integers(0, 4), min_size=5, max_size=5)),
        min_size=1,
        max_size=6,
    )
)
def test_the_dominant_group_is_the_smallest(ballots: list[tuple[int, list[int]]]) -> None:
    text = "a,b,c,d,e,weight\n" + "".join(
        ",".join([*(str(rank or "") for rank in ranks), str(weight)]) + "\n"
        for weight, ranks in ballots
    )
    report = _count("x.csv", text)
    pairs, options = report["pairwise"], list(report["options"])
    dominant = [
        set(group)
        for size in range(1, 6)
        for group in combinations(range(5), size)
        if all(
            pairs[one][by] > pairs[by][one] for one in group for by in range(5) if by not in group
        )
    ]
    assert {options.index(option) for option in report["smith_set"]} == dominant[0]


def test_scores_votes_and_approvals_add_up() -> None:
    scored = _count("x.csv", "a,b,weight\n5,,1.5\n2,4,1\n", Method.SCORE)
    assert scored["totals"] == {"a": "9.5", "b": 4}
    assert scored["medians"] == {"a": 5, "b": 4}
    votes = _count("x.csv", "a,b\n3,1\n3,1\n,2\n", Method.QUADRATIC)
    assert votes["totals"] == {"a": 6, "b": 4}
    assert votes["order"] == [["a"], ["b"]]
    points = _count("x.pb", BUDGET.format(kind="scoring"), Method.SCORE)
    assert points["totals"] == {"a": 4, "b": 3, "c": 1, "d": 1, "e": 0}
    assert points["medians"]["e"] is None
    approved = _count("x.pb", BUDGET.format(kind="approval"), Method.APPROVAL)
    assert approved["seated"] == []
    assert approved["tied"] == ["a", "b"]


def test_yes_or_no_with_threshold_and_quorum() -> None:
    text = "vote,weight\nfor,3\nagainst,1\nabstain,1\nrecused,1\n,6\nfor,0\n"
    report = _count("x.csv", text, Method.YES_NO)
    assert report["carried"]
    assert report["totals"]["for"] == {"weight": 3, "ballots": 1}
    assert report["present"] == {"weight": 6, "ballots": 4}
    rules = FileRules(threshold=Fraction(4, 5), quorum=Fraction(3, 5))
    missed = _count("x.csv", text, Method.YES_NO, rules)
    assert missed["not_carried_for"] == ["no_quorum", "threshold_missed"]
    assert missed["share_for"] == "3/4"
    assert _count("x.csv", "vote\n\n", Method.YES_NO)["share_for"] is None


@pytest.mark.parametrize(
    ("completion", "funded", "steps"),
    [
        (Completion.NONE, ["d", "b"], 0),
        (Completion.ADD1, ["d", "b"], 4),
        (Completion.FILL, ["d", "b", "c"], 0),
        (Completion.ADD1_FILL, ["d", "b", "c"], 4),
    ],
)
def test_ways_to_complete_a_budget(completion: Completion, funded: list[str], steps: int) -> None:
    """Five more each would fund a as well, for 110 together."""
    rules = FileRules(completion=completion)
    report = _count("x.pb", BUDGET.format(kind="approval"), rules=rules)
    assert [each["option"] for each in report["funded"]] == funded
    assert report["funded"][0]["by"] == "free"
    assert report["steps"] == steps
    assert [each["option"] for each in report["not_funded"]][-1] == "e"
    assert report["cost"] + report["remaining"] == report["budget"] == 100
    assert (report["share_of_weight_1"], report["utility"]) == (25, "cost")


@pytest.mark.parametrize("kind", ["approval", "scoring", "ordinal"])
def test_payments_add_up_to_what_was_bought(kind: str) -> None:
    copies = BUDGET.format(kind=kind) + '5;"a,c";"1,1"\n'
    report = _count("x.pb", copies, rules=FileRules(payments=True))
    assert report["payments"][0]["ballots"] == 2
    for each in report["funded"][1:]:
        paid = sum(
            ballot["ballots"] * Fraction(ballot["paid_each"].get(each["option"], 0))
            for ballot in report["payments"]
        )
        assert paid == each["cost"]


def test_ranks_of_a_budget_are_points_by_borda() -> None:
    ordinal = BUDGET.format(kind="ordinal").replace("vote_type", "max_length;2\nvote_type")
    scoring = BUDGET.format(kind="scoring").replace('"1,1"', '"2,1"').replace("a;3", "a;2")
    scoring = scoring.replace("b;1", "b;2")
    one, other = _count("x.pb", ordinal), _count("x.pb", scoring)
    assert one["utility"] == "borda"
    assert one["funded"] == other["funded"]
    assert _count("x.pb", ordinal, Method.RANKED)["order"][0] == ["a", "b", "e"]


def test_a_budget_of_a_csv_file_is_refused_and_so_are_scores_of_ranks() -> None:
    with pytest.raises(Refusal, match="no costs"):
        _count("x.csv", "a\n1\n", Method.BUDGET)
    with pytest.raises(Refusal, match="ranked or approval can"):
        _count("x.soc", "# ALTERNATIVE NAME 1: One\n1: 1\n", Method.SCORE)


def test_rounds_may_be_ended_from_outside() -> None:
    def too_long() -> None:
        raise Refusal("tally.too_long", "Too long.")

    with pytest.raises(Refusal, match=r"tally\.too_long"):
        _count("x.pb", BUDGET.format(kind="approval"), rules=FileRules(each_round=too_long))


def test_figures_are_exact() -> None:
    assert [exact_number(*each) for each in ((6, 3), (-5, 4), (1, 3))] == [2, "-1.25", "1/3"]
