"""Working days, Monday to Friday in UTC, without anybody's holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

_WEEK = 7
_WORKING = 5
_DAY = timedelta(days=1)


def add_working_days(day: date, number: int) -> date:
    """The last of ``number`` working days that follow a day; the day itself is none of them."""
    weeks, rest = divmod(number, _WORKING)
    if day.weekday() >= _WORKING:
        # From a weekend one counts as from the Friday before it.
        day -= (day.weekday() - _WORKING + 1) * _DAY
    rest += 2 if day.weekday() + rest >= _WORKING else 0
    return day + (weeks * _WEEK + rest) * _DAY


def count_working_days(begin: date, end: date) -> int:
    """How many working days lie after ``begin``, up to and with ``end``; none if it is earlier."""
    return max(0, _since_monday(end) - _since_monday(begin))


def median_in_halves(numbers: Sequence[int]) -> int | None:
    """Twice the median of whole numbers, so that it is whole too; None of none."""
    if not numbers:
        return None
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] + ordered[middle if len(ordered) % 2 else middle - 1]


def _since_monday(day: date) -> int:
    """Working days from the first Monday of the calendar up to and with a day."""
    weeks, place = divmod(day.toordinal() - 1, _WEEK)
    return weeks * _WORKING + min(place + 1, _WORKING)
