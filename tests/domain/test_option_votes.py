"""Votes over options, frozen and counted as values: every method, its settings, its properties."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.canonical import canonical_json, fingerprint
from portal.domain.charter import DecisionMode, House, PrivacyMode
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.outcomes import (
    BudgetCount,
    Figures,
    OptionCount,
    RankedCount,
    SumsCount,
    Verdict,
    verdict_of,
)
from portal.domain.papers import BallotPaper, Option, print_paper, read_paper
from portal.domain.rules import read_terms
from portal.domain.stored_figures import read_figures, write_figures, write_roll
from portal.domain.tally.options import NOT_NOW, Unranked
from portal.domain.tally.ordering import tie_order
from portal.domain.votes import Method
from tests.domain.test_count import freeze, make_electorate

NAMES = ("Replication", "Tracing", "Windows")
COSTS = (3000, 2000, 1000)
OPTION_METHODS = [method for method in Method if method is not Method.YES_NO]


def make_paper(method: Method, **values: Any) -> BallotPaper:
    options = tuple(
        Option("", name, f"About {name}.", cost) for name, cost in zip(NAMES, COSTS, strict=True)
    )
    budget = Money(5000, "EUR") if method is Method.BUDGET else None
    settings_: dict[str, Any] = {"options": options, "budget": budget} | values
    return print_paper(BallotPaper(method, **settings_))


def make_rules(
    method: Method,
    *,
    weights: tuple[int, ...] = (4, 2, 2, 1),
    charter: dict[str, Any] | None = None,
    **values: Any,
) -> dict[str, Any]:
    electorate = make_electorate(weights, **charter or {})
    return freeze(electorate, paper=make_paper(method, **values))


def ballots(*choices: dict[str, Any] | None, house: House = House.SPONSORS) -> list[CurrentBallot]:
    """One ballot for each position, from the heaviest elector on; None casts none."""
    return [
        CurrentBallot(house, position, choice, "")
        for position, choice in enumerate(choices, start=1)
        if choice is not None
    ]


def ranks(*names: str) -> dict[str, Any]:
    return {"ranks": {name: place for place, name in enumerate(names, start=1)}}


def approve(*names: str) -> dict[str, Any]:
    return {"approved": list(names)}


def count_of(figures: Figures, house: int = 0) -> OptionCount:
    count = figures.houses[house].count
    assert count is not None
    return count


def sums(figures: Figures) -> SumsCount:
    count = count_of(figures)
    assert isinstance(count, SumsCount)
    return count


def budget(figures: Figures) -> BudgetCount:
    count = count_of(figures)
    assert isinstance(count, BudgetCount)
    return count


# Papers


@pytest.mark.parametrize("method", OPTION_METHODS)
def test_a_paper_freezes_and_is_read_back_as_it_was(method: Method) -> None:
    paper = make_paper(method)
    rules = freeze(make_electorate(), paper=paper)
    again = json.loads(canonical_json(rules))
    assert fingerprint(again) == fingerprint(rules)
    assert read_paper(again) == paper
    other = freeze(make_electorate(), paper=replace(paper, options=paper.options[::-1]))
    assert fingerprint(other) != fingerprint(rules)


def test_options_have_stable_ids_and_not_now_stands_in_ranked_and_budget_votes() -> None:
    assert make_paper(Method.APPROVAL).ids == ("o1", "o2", "o3")
    assert make_paper(Method.RANKED).ids == ("o1", "o2", "o3", NOT_NOW)
    assert make_paper(Method.BUDGET).ids == ("o1", "o2", "o3", NOT_NOW)
    proposals = (Option("", "A", proposal=7), Option("", "B", proposal=9))
    assert make_paper(Method.SCORE, options=proposals).ids == ("p7", "p9")


def options(*names: str, cost: int | None = 100) -> tuple[Option, ...]:
    return tuple(Option("", name, cost=cost) for name in names)


@pytest.mark.parametrize(
    ("method", "values", "field"),
    [
        (Method.RANKED, {"options": options("A")}, "options"),
        (Method.RANKED, {"options": options(*map(str, range(41)))}, "options"),
        (Method.RANKED, {"options": options("A", "")}, "options"),
        (Method.RANKED, {"options": options("A", "a")}, "options"),
        (Method.RANKED, {"options": options("A", "Not now")}, "options"),
        (Method.APPROVAL, {"seats": 0}, "seats"),
        (Method.APPROVAL, {"seats": 3}, "seats"),
        (Method.BUDGET, {"budget": None}, "budget"),
        (Method.BUDGET, {"budget": Money(0, "EUR")}, "budget"),
        (Method.BUDGET, {"options": options("A", "B", cost=0)}, "options"),
        (Method.BUDGET, {"options": options("A", "B", cost=None)}, "options"),
        (Method.BUDGET, {"options": options("A", "B", cost=5001)}, "options"),
        (Method.BUDGET, {"points": -1}, "points"),
        (Method.BUDGET, {"points": 1001}, "points"),
    ],
)
def test_a_paper_that_cannot_be_voted_on_is_refused_at_its_field(
    method: Method, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        make_paper(method, **values)
    assert (refused.value.code, refused.value.field) == (f"vote.{field}", field)


# Ballots


@pytest.mark.parametrize(
    ("method", "choice", "code"),
    [
        (Method.APPROVAL, approve("o9"), "ballot.unknown_option"),
        (Method.APPROVAL, approve("o1", "o1"), "ballot.doubled_option"),
        (Method.RANKED, {"ranks": {"o1": 1, "o2": 3}}, "ballot.rank_gap"),
        (Method.RANKED, {"ranks": {"o1": 1}, "weight": 9}, "ballot.extra_field"),
        (Method.SCORE, {"scores": {"o1": 6}}, "ballot.out_of_range"),
        (Method.BUDGET, approve("o1", NOT_NOW), "ballot.not_now_mixed"),
        (Method.QUADRATIC, {"votes": {"o1": 2, "o2": 1}}, "ballot.too_many_credits"),
    ],
)
def test_the_count_refuses_what_no_form_would_take(
    method: Method, choice: dict[str, Any], code: str
) -> None:
    """The heaviest elector weighs 4, and so has 4 credits."""
    with pytest.raises(Refusal) as refused:
        count_vote(make_rules(method), ballots(choice))
    assert refused.value.code == code


def test_points_that_go_to_not_now_go_nowhere_else() -> None:
    rules = make_rules(Method.BUDGET, points=10)
    with pytest.raises(Refusal, match=r"ballot\.not_now_mixed"):
        count_vote(rules, ballots({"points": {"o1": 1, NOT_NOW: 9}}))
    with pytest.raises(Refusal, match=r"ballot\.too_many_points"):
        count_vote(rules, ballots({"points": {"o1": 6, "o2": 5}}))
    assert budget(count_vote(rules, ballots({"points": {NOT_NOW: 10}}))).kept == 5000


# Counts


def test_approval_adds_weight_and_fills_the_seats() -> None:
    rules = make_rules(Method.APPROVAL, seats=2)
    figures = count_vote(
        rules, ballots(approve("o1"), approve("o1", "o2"), approve("o2"), approve("o3"))
    )
    assert sums(figures).totals == {"o1": 6000, "o2": 4000, "o3": 1000}
    assert sums(figures).backers == {"o1": 2, "o2": 2, "o3": 1}
    assert (figures.verdict, figures.chosen) == (Verdict.VALID, ("o1", "o2"))


def test_score_adds_weighted_scores_and_shows_the_median() -> None:
    rules = make_rules(Method.SCORE)
    figures = count_vote(
        rules,
        ballots({"scores": {"o1": 1, "o2": 5}}, {"scores": {"o1": 5}}, {"scores": {"o1": 5}}),
    )
    assert sums(figures).totals == {"o1": 24_000, "o2": 20_000, "o3": 0}
    assert sums(figures).medians == {"o1": 1, "o2": 5, "o3": None}
    assert figures.chosen == ("o1",)


def test_quadratic_votes_are_bought_with_weight_and_then_added() -> None:
    rules = make_rules(Method.QUADRATIC)
    figures = count_vote(
        rules, ballots({"votes": {"o1": 2}}, {"votes": {"o2": 1, "o3": 1}}, {"votes": {"o2": 1}})
    )
    assert sums(figures).totals == {"o1": 2, "o2": 2, "o3": 1}
    assert sums(figures).placing.tied == ("o1", "o2")
    assert figures.chosen == ()


def test_what_nobody_wants_is_not_chosen_for_want_of_others() -> None:
    figures = count_vote(
        make_rules(Method.APPROVAL, seats=2), ballots(approve("o1"), approve(), approve("o1"))
    )
    assert figures.chosen == ("o1",)
    assert figures.carried is True
    nobody = count_vote(make_rules(Method.APPROVAL), ballots(approve(), approve(), approve()))
    assert (nobody.verdict, nobody.chosen, nobody.carried) == (Verdict.VALID, (), False)


def test_ranked_chooses_only_what_stands_before_not_now() -> None:
    rules = make_rules(Method.RANKED, seats=2)
    order = ("o1", NOT_NOW, "o2", "o3")
    figures = count_vote(rules, ballots(*(ranks(*order) for _ in range(3))))
    assert figures.chosen == ("o1",)
    count = count_of(figures)
    assert isinstance(count, RankedCount)
    assert count.placing.order == (("o1",), (NOT_NOW,), ("o2",), ("o3",))
    assert count.pairwise[0] == (0, 8000, 8000, 8000)
    level = count_vote(rules, ballots(*({"ranks": {"o1": 1, NOT_NOW: 1}} for _ in range(3))))
    assert level.chosen == ()


def test_the_unranked_policy_changes_who_is_first() -> None:
    """Two electors of four rank one option alone; unranked means no say, or last."""
    said = ballots(ranks("o2"), ranks("o1", "o2"), ranks("o1", "o2"), ranks("o1", "o2"))
    abstain = count_vote(make_rules(Method.RANKED, weights=(4, 1, 1, 1)), said)
    last = count_vote(make_rules(Method.RANKED, weights=(4, 1, 1, 1), unranked=Unranked.LAST), said)
    assert abstain.chosen == ("o1",)
    assert last.chosen == ("o2",)


def test_a_budget_is_spent_by_equal_shares_and_says_who_paid() -> None:
    """Shares of 5000 by weight 4, 2, 2, 1 are 2222.22, 1111.11, 1111.11 and 555.55.

    Options 1 and 3 are supported alike, so lots decide which is bought first.
    """
    figures = count_vote(
        make_rules(Method.BUDGET),
        ballots(approve("o1", "o3"), approve("o1"), approve("o3"), approve("o2")),
    )
    count = budget(figures)
    bought_by = {each.option: each for each in count.bought}
    assert bought_by.keys() == {"o1", "o3"}
    assert count.remaining == 1000
    for bought in count.bought:
        assert bought.payers is not None
        assert sum(payer.amount for payer in bought.payers) + bought.rest == bought.cost
    assert {payer.position for payer in bought_by["o3"].payers or ()} == {1, 3}
    assert count.support["o1"].weight == 6000


def test_who_chooses_not_now_keeps_its_share_of_the_budget_unspent() -> None:
    everything = approve("o1", "o2", "o3")
    rules = make_rules(Method.BUDGET, fill=True)
    kept = budget(count_vote(rules, ballots(approve(NOT_NOW), *(everything,) * 3)))
    # 4 of 9 parts of the weight keep 4 of 9 parts of the budget, to the cent.
    assert kept.kept == 5000 - 5000 * 5 // 9
    assert kept.remaining + sum(each.cost for each in kept.bought) == 5000 - kept.kept
    all_of_it = budget(count_vote(rules, ballots(*(approve(NOT_NOW),) * 4)))
    assert (all_of_it.kept, all_of_it.bought) == (5000, ())


def test_filling_spends_what_is_left_at_nobodys_expense() -> None:
    said = ballots(approve("o1"), approve("o2"), approve("o2"), approve("o3"))
    rules = {"budget": Money(3000, "EUR")}
    plain = budget(count_vote(make_rules(Method.BUDGET, **rules), said))
    filled = budget(count_vote(make_rules(Method.BUDGET, fill=True, **rules), said))
    assert plain.remaining >= filled.remaining
    assert all(each.payers == () for each in filled.bought if each.rho is None)


# Verdicts, houses, ties, secrecy


@pytest.mark.parametrize("method", OPTION_METHODS)
def test_without_a_quorum_a_vote_over_options_chooses_nothing(method: Method) -> None:
    figures = count_vote(make_rules(method), ballots(CHOICES[method]))
    assert (figures.verdict, figures.chosen, figures.carried) == (Verdict.NO_QUORUM, (), None)
    assert figures.houses[0].why == ("no_quorum",)


@pytest.mark.parametrize("method", OPTION_METHODS)
def test_recusals_are_present_and_choose_nothing(method: Method) -> None:
    recused: dict[str, Any] = {"recused": True}
    figures = count_vote(make_rules(method), ballots(CHOICES[method], recused, recused))
    alone = count_vote(make_rules(method), ballots(CHOICES[method]))
    assert figures.verdict is Verdict.VALID
    assert count_of(figures) == count_of(alone)
    assert figures.houses[0].quorum.present_electors == 3


def test_two_houses_choose_what_each_of_them_chooses() -> None:
    rules = make_rules(Method.APPROVAL, charter={"mode": DecisionMode.TWO_HOUSES}, seats=2)
    sponsors = ballots(*(approve("o1", "o2"),) * 4)
    maintainers = ballots(*(approve("o2", "o3"),) * 2, house=House.MAINTAINERS)
    figures = count_vote(rules, sponsors + maintainers)
    assert figures.chosen == ("o2",)
    assert [house.verdict for house in figures.houses] == [Verdict.VALID, Verdict.VALID]
    assert count_vote(rules, sponsors).verdict is Verdict.NO_QUORUM


def test_advice_shows_a_tie_and_what_binds_puts_it_in_the_announced_order() -> None:
    said = ballots(approve("o1"), approve("o2"), approve("o2"))
    advice = make_rules(Method.APPROVAL)
    assert read_terms(advice).tie == "shown"
    shown = count_vote(advice, said, root=b"root")
    assert (sums(shown).placing.tied, shown.chosen, shown.root) == (("o1", "o2"), (), None)
    binding = make_rules(Method.APPROVAL, charter={"mode": DecisionMode.BINDING})
    assert read_terms(binding).tie == "log_root"
    for root in (b"one root", b"another", b"a third"):
        settled = count_vote(binding, said, root=root)
        assert settled.chosen == tuple(tie_order(("o1", "o2"), root)[:1])
        assert sums(settled).placing.tied == ("o1", "o2")
        assert settled.root == root.hex()
    assert count_vote(binding, said).root == fingerprint(binding)


def test_a_secret_vote_over_options_tells_no_names_and_nothing_that_gives_voters_away() -> None:
    secret = {"privacy": PrivacyMode.SECRET_AGGREGATE}
    rules = make_rules(Method.BUDGET, weights=(1,) * 6, charter=secret)
    told = count_vote(rules, ballots(*(approve("o1"),) * 6))
    assert told.roll is None
    assert [each.payers for each in budget(told).bought] == [None]
    hidden = count_vote(rules, ballots(*(approve("o1"),) * 4))
    assert (hidden.houses[0].count, hidden.houses[0].parts, hidden.chosen) == (None, None, ())
    assert hidden.houses[0].why == ("secrecy",)


def test_an_outcome_of_the_first_version_is_still_read() -> None:
    figures = count_vote(freeze(make_electorate()), [])
    stored = write_figures(figures)
    old = {
        "v": 1,
        "verdict": stored["verdict"],
        "mode": stored["mode"],
        "houses": [
            {key: value for key, value in house.items() if key != "count"}
            for house in stored["houses"]
        ],
    }
    assert read_figures(old, write_roll(figures.roll)) == figures


def test_the_verdict_behind_the_stored_column() -> None:
    assert verdict_of(None, Method.RANKED) is Verdict.NO_QUORUM
    assert verdict_of(False, Method.RANKED) is Verdict.VALID
    assert verdict_of(False, Method.YES_NO) is Verdict.NOT_CARRIED
    assert verdict_of(True, Method.YES_NO) is Verdict.CARRIED


# Properties (VOTING 8)

CHOICES: dict[Method, dict[str, Any]] = {
    Method.APPROVAL: approve("o1"),
    Method.RANKED: ranks("o1", "o2"),
    Method.SCORE: {"scores": {"o1": 3}},
    Method.BUDGET: approve("o3"),
    Method.QUADRATIC: {"votes": {"o1": 1}},
}
IDS = ("o1", "o2", "o3")
SOME = st.lists(st.sampled_from(IDS), unique=True)
DRAWN: dict[Method, st.SearchStrategy[dict[str, Any]]] = {
    Method.APPROVAL: SOME.map(lambda names: approve(*names)),
    Method.RANKED: st.permutations((*IDS, NOT_NOW)).map(lambda names: ranks(*names)),
    Method.SCORE: st.dictionaries(st.sampled_from(IDS), st.integers(0, 5)).map(
        lambda scores: {"scores": scores}
    ),
    Method.BUDGET: st.one_of(st.just(approve(NOT_NOW)), SOME.map(lambda names: approve(*names))),
    Method.QUADRATIC: st.sampled_from([{"votes": {}}, {"votes": {"o1": 1}}, {"votes": {"o3": 1}}]),
}
CAST = st.sampled_from(OPTION_METHODS).flatmap(
    lambda method: st.tuples(
        st.just(method),
        st.lists(
            st.one_of(st.none(), st.just({"recused": True}), DRAWN[method]),
            min_size=4,
            max_size=4,
        ),
    )
)


@settings(max_examples=60, deadline=None)
@given(CAST, st.randoms(use_true_random=False))
def test_order_changes_nothing_and_storage_loses_nothing(
    cast: tuple[Method, list[dict[str, Any] | None]], chance: Any
) -> None:
    method, choices = cast
    rules, said = make_rules(method), ballots(*choices)
    figures = count_vote(rules, said)
    chance.shuffle(said)
    assert count_vote(rules, said) == figures
    stored = json.loads(canonical_json([write_figures(figures), write_roll(figures.roll)]))
    assert read_figures(*stored) == figures


def essence(figures: Figures) -> object:
    """What electors of the same weight in other pieces must not change."""
    count = count_of(figures)
    if isinstance(count, RankedCount):
        return figures.chosen, count
    if isinstance(count, SumsCount):
        return figures.chosen, count.placing, count.totals, count.medians
    bought = [(each.option, each.rho) for each in count.bought]
    weights = {option: part.weight for option, part in count.support.items()}
    return bought, count.kept, count.remaining, count.steps, weights


@settings(max_examples=60, deadline=None)
@given(CAST.filter(lambda cast: cast[0] is not Method.QUADRATIC))
def test_weight_w_equals_w_copies_of_the_ballot(
    cast: tuple[Method, list[dict[str, Any] | None]],
) -> None:
    """But for quadratic votes, where weight is spent by its one elector."""
    method, choices = cast
    charter = {"quorum_weight": Fraction(0), "quorum_electors": Fraction(0)}
    whole = count_vote(make_rules(method, charter=charter), ballots(*choices))
    pieces = [choice for choice, weight in zip(choices, (4, 2, 2, 1), strict=True)
              for _ in range(weight)]  # fmt: skip
    rules = make_rules(method, weights=(1,) * 9, charter=charter)
    # The same root, as two fingerprints would put ties in two orders.
    again = count_vote(rules, ballots(*pieces), root=b"root")
    assert essence(again) == essence(
        count_vote(make_rules(method, charter=charter), ballots(*choices), root=b"root")
    )
    assert whole.verdict is again.verdict


@settings(max_examples=60, deadline=None)
@given(CAST, st.data())
def test_an_elector_without_weight_changes_nothing(
    cast: tuple[Method, list[dict[str, Any] | None]], data: Any
) -> None:
    method, choices = cast
    rules = make_rules(method)
    figures = count_vote(rules, ballots(*choices), root=b"root")
    electors = [*rules["electorate"]["sponsors"]]
    electors.append({"position": 5, "name": "Nobody", "raw": "0", "weight": 0})
    wider = rules | {"electorate": {"sponsors": electors}}
    extra = data.draw(DRAWN[method].filter(lambda choice: not choice.get("votes")))
    again = count_vote(wider, ballots(*choices, extra), root=b"root")
    assert replace(again, roll=None) == replace(figures, roll=None)
