"""Changes of a sponsorship: tables, proration in integers, obstacles, notice; reminders."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.changes import (
    CHANGE_TABLE,
    ChangeAction,
    ChangeKind,
    ChangeState,
    Proration,
    Standing,
    change_obstacles,
    check_notice,
    kind_of_change,
    next_change,
    prorate,
    repriced_at,
)
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.money_back import (
    DISPUTE_TABLE,
    REFUND_TABLE,
    DisputeAction,
    DisputeStanding,
    RefundAction,
    RefundStanding,
    check_refund,
    ends_standing,
    next_dispute,
    next_refund,
)
from portal.domain.sponsorship import Term
from portal.domain.term_reminders import ending_reminders, failing_reminders
from portal.domain.tiers import Audience, Interval, TierTerms

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
DAY = timedelta(days=1)
SILVER = TierTerms("Silver", "", Money(10000, "EUR"), Interval.YEAR, 2, Audience.ORGANIZATION)
GOLD = replace(SILVER, name="Gold", price=Money(30000, "EUR"), voting_weight=4)
RUNNING = Standing(
    may_change=True,
    term=Term.ACTIVE,
    terms=SILVER,
    renews=True,
    ends=False,
    disputed=False,
    live=None,
)


@pytest.mark.parametrize(
    ("table", "move", "states", "actions"),
    [
        (CHANGE_TABLE, next_change, ChangeState, ChangeAction),
        (REFUND_TABLE, next_refund, RefundStanding, RefundAction),
        (DISPUTE_TABLE, next_dispute, DisputeStanding, DisputeAction),
    ],
)
def test_every_pair_of_state_and_action_has_an_answer(table, move, states, actions) -> None:
    for state, action in product(states, actions):
        if (state, action) in table:
            assert move(state, action) is table[state, action]
        else:
            with pytest.raises(Refusal) as refusal:
                move(state, action)
            assert refusal.value.code.endswith(f".{state}.{action.name.lower()}")


def of(
    old: int,
    new: int,
    at: datetime,
    *,
    days: int = 365,
    currency: str = "EUR",
    by_card: bool = False,
) -> Proration:
    return prorate(
        Money(old, currency),
        Money(new, currency),
        term_starts_at=START,
        term_ends_at=START + days * DAY,
        at=at,
        by_card=by_card,
    )


@pytest.mark.parametrize(
    ("old", "new", "after", "days", "due"),
    [
        (10000, 30000, timedelta(), 365, 20000),  # the first day: the whole difference
        (10000, 30000, timedelta(hours=23, minutes=59), 365, 20000),  # still the first day
        (10000, 30000, 1 * DAY, 365, 19945),  # 29917.8 - 9972.6: both rounded
        (10000, 30000, 364 * DAY, 365, 55),  # the last day: 82 - 27
        (1000, 2500, 3 * DAY, 7, 858),  # 1428.57 - 571.43
        (1, 2, 1 * DAY, 2, 0),  # 1 - 0.5: half a unit is rounded up
        (1, 4, 1 * DAY, 2, 1),
    ],
)
def test_the_difference_is_shared_out_by_days(old, new, after, days, due) -> None:
    assert of(old, new, START + after, days=days).due == Money(due, "EUR")


@pytest.mark.parametrize(("currency", "due"), [("KWD", 547_540), ("EUR", 547_537)])
def test_by_card_amounts_are_what_a_card_can_be_charged(currency: str, due: int) -> None:
    """624.651 less 77.114 dinars: a processor charges 624.650 and credits 77.110."""
    at = START + 137 * DAY
    assert of(123_450, 999_990, at, currency=currency, by_card=True).due.amount_minor == due
    assert of(123_450, 999_990, at, currency=currency).due.amount_minor == 547_537


def test_a_processor_is_told_the_beginning_of_the_day() -> None:
    proration = of(10000, 30000, START + 10 * DAY + timedelta(hours=7))
    assert proration.at == START + 10 * DAY
    assert (proration.days_left, proration.days_in_term) == (355, 365)


@pytest.mark.parametrize("at", [START - timedelta(seconds=1), START + YEAR])
def test_a_day_outside_the_term_is_refused(at: datetime) -> None:
    with pytest.raises(Refusal) as refusal:
        of(10000, 30000, at)
    assert refusal.value.code == "change.term"


@settings(max_examples=200)
@given(
    st.integers(1, 10**8), st.integers(0, 10**8), st.integers(1, 366), st.data(),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)  # fmt: skip
def test_nobody_pays_a_day_twice(old, more, days, data, currency) -> None:
    """Exact integers: never below nothing, never above the whole difference, less every day."""
    used = data.draw(st.integers(0, days - 1))
    proration = of(old, old + more, START + used * DAY, days=days, currency=currency)
    assert 0 <= proration.due.amount_minor <= more + 1
    assert proration.credited.amount_minor <= old
    assert abs(proration.due.amount_minor * days - more * (days - used)) <= days
    if used == 0:
        assert proration.due == Money(more, currency)


def test_a_dearer_tier_is_an_upgrade_all_else_waits_for_the_next_term() -> None:
    assert kind_of_change(SILVER, GOLD) is ChangeKind.UPGRADE
    assert kind_of_change(GOLD, SILVER) is ChangeKind.DOWNGRADE
    assert kind_of_change(SILVER, replace(SILVER, name="Same")) is ChangeKind.DOWNGRADE
    monthly = replace(GOLD, interval=Interval.MONTH)
    assert kind_of_change(SILVER, monthly) is ChangeKind.DOWNGRADE


@pytest.mark.parametrize(
    ("standing", "new", "code"),
    [
        ({"may_change": False}, {}, "role"),
        ({"term": Term.LAPSED}, {}, "not_running"),
        ({"term": Term.GRACE}, {}, "unpaid"),
        ({"renews": False}, {}, "no_renewal"),
        ({"terms": replace(SILVER, interval=Interval.ONE_TIME)}, {}, "no_renewal"),
        ({"ends": True}, {}, "ends"),
        ({"disputed": True}, {}, "disputed"),
        ({"live": "Another change waits."}, {}, "live"),
        ({"terms": GOLD}, {}, "same"),
        ({}, {"interval": Interval.ONE_TIME}, "one_time"),
        ({}, {"price": Money(30000, "USD")}, "currency"),
        ({}, {"audience": Audience.PERSON}, "audience"),
    ],
)
def test_each_obstacle_has_its_code(standing, new, code) -> None:
    obstacles = change_obstacles(replace(RUNNING, **standing), replace(GOLD, **new), same_tier=True)
    assert [each.code for each in obstacles] == [f"change.{code}"]
    assert all(each.message.endswith(".") for each in obstacles)


def test_nothing_stands_in_the_way_of_a_running_sponsorship() -> None:
    assert change_obstacles(RUNNING, GOLD, same_tier=False) == []


def test_a_new_price_holds_from_the_first_term_after_the_notice() -> None:
    ends_at = START + YEAR
    at_once = repriced_at(START, ends_at, Interval.YEAR, notice_ends=ends_at)
    assert at_once == ends_at
    late = repriced_at(START, ends_at, Interval.YEAR, notice_ends=ends_at + timedelta(seconds=1))
    assert late == datetime(2028, 1, 1, 12, tzinfo=UTC)
    month = datetime(2026, 2, 1, 12, tzinfo=UTC)
    notice = START + 70 * DAY
    assert repriced_at(START, month, Interval.MONTH, notice_ends=notice) == datetime(
        2026, 4, 1, 12, tzinfo=UTC
    )


@pytest.mark.parametrize(("days", "fits"), [(13, False), (14, True), (365, True), (366, False)])
def test_notice_has_bounds(days: int, *, fits: bool) -> None:
    if fits:
        check_notice(days)
    else:
        with pytest.raises(Refusal) as refusal:
            check_notice(days)
        assert (refusal.value.code, refusal.value.field) == ("change.notice", "notice_days")


@pytest.mark.parametrize(("days", "expected"), [(365, [60, 30, 14, 3]), (28, [14, 3]), (7, [3])])
def test_reminders_before_the_end_of_a_term(days: int, expected: list[int]) -> None:
    planned = ending_reminders(START, START + days * DAY)
    assert [before for before, _ in planned] == expected
    assert all(due == START + (days - before) * DAY for before, due in planned)


@pytest.mark.parametrize(("grace", "expected"), [(21, [2, 7, 14]), (14, [2, 7]), (2, []), (0, [])])
def test_reminders_of_a_failed_payment_end_with_the_grace(grace: int, expected: list[int]) -> None:
    planned = failing_reminders(START, START + grace * DAY)
    assert [days for days, _ in planned] == expected
    assert all(due == START + days * DAY for days, due in planned)


@pytest.mark.parametrize(
    ("amount", "gone", "fits"),
    [(1, 0, True), (100, 0, True), (101, 0, False), (0, 0, False), (41, 60, False), (40, 60, True)],
)
def test_no_more_goes_back_than_was_paid(amount: int, gone: int, *, fits: bool) -> None:
    if fits:
        check_refund(Money(amount, "EUR"), paid=Money(100, "EUR"), gone_minor=gone)
    else:
        with pytest.raises(Refusal) as refusal:
            check_refund(Money(amount, "EUR"), paid=Money(100, "EUR"), gone_minor=gone)
        assert refusal.value.code == "refund.amount"


def test_money_goes_back_in_its_own_currency() -> None:
    with pytest.raises(Refusal) as refusal:
        check_refund(Money(1, "USD"), paid=Money(100, "EUR"), gone_minor=0)
    assert refusal.value.code == "refund.currency"


def test_standing_ends_with_the_money_of_the_running_term_alone() -> None:
    now, later = START, START + DAY
    assert ends_standing(left_minor=0, term_ends_at=later, at=now)
    assert not ends_standing(left_minor=1, term_ends_at=later, at=now)
    assert not ends_standing(left_minor=0, term_ends_at=now, at=now)
