"""The electorate: who is entitled, with which weight and power, and who is left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.charter import Charter, House
from portal.domain.electorate import (
    Electorate,
    Facts,
    MaintainerFact,
    SponsorFact,
    draw_up,
    share_of,
    shuffle_unnamed,
)
from portal.domain.electorate_changes import compare
from portal.domain.newcomers import newcomers_power, with_sponsor
from portal.domain.power import PowerWarning
from portal.domain.sponsorship import Commercial, Term
from portal.domain.tiers import Audience
from portal.domain.weights import Damping

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = Charter(cap=Fraction(1), seasoning_days=0)


def sponsor(number: int, raw: int = 1, **values: Any) -> SponsorFact:
    facts: dict[str, Any] = {
        "organization_id": number,
        "name": f"Company {number}",
        "public_name": f"Company {number}",
        "raw": raw,
        "audience": Audience.ORGANIZATION,
        "commercial": Commercial.PAID,
        "term": Term.ACTIVE,
        "active_since": AT - 100 * DAY,
        "renews": True,
        "term_ends_at": AT + 265 * DAY,
        "grace_ends_at": None,
    }
    return SponsorFact(**(facts | values))


def survey(
    *sponsors: SponsorFact,
    charter: Charter = OPEN,
    parents: dict[int, int] | None = None,
    maintainers: tuple[MaintainerFact, ...] = (),
) -> Electorate:
    return draw_up(Facts(sponsors, maintainers, parents or {}), charter, AT)


def reason(fact: SponsorFact, charter: Charter = OPEN) -> str | None:
    found = survey(fact, charter=charter)
    assert len(found.left_out) + len(found.sponsors.electors) == 1
    return found.left_out[0].obstacle.code if found.left_out else None


def test_the_published_example_capped_to_a_quarter() -> None:
    raws = (20, 4, 4, 2, 2, 2, 1, 1, 1, 1)
    found = survey(*(sponsor(n, raw) for n, raw in enumerate(raws, 1)), charter=Charter())
    first = found.sponsors.electors[0]
    assert (first.weight, first.share, first.capped) == (6000, Fraction(1, 4), True)
    assert not any(elector.capped for elector in found.sponsors.electors[1:])
    powers = found.sponsors.powers
    assert powers is not None
    assert round(powers[0].banzhaf * 100) == 29
    assert sum(power.banzhaf for power in powers) == 1


def test_uncapped_the_largest_sponsor_is_a_dictator_and_the_others_are_dummies() -> None:
    powers = survey(sponsor(1, 20), sponsor(2, 4), sponsor(3, 4)).sponsors.powers
    assert powers is not None
    assert [power.warning for power in powers] == [
        PowerWarning.DICTATOR,
        PowerWarning.DUMMY,
        PowerWarning.DUMMY,
    ]


def test_power_is_taken_at_the_charters_threshold() -> None:
    charter = Charter(cap=Fraction(1), seasoning_days=0, threshold=Fraction(2, 3))
    chamber = survey(sponsor(1, 2), sponsor(2), sponsor(3), charter=charter).sponsors
    assert chamber.quota == 2667
    assert chamber.powers is not None
    assert chamber.powers[0].warning is PowerWarning.VETO_PLAYER
    assert chamber.shapley == (Fraction(2, 3), Fraction(1, 6), Fraction(1, 6))


def test_too_many_electors_for_exact_power_still_have_shares() -> None:
    chamber = survey(*(sponsor(n, n) for n in range(1, 1102))).sponsors
    assert chamber.powers is None
    assert chamber.shapley is None
    assert sum(elector.share for elector in chamber.electors) == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"commercial": Commercial.REFUNDED}, "voting.refunded"),
        (
            {"term": Term.PENDING, "active_since": None, "commercial": Commercial.QUOTED},
            "voting.pending",
        ),
        ({"term": Term.LAPSED}, "voting.lapsed"),
        ({"term": Term.ENDED}, "voting.ended"),
        ({"raw": 0}, "voting.no_weight"),
        ({"term": Term.GRACE, "grace_ends_at": AT + DAY}, None),
    ],
)
def test_what_is_not_in_good_standing_is_left_out_with_the_reason(
    values: dict[str, Any], code: str | None
) -> None:
    assert reason(sponsor(1, **values)) == code


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"term": Term.GRACE, "grace_ends_at": AT}, "voting.lapsed"),
        ({"renews": False, "term_ends_at": AT}, "voting.ended"),
        ({"renews": False, "term_ends_at": AT + timedelta(seconds=1)}, None),
        ({"term_ends_at": AT - 20 * DAY}, None),
        ({"term_ends_at": AT - 21 * DAY}, "voting.lapsed"),
        ({"term_ends_at": None}, None),
    ],
)
def test_the_clock_ends_a_standing_before_any_job_has_run(
    values: dict[str, Any], code: str | None
) -> None:
    assert reason(sponsor(1, **values)) == code


def test_seasoning_counts_from_the_first_active_day_and_says_until_when() -> None:
    charter = Charter(seasoning_days=30)
    assert reason(sponsor(1, active_since=AT - 30 * DAY), charter) is None
    late = survey(sponsor(1, active_since=AT - 29 * DAY), charter=charter).left_out[0]
    assert late.obstacle.code == "voting.seasoning"
    assert "22 November 2026" in late.obstacle.message
    assert late.eligible_at == AT + DAY


def test_related_companies_are_one_elector_with_the_largest_weight() -> None:
    found = survey(sponsor(1, 2), sponsor(2, 5), sponsor(3, 1), parents={1: 9, 9: 8, 2: 8})
    family, single = found.sponsors.electors
    assert [member.organization_id for member in family.members] == [2, 1]
    assert [member.name for member in family.merged] == ["Company 1"]
    assert (family.name, family.raw) == ("Company 2", 5)
    assert (single.members[0].organization_id, single.merged) == (3, ())
    assert found.sponsors.find(1) is family
    assert found.sponsors.find(9) is None


def test_a_circle_of_parents_is_one_elector() -> None:
    found = survey(sponsor(1), sponsor(2), parents={1: 2, 2: 1})
    assert len(found.sponsors.electors) == 1


def test_a_relative_that_is_left_out_shares_neither_ballot_nor_weight() -> None:
    found = survey(sponsor(1, 9, term=Term.LAPSED), sponsor(2, 1), parents={2: 1})
    assert [(e.raw, len(e.members)) for e in found.sponsors.electors] == [(1, 1)]
    assert [left.organization_id for left in found.left_out] == [1]


def test_a_person_counts_in_the_house_of_supporters_only() -> None:
    found = survey(sponsor(1), sponsor(2, audience=Audience.PERSON))
    assert [e.name for e in found.sponsors.electors] == ["Company 1"]
    assert [e.name for e in found.supporters.electors] == ["Company 2"]
    assert [(x.house, x.obstacle.code) for x in found.left_out] == [
        (House.SPONSORS, "voting.person_tier")
    ]
    assert share_of(found, 2) == 1


def test_every_maintainer_weighs_one_whatever_damping_and_cap_say() -> None:
    people = (MaintainerFact(2, "Zoe"), MaintainerFact(1, "Ada"))
    charter = Charter(damping=Damping.SQRT, cap=Fraction(1, 10))
    chamber = survey(maintainers=people, charter=charter).maintainers
    assert [(e.name, e.person_id, e.weight, e.share) for e in chamber.electors] == [
        ("Ada", 1, 1000, Fraction(1, 2)),
        ("Zoe", 2, 1000, Fraction(1, 2)),
    ]


def test_an_empty_electorate_has_empty_houses() -> None:
    found = survey()
    assert [chamber.electors for chamber in found.chambers] == [(), (), (), ()]
    assert [chamber.total for chamber in found.chambers] == [0, 0, 0, 0]
    assert found.sponsors.powers == ()


def test_damping_flattens_the_shares() -> None:
    def first_share(damping: Damping) -> Fraction:
        charter = Charter(damping=damping, cap=Fraction(1), seasoning_days=0)
        return survey(sponsor(1, 9), sponsor(2, 1), charter=charter).sponsors.electors[0].share

    assert [first_share(damping) for damping in Damping] == [
        Fraction(9, 10),
        Fraction(3, 4),
        Fraction(1, 2),
    ]


def test_a_newcomers_share_is_found_by_the_same_rule() -> None:
    facts = Facts((sponsor(1, 3), sponsor(2, 1)), (), {})
    then = with_sponsor(facts, 0, raw=4, audience=Audience.ORGANIZATION, at=AT)
    assert share_of(draw_up(facts, OPEN, AT), 0) == 0
    assert share_of(draw_up(then, OPEN, AT), 0) == Fraction(1, 2)


@pytest.mark.parametrize("threshold", [None, Fraction(2, 3)])
def test_a_newcomers_power_is_that_of_the_house_it_would_join(threshold: Fraction | None) -> None:
    charter = replace(OPEN, threshold=threshold)
    raws = [8, 4, 4, 2, 2, 1]
    facts = Facts(tuple(sponsor(place, raw) for place, raw in enumerate(raws, start=1)), (), {})
    for raw in (0, 1, 4, 30):
        then = with_sponsor(facts, 99, raw=raw, audience=Audience.ORGANIZATION, at=AT)
        house = draw_up(then, charter, AT).sponsors
        elector = house.find(99)
        expected = None if elector is None else (house.powers or ())[house.electors.index(elector)]
        power = newcomers_power(Counter(map(Fraction, raws)), charter, raw)
        if expected is None:
            assert power == (0, PowerWarning.DUMMY)
        else:
            assert power == expected
    assert newcomers_power({Fraction(1): 1000}, charter, 1) is None


def test_an_upgrade_replaces_the_tier_and_lifts_the_whole_family_once() -> None:
    facts = Facts((sponsor(1, 3), sponsor(2, 1), sponsor(3, 1)), (), {2: 1})
    then = with_sponsor(facts, 2, raw=5, audience=Audience.ORGANIZATION, at=AT)
    assert share_of(draw_up(facts, OPEN, AT), 2) == Fraction(3, 4)
    assert share_of(draw_up(then, OPEN, AT), 1) == Fraction(5, 6)


def test_a_hypothetical_sponsor_is_long_seasoned() -> None:
    charter = Charter(seasoning_days=365)
    then = with_sponsor(Facts((), (), {}), 1, raw=1, audience=Audience.ORGANIZATION, at=AT)
    assert share_of(draw_up(then, charter, AT), 1) == 1


raws = st.lists(st.integers(0, 60), max_size=12)


@given(raws, st.sampled_from(Damping), st.sampled_from([Fraction(1, n) for n in range(1, 7)]))
def test_shares_add_up_and_never_exceed_a_cap_that_can_hold(
    raw: list[int], damping: Damping, cap: Fraction
) -> None:
    charter = Charter(damping=damping, cap=cap, seasoning_days=0)
    electors = survey(*(sponsor(n, r) for n, r in enumerate(raw, 1)), charter=charter)
    shares = [elector.share for elector in electors.sponsors.electors]
    assert sum(shares) == (1 if shares else 0)
    if len(shares) * cap >= 1:
        assert all(share <= cap for share in shares)


@given(raws, st.randoms(use_true_random=False))
def test_the_order_of_the_sponsors_changes_nothing(raw: list[int], random: Any) -> None:
    sponsors = [sponsor(n, r) for n, r in enumerate(raw, 1)]
    shuffled = random.sample(sponsors, len(sponsors))
    before, after = survey(*sponsors), survey(*shuffled)
    assert before.sponsors == after.sponsors
    assert {x.organization_id for x in before.left_out} == {
        x.organization_id for x in after.left_out
    }


def test_a_change_follows_each_elector_and_names_those_who_drop_out() -> None:
    late = sponsor(3, 2, active_since=AT - DAY)
    facts = Facts((sponsor(1, 8), sponsor(2, 1), late), (), {})
    strict = Charter(cap=Fraction(1, 2), seasoning_days=30)
    changes = compare(draw_up(facts, OPEN, AT).sponsors, draw_up(facts, strict, AT).sponsors)
    first, second, gone = changes
    assert (first.name, first.now and first.now.share, first.then and first.then.share) == (
        "Company 1",
        Fraction(8, 11),
        Fraction(1, 2),
    )
    assert first.then is not None
    assert first.then.capped
    assert (second.name, second.then and second.then.power) == ("Company 2", Fraction(1, 2))
    assert (gone.name, gone.then) == ("Company 3", None)


def test_a_newcomer_in_a_change_had_nothing_before() -> None:
    season = Charter(cap=Fraction(1), seasoning_days=30)
    facts = Facts((sponsor(1), sponsor(2, active_since=AT - DAY)), (), {})
    changes = compare(draw_up(facts, season, AT).sponsors, draw_up(facts, OPEN, AT).sponsors)
    assert [change.now is None for change in changes] == [False, True]


def test_a_change_of_too_many_electors_has_no_power() -> None:
    chamber = survey(*(sponsor(n, n) for n in range(1, 1102))).sponsors
    assert {change.then.power for change in compare(chamber, chamber) if change.then} == {None}


def test_the_place_of_an_unnamed_sponsor_tells_nothing_of_its_name() -> None:
    """Behind the named of the same weight, in an order that each opening draws anew."""
    found = survey(
        sponsor(1, public_name=None), sponsor(2), sponsor(3, public_name=None), sponsor(4, 2)
    )
    names = [each.name for each in found.sponsors.electors]
    shuffled = shuffle_unnamed(found, lambda unnamed: list(reversed(unnamed)))
    others = [each.name for each in shuffled.sponsors.electors]
    assert names[:2] == others[:2] == ["Company 4", "Company 2"]
    assert names[2:] == others[:1:-1]
    assert [each.raw for each in shuffled.sponsors.electors] == [2, 1, 1, 1]
