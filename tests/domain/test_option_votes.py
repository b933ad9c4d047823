"""Votes over options, frozen and counted as values: every method, its settings, its properties."""

from __future__ import annotations

from typing import Any

import pytest

from portal.domain.canonical import fingerprint
from portal.domain.charter import DecisionMode, House, PrivacyMode
from portal.domain.count import count_vote
from portal.domain.money import Money
from portal.domain.outcomes import (
    RankedCount,
    Verdict,
    verdict_of,
)
from portal.domain.rules import read_terms
from portal.domain.stored_figures import read_figures, write_figures, write_roll
from portal.domain.tally.options import NOT_NOW, Unranked
from portal.domain.tally.ordering import tie_order
from portal.domain.votes import Method
from tests.domain.option_builders import (
    CHOICES,
    OPTION_METHODS,
    approve,
    ballots,
    budget,
    count_of,
    make_rules,
    ranks,
    sums,
)
from tests.domain.test_count import freeze, make_electorate

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
