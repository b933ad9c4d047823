"""Billing periods: how an interval is added to an instant."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def period_end(anchor: int, interval: str, interval_count: int, periods: int) -> int:
    """The end of the ``periods``-th period after ``anchor`` (Unix seconds, UTC).

    Months keep the anchor's day; where a month is shorter, its last day stands in for it, without
    moving later ends: 31 January, 28 February, 31 March.
    """
    start = datetime.fromtimestamp(anchor, UTC)
    steps = interval_count * periods
    if interval in _DAYS:
        return int((start + timedelta(days=_DAYS[interval] * steps)).timestamp())
    month = start.month - 1 + _MONTHS[interval] * steps
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
