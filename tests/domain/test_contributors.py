"""Contributors in the rule book: how a part ends, which seat it gives, and what it never touches."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.charter import Charter, ContributorsVoice, DecisionMode, House, PrivacyMode
from portal.domain.contributors import (
    TRANSITIONS,
    ContributorAction,
    ContributorState,
    check_end,
    check_work,
    move,
)
from portal.domain.count import CurrentBallot, count_vote
from portal.domain.electorate import (
    ContributorFact,
    Electorate,
    Facts,
    MaintainerFact,
    draw_up,
    shuffle_unnamed,
)
from portal.domain.errors import Refusal
from portal.domain.record.bundle import BundleWrong, _check_weights
from portal.domain.rules import (
    ProposalText,
    deciding_houses,
    freeze_rules,
    opening_obstacles,
    voting_chambers,
)
from portal.domain.weights import Damping
from tests.domain.test_electorate import AT, DAY, sponsor

NOOR, SAM = MaintainerFact(1, "Noor"), MaintainerFact(2, "Sam")
LIN, KAI, ADA = (
    ContributorFact(11, "Lin", None), ContributorFact(12, "Kai", "Kai"),
    ContributorFact(13, "Ada", None),
)  # fmt: skip


def survey(
    voice: ContributorsVoice, *contributors: ContributorFact, sponsors: int = 3, **charter: object
) -> Electorate:
    facts = Facts(
        tuple(sponsor(100 + number, 1 + number) for number in range(sponsors)),
        (NOOR, SAM),
        {},
        contributors,
    )
    settings = {"seasoning_days": 0, "mode": DecisionMode.TWO_HOUSES} | charter
    return draw_up(facts, Charter(contributors=voice, **settings), AT)  # type: ignore[arg-type]


def rules_of(electorate: Electorate) -> dict[str, object]:
    return freeze_rules(
        ProposalText("kelp", 1, "Title", "Summary", "Body"),
        "Shall it be?",
        electorate,
        charter_number=1,
        opens_at=AT,
        closes_at=AT + 14 * DAY,
    )


@pytest.mark.parametrize(("state", "action"), [*product(ContributorState, ContributorAction)])
def test_a_part_ends_once(state: ContributorState, action: ContributorAction) -> None:
    if state is ContributorState.ACTIVE:
        assert move(state, action) == TRANSITIONS[state, action] != ContributorState.ACTIVE
    else:
        with pytest.raises(Refusal) as refusal:
            move(state, action)
        assert refusal.value.code == "contributor.ended"


def test_an_invitation_says_what_for_and_a_withdrawal_says_why() -> None:
    check_work("The tests")
    check_end("They asked us to.")
    for check, field in ((check_work, "work"), (check_end, "reason")):
        with pytest.raises(Refusal) as refusal:
            check("")
        assert refusal.value.field == field


def test_contributors_have_no_voice_unless_the_charter_says_so() -> None:
    assert Charter().contributors is ContributorsVoice.NONE
    found = survey(ContributorsVoice.NONE, LIN, KAI)
    assert found.contributors.electors == ()
    assert [each.name for each in found.maintainers.electors] == ["Noor", "Sam"]


def test_each_contributor_weighs_one_in_the_house_the_charter_names() -> None:
    among = survey(ContributorsVoice.MAINTAINERS, LIN, KAI)
    assert [each.name for each in among.maintainers.electors] == ["Kai", "Noor", "Sam", "Lin"]
    assert {each.weight for each in among.maintainers.electors} == {1000}
    assert among.contributors.electors == ()
    apart = survey(ContributorsVoice.HOUSE, LIN, KAI)
    assert [(each.name, each.weight) for each in apart.contributors.electors] == [
        ("Kai", 1000), ("Lin", 1000),
    ]  # fmt: skip
    assert len(apart.maintainers.electors) == 2


@pytest.mark.parametrize("voice", ContributorsVoice)
def test_a_maintainer_who_contributes_counts_once(voice: ContributorsVoice) -> None:
    noor = ContributorFact(NOOR.person_id, "Noor", None)
    found = survey(voice, noor, KAI)
    people = [each.person_id for chamber in found.chambers for each in chamber.electors]
    assert people.count(NOOR.person_id) == 1
    assert found.maintainers.electors[-1].public_name is not None


def test_the_contributors_house_stands_beside_and_decides_nothing() -> None:
    for mode in DecisionMode:
        assert House.CONTRIBUTORS not in deciding_houses(mode)
        taking_part = voting_chambers(survey(ContributorsVoice.HOUSE, LIN, mode=mode))
        assert House.CONTRIBUTORS in {each.house for each in taking_part}
        nobody = voting_chambers(survey(ContributorsVoice.HOUSE, mode=mode))
        assert House.CONTRIBUTORS not in {each.house for each in nobody}


def test_a_voice_among_maintainers_needs_a_vote_of_theirs() -> None:
    for mode in (DecisionMode.ADVISORY, DecisionMode.BINDING):
        with pytest.raises(Refusal) as refusal:
            Charter(mode=mode, contributors=ContributorsVoice.MAINTAINERS)
        assert refusal.value.field == "contributors"
        Charter(mode=mode, contributors=ContributorsVoice.HOUSE)
    Charter(mode=DecisionMode.TWO_HOUSES, contributors=ContributorsVoice.MAINTAINERS)


def test_a_secret_vote_is_not_opened_over_a_house_of_few_contributors() -> None:
    found = survey(
        ContributorsVoice.HOUSE, LIN, KAI, mode=DecisionMode.ADVISORY,
        privacy=PrivacyMode.SECRET_AGGREGATE,
    )  # fmt: skip
    assert any("contributors house" in each.message for each in opening_obstacles(found))


def test_the_place_of_the_unnamed_tells_nothing() -> None:
    """Names sort the named alone; the others stand in whatever order the opening gives them."""
    found = survey(ContributorsVoice.HOUSE, LIN, KAI, ADA)
    shuffled = shuffle_unnamed(found, lambda unnamed: list(reversed(unnamed)))
    assert [each.name for each in found.contributors.electors] == ["Kai", "Lin", "Ada"]
    assert [each.name for each in shuffled.contributors.electors] == ["Kai", "Ada", "Lin"]
    for each in (found, shuffled):
        frozen = rules_of(each)["electorate"]["contributors"]  # type: ignore[index]
        assert [elector["name"] for elector in frozen] == ["Kai", None, None]
    assert rules_of(found) == rules_of(shuffled)


def test_never_for_money_nothing_of_money_is_known_of_a_contributor() -> None:
    assert {each.name for each in fields(ContributorFact)} == {"person_id", "name", "public_name"}


people = st.lists(
    st.builds(
        ContributorFact, st.integers(1, 40), st.text(max_size=3), st.none() | st.text(max_size=3)
    ),
    max_size=8,
    unique_by=lambda fact: fact.person_id,
)
sponsors_of = st.lists(st.integers(0, 30), max_size=6).map(
    lambda raws: tuple(sponsor(100 + place, raw) for place, raw in enumerate(raws))
)


@given(sponsors_of, people, st.sampled_from(ContributorsVoice), st.sampled_from(Damping))
def test_adding_contributors_never_changes_the_sponsors_house(
    sponsors: tuple[object, ...],
    contributors: list[ContributorFact],
    voice: ContributorsVoice,
    damping: Damping,
) -> None:
    charter = Charter(
        damping=damping, seasoning_days=0, contributors=voice,
        mode=DecisionMode.TWO_HOUSES,
    )  # fmt: skip

    def figures(added: tuple[ContributorFact, ...]) -> tuple[object, ...]:
        electorate = draw_up(Facts(sponsors, (NOOR, SAM), {}, added), charter, AT)  # type: ignore[arg-type]
        seats = electorate.sponsors.electors
        ballots = [
            CurrentBallot(House.SPONSORS, place, {"position": "for"}, "")
            for place, _seat in enumerate(seats, start=1)
            if place % 2
        ]
        counted = count_vote(rules_of(electorate), ballots)
        return (
            seats,
            electorate.sponsors.powers,
            electorate.left_out,
            next(each for each in counted.houses if each.house is House.SPONSORS),
        )

    assert figures(()) == figures(tuple(contributors))


def test_contributors_are_counted_in_their_own_house() -> None:
    electorate = survey(ContributorsVoice.HOUSE, LIN, KAI, ADA)
    ballots = [
        CurrentBallot(House.CONTRIBUTORS, 1, {"position": "for"}, ""),
        CurrentBallot(House.CONTRIBUTORS, 2, {"recused": True}, "", "I wrote it."),
    ]
    figures = count_vote(rules_of(electorate), ballots)
    house = next(each for each in figures.houses if each.house is House.CONTRIBUTORS)
    assert (house.electors, house.weight, house.deciding) == (3, 3000, False)
    assert house.quorum.present_electors == 2
    assert figures.roll is not None
    said = [each for each in figures.roll if each.house is House.CONTRIBUTORS]
    assert [(each.name, str(each.choice), each.conflict) for each in said] == [
        ("Kai", "for", ""), (None, "recused", "I wrote it."), (None, "absent", ""),
    ]  # fmt: skip


def test_rules_without_the_word_gave_contributors_no_voice() -> None:
    """Bundles from before contributors had a voice still hold; a house that came from nowhere no."""
    old = rules_of(survey(ContributorsVoice.NONE, LIN))
    del old["charter"]["contributors"]  # type: ignore[attr-defined]
    _check_weights(old)
    forged = rules_of(survey(ContributorsVoice.HOUSE, LIN))
    _check_weights(forged)
    forged["charter"]["contributors"] = "none"  # type: ignore[index]
    with pytest.raises(BundleWrong):
        _check_weights(forged)
    heavier = rules_of(survey(ContributorsVoice.HOUSE, LIN, KAI, cap=Fraction(1)))
    heavier["electorate"]["contributors"][0]["weight"] = 2000  # type: ignore[index]
    with pytest.raises(BundleWrong):
        _check_weights(heavier)
