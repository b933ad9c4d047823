"""The rules of a sponsorship: state tables, terms by the calendar, obstacles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.organizations import OrganizationKind
from portal.domain.sponsorship import (
    COMMERCIAL_TABLE,
    PUBLICATION_TABLE,
    TERM_TABLE,
    Buyer,
    Commercial,
    CommercialAction,
    Offer,
    Publication,
    PublicationAction,
    Term,
    TermAction,
    add_terms,
    buyer_obstacles,
    next_commercial,
    next_publication,
    next_term,
    offer_obstacles,
    publication_seal,
    seasoned_at,
    voting_obstacles,
)
from portal.domain.tiers import Audience, Interval

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "move", "states", "actions"),
    [
        (COMMERCIAL_TABLE, next_commercial, Commercial, CommercialAction),
        (TERM_TABLE, next_term, Term, TermAction),
        (PUBLICATION_TABLE, next_publication, Publication, PublicationAction),
    ],
)
def test_every_pair_of_state_and_action_has_an_answer(table, move, states, actions) -> None:
    """Either the table's next state, or a refusal that names dimension, state and action."""
    for state, action in product(states, actions):
        if (state, action) in table:
            assert move(state, action) is table[state, action]
        else:
            with pytest.raises(Refusal) as refusal:
                move(state, action)
            dimension = states.__name__.lower()
            assert refusal.value.code == (
                f"sponsorship.{dimension}.{state.name.lower()}.{action.name.lower()}"
            )


def test_the_way_of_a_term() -> None:
    """Grace can be healed, a lapse too; an ended term never comes back."""
    assert next_term(Term.PENDING, TermAction.ACTIVATE) is Term.ACTIVE
    assert next_term(Term.ACTIVE, TermAction.MISS) is Term.GRACE
    assert next_term(Term.GRACE, TermAction.RENEW) is Term.ACTIVE
    assert next_term(Term.GRACE, TermAction.LAPSE) is Term.LAPSED
    assert next_term(Term.LAPSED, TermAction.RENEW) is Term.ACTIVE
    assert not [key for key in TERM_TABLE if key[0] is Term.ENDED]


def test_a_refused_move_is_a_sentence() -> None:
    with pytest.raises(Refusal, match="A sponsorship that is in review cannot be submitted"):
        next_publication(Publication.IN_REVIEW, PublicationAction.SUBMIT)


@pytest.mark.parametrize(
    ("anchor", "interval", "terms", "expected"),
    [
        (
            datetime(2027, 1, 31, 9, tzinfo=UTC),
            Interval.MONTH,
            1,
            datetime(2027, 2, 28, 9, tzinfo=UTC),
        ),
        (
            datetime(2027, 1, 31, 9, tzinfo=UTC),
            Interval.MONTH,
            2,
            datetime(2027, 3, 31, 9, tzinfo=UTC),
        ),
        (datetime(2028, 2, 29, tzinfo=UTC), Interval.YEAR, 1, datetime(2029, 2, 28, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), Interval.YEAR, 4, datetime(2032, 2, 29, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), Interval.MONTH, 2, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 28, tzinfo=UTC), Interval.WEEK, 1, datetime(2027, 1, 4, tzinfo=UTC)),
        (
            datetime(2026, 11, 21, tzinfo=UTC),
            Interval.ONE_TIME,
            1,
            datetime(2027, 11, 21, tzinfo=UTC),
        ),
    ],
)
def test_terms_go_by_the_calendar(anchor, interval, terms, expected) -> None:
    assert add_terms(anchor, interval, terms) == expected


@given(
    anchor=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    interval=st.sampled_from(Interval),
    terms=st.integers(1, 60),
)
def test_each_term_ends_after_the_one_before(anchor, interval, terms) -> None:
    ends = [add_terms(anchor, interval, number) for number in range(terms + 1)]
    assert ends[0] == anchor
    assert all(earlier < later for earlier, later in pairwise(ends))


def voting(**changes) -> list[str]:
    values = {
        "commercial": Commercial.PAID,
        "term": Term.ACTIVE,
        "active_since": NOW - timedelta(days=40),
        "voting_weight": 4,
        "seasoning_days": 30,
        "at": NOW,
    } | changes
    return [obstacle.code for obstacle in voting_obstacles(**values)]


def test_good_standing_and_seasoning_make_eligible() -> None:
    assert voting() == []
    assert voting(term=Term.GRACE) == []
    assert voting(active_since=NOW - timedelta(days=30)) == [], "the last day is over"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"term": Term.PENDING, "active_since": None}, ["voting.pending"]),
        ({"term": Term.LAPSED}, ["voting.lapsed"]),
        ({"term": Term.ENDED}, ["voting.ended"]),
        ({"active_since": NOW - timedelta(days=30, seconds=-1)}, ["voting.seasoning"]),
        ({"commercial": Commercial.REFUNDED}, ["voting.refunded"]),
        ({"voting_weight": 0}, ["voting.no_weight"]),
    ],
)
def test_each_reason_not_to_vote_is_named(changes, codes) -> None:
    assert voting(**changes) == codes


def test_seasoning_says_until_when() -> None:
    (obstacle,) = voting_obstacles(
        commercial=Commercial.PAID,
        term=Term.ACTIVE,
        active_since=NOW,
        voting_weight=1,
        seasoning_days=30,
        at=NOW,
    )
    assert "21 December 2026" in obstacle.message
    assert seasoned_at(NOW, 30) == datetime(2026, 12, 21, 12, 0, tzinfo=UTC)


def offer(**changes) -> list[str]:
    values = {
        "audience": Audience.ORGANIZATION,
        "capacity": None,
        "taken": 0,
        "sold_from": None,
        "sold_until": None,
        "archived": False,
    } | changes
    return [found.code for found in offer_obstacles(Offer(**values), today=date(2026, 11, 21))]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"archived": True}, ["buy.archived"]),
        ({"sold_from": date(2026, 11, 21), "sold_until": date(2026, 11, 21)}, []),
        ({"sold_from": date(2026, 11, 22)}, ["buy.not_yet"]),
        ({"sold_until": date(2026, 11, 20)}, ["buy.over"]),
        ({"capacity": 3, "taken": 2}, []),
        ({"capacity": 3, "taken": 3}, ["buy.full"]),
        ({"capacity": 1, "taken": 1, "archived": True}, ["buy.archived", "buy.full"]),
    ],
)
def test_what_keeps_a_tier_from_being_sold(changes, codes) -> None:
    assert offer(**changes) == codes


@pytest.mark.parametrize(
    ("audience", "kind", "may_buy", "running", "codes"),
    [
        (Audience.ORGANIZATION, OrganizationKind.COMPANY, True, None, []),
        (Audience.PERSON, OrganizationKind.PERSON, True, None, []),
        (Audience.ORGANIZATION, OrganizationKind.PERSON, True, None, ["buy.audience"]),
        (Audience.PERSON, OrganizationKind.COMPANY, True, None, ["buy.audience"]),
        (
            Audience.ORGANIZATION,
            OrganizationKind.COMPANY,
            False,
            "Gold",
            ["buy.role", "buy.running"],
        ),
    ],
)
def test_what_keeps_somebody_from_buying(audience, kind, may_buy, running, codes) -> None:
    buyer = Buyer(kind, may_buy, running)
    assert [found.code for found in buyer_obstacles(audience, buyer)] == codes


def test_a_seal_stands_for_exactly_what_was_seen() -> None:
    seal = publication_seal("Acme", "https://acme.example", 1)
    assert seal == publication_seal("Acme", "https://acme.example", 1)
    assert seal != publication_seal("Acme", "https://acme.example", None)
    assert seal != publication_seal("Acme ", "https://acme.example", 1)
