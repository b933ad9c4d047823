"""Working days are counted from Monday to Friday, and a weekend counts as its Friday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.working_days import add_working_days, count_working_days, median_in_halves

MONDAY = date(2026, 11, 16)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def one_by_one(day: date, number: int) -> date:
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


@pytest.mark.parametrize(
    ("begin", "number", "end"),
    [(0, 1, 1), (0, 5, 7), (4, 1, 7), (5, 1, 7), (6, 1, 7), (3, 3, 8), (2, 12, 18)],
)
def test_an_aim_ends_on_a_working_day(begin: int, number: int, end: int) -> None:
    due = add_working_days(MONDAY + timedelta(days=begin), number)
    assert due == MONDAY + timedelta(days=end)


@given(day=DAYS, number=st.integers(1, 90))
def test_adding_and_counting_agree_with_stepping(day: date, number: int) -> None:
    due = add_working_days(day, number)
    assert due == one_by_one(day, number)
    assert count_working_days(day, due) == number


@given(day=DAYS, later=st.integers(0, 400))
def test_counting_is_the_number_of_working_days_between(day: date, later: int) -> None:
    end = day + timedelta(days=later)
    between = (day + timedelta(days=each) for each in range(1, later + 1))
    assert count_working_days(day, end) == sum(each.weekday() < 5 for each in between)
    assert count_working_days(end, day) == 0


def test_the_median_of_whole_days_may_be_a_half() -> None:
    assert median_in_halves([]) is None
    assert median_in_halves([3]) == 6
    assert median_in_halves([1, 9, 2]) == 4
    assert median_in_halves([1, 2]) == 3
