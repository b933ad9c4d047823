"""Freezing and counting as values: exact, in any order, the same when counted again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.canonical import canonical_json, fingerprint
from portal.domain.charter import Charter, DecisionMode, House, PrivacyMode
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.electorate import Electorate, Facts, MaintainerFact, SponsorFact, draw_up
from portal.domain.errors import Refusal
from portal.domain.outcomes import Verdict
from portal.domain.papers import YES_NO_PAPER, BallotPaper
from portal.domain.positions import Position
from portal.domain.rules import (
    ProposalText,
    deciding_houses,
    freeze_rules,
    keeps_secret,
    known_powers,
    known_shapley,
    opening_obstacles,
    opening_warnings,
    preview_seal,
    read_terms,
    voting_chambers,
)
from portal.domain.sponsorship import Commercial, Term
from portal.domain.stored_figures import read_figures, write_figures, write_roll
from portal.domain.tiers import Audience

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = ProposalText("kelpline", 7, "Title", "Summary", "Body")


def make_electorate(
    weights: tuple[int, ...] = (4, 2, 2, 1), *, persons: int = 0, **charter: Any
) -> Electorate:
    audiences = [Audience.ORGANIZATION] * len(weights) + [Audience.PERSON] * persons
    sponsors = tuple(
        SponsorFact(
            organization_id=index,
            name=f"Sponsor {index}",
            public_name=None if index == 1 else f"Sponsor {index}",
            raw=raw,
            audience=audience,
            commercial=Commercial.PAID,
            term=Term.ACTIVE,
            active_since=NOW - timedelta(days=90),
            renews=True,
            term_ends_at=NOW + timedelta(days=90),
            grace_ends_at=None,
        )
        for index, (raw, audience) in enumerate(
            zip((*weights, *(1,) * persons), audiences, strict=True), start=1
        )
    )
    facts = Facts(sponsors, (MaintainerFact(1, "Noor"), MaintainerFact(2, "Sam")), {})
    return draw_up(facts, Charter(**{"cap": Fraction(1)} | charter), NOW)


def freeze(electorate: Electorate, paper: BallotPaper = YES_NO_PAPER) -> dict[str, Any]:
    return freeze_rules(
        TEXT,
        "Shall we?",
        electorate,
        paper=paper,
        charter_number=3,
        opens_at=NOW,
        closes_at=NOW + timedelta(days=14),
    )


def ballot(position: int, said: str, house: House = House.SPONSORS) -> CurrentBallot:
    choice = {"recused": True} if said == "recused" else {"position": said}
    return CurrentBallot(house, position, choice, "")


def test_the_rules_survive_storage_with_their_fingerprint() -> None:
    rules = freeze(make_electorate(threshold=Fraction(2, 3)))
    assert fingerprint(json.loads(canonical_json(rules))) == fingerprint(rules)
    terms = read_terms(rules)
    assert (terms.threshold, terms.quorum_weight) == (Fraction(2, 3), Fraction(1, 2))


def test_a_name_that_may_not_be_shown_is_not_in_the_rules() -> None:
    assert "Sponsor 1" not in canonical_json(freeze(make_electorate())).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"weights": (4, 2, 2, 2)},
        {"cap": Fraction(1, 2)},
        {"quorum_weight": Fraction(1, 3)},
        {"mode": DecisionMode.TWO_HOUSES},
        {"persons": 1},
    ],
)
def test_the_seal_breaks_when_anything_that_freezes_changes(change: dict[str, Any]) -> None:
    seal = preview_seal(make_electorate(), revision=1)
    assert preview_seal(make_electorate(), revision=1) == seal
    assert preview_seal(make_electorate(**change), revision=1) != seal
    assert preview_seal(make_electorate(), revision=2) != seal


def test_which_houses_take_part() -> None:
    assert [each.house for each in voting_chambers(make_electorate())] == [House.SPONSORS]
    two = make_electorate(mode=DecisionMode.TWO_HOUSES, persons=1)
    assert [each.house for each in voting_chambers(two)] == [
        House.SPONSORS,
        House.MAINTAINERS,
        House.SUPPORTERS,
    ]
    assert deciding_houses(DecisionMode.BINDING) == (House.SPONSORS,)


def test_an_empty_house_stops_the_opening() -> None:
    assert [each.code for each in opening_obstacles(make_electorate(()))] == ["vote.no_sponsors"]
    assert opening_obstacles(make_electorate()) == []


def test_secrecy_is_refused_where_totals_would_give_voters_away() -> None:
    secret = {"privacy": PrivacyMode.SECRET_AGGREGATE}
    assert opening_obstacles(make_electorate((1,) * 5, **secret)) == []
    codes = [each.code for each in opening_obstacles(make_electorate((2, 1, 1, 1, 1), **secret))]
    assert codes == ["vote.secrecy"]
    assert not keeps_secret([1] * 4)
    assert keeps_secret([1, 1, 1, 2, 2, 2])


def test_power_warnings_name_who_decides_alone_and_how_many_never_do() -> None:
    warned = opening_warnings(make_electorate((20, 4, 4)))
    assert [each.code for each in warned] == ["power.dictator", "power.dummy"]
    assert opening_warnings(make_electorate((1, 1, 1))) == []


def test_a_house_too_large_for_power_has_none() -> None:
    chamber = make_electorate((1,) * 1100).sponsors
    assert known_powers(chamber) == (None,) * 1100
    assert known_shapley(chamber) == (None,) * 1100


VERDICTS = [
    (["for", "for", "for", "for"], Verdict.CARRIED, ()),
    (["for", "against", "against", "for"], Verdict.CARRIED, ()),
    (["against", "for", "for", "abstain"], Verdict.NOT_CARRIED, ("tie",)),
    (["abstain", "abstain", "recused", "recused"], Verdict.NOT_CARRIED, ("tie",)),
    (["for"], Verdict.NO_QUORUM, ("no_quorum",)),
    ([], Verdict.NO_QUORUM, ("no_quorum", "tie")),
]


@pytest.mark.parametrize(("said", "verdict", "why"), VERDICTS)
def test_verdicts(said: list[str], verdict: Verdict, why: tuple[str, ...]) -> None:
    ballots = [ballot(position, each) for position, each in enumerate(said, start=1)]
    figures = count_vote(freeze(make_electorate()), ballots)
    assert (figures.verdict, figures.houses[0].why) == (verdict, why)


def test_supporters_are_counted_and_decide_nothing() -> None:
    rules = freeze(make_electorate(persons=3))
    ballots = [ballot(position, "for") for position in range(1, 5)]
    ballots += [ballot(position, "against", House.SUPPORTERS) for position in (1, 2, 3)]
    figures = count_vote(rules, ballots)
    assert figures.verdict is Verdict.CARRIED
    assert [(each.house, each.deciding) for each in figures.houses] == [
        (House.SPONSORS, True),
        (House.SUPPORTERS, False),
    ]


def test_one_house_without_quorum_leaves_the_question_open_unless_another_said_no() -> None:
    rules = freeze(make_electorate(mode=DecisionMode.TWO_HOUSES))
    yes = [ballot(position, "for") for position in range(1, 5)]
    no = [ballot(position, "against") for position in range(1, 5)]
    assert count_vote(rules, yes).verdict is Verdict.NO_QUORUM
    assert count_vote(rules, no).verdict is Verdict.NOT_CARRIED


def test_a_ballot_of_nobody_or_of_no_form_is_refused() -> None:
    rules = freeze(make_electorate())
    with pytest.raises(ValueError, match="no elector"):
        count_vote(rules, [ballot(99, "for")])
    with pytest.raises(Refusal, match=r"ballot\.unknown_option"):
        count_vote(rules, [ballot(1, "maybe")])


SAID = st.lists(
    st.sampled_from(["for", "against", "abstain", "recused", "absent"]), min_size=4, max_size=4
)


@given(SAID, st.randoms(use_true_random=False))
def test_order_changes_nothing_and_storage_loses_nothing(said: list[str], chance: Any) -> None:
    rules = freeze(make_electorate())
    ballots = [
        ballot(position, each) for position, each in enumerate(said, start=1) if each != "absent"
    ]
    figures = count_vote(rules, ballots)
    chance.shuffle(ballots)
    assert count_vote(rules, ballots) == figures
    stored = json.dumps([write_figures(figures), write_roll(figures.roll)])
    assert read_figures(*json.loads(stored)) == figures
    (house,) = figures.houses
    assert house.parts is not None
    assert sum(part.weight for part in house.parts.values()) == house.weight
    assert sum(part.electors for part in house.parts.values()) == house.electors
    assert figures.roll is not None
    assert [entry.choice for entry in figures.roll] == [Position(each) for each in said]
