"""How fast support answers: the aim of a request, and what the last answers took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal.domain.working_days import add_working_days, count_working_days, median_in_halves

LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """What the last first answers took: how many, and twice their median in working days."""

    answers: int
    median_halves: int


def due_on(asked_at: datetime, aim_days: int) -> date:
    """The last day, in UTC, on which a first answer is within the aim."""
    return add_working_days(asked_at.date(), aim_days)


def measure_pace(waits: Iterable[tuple[datetime, datetime]]) -> Pace | None:
    """The pace of requests, each with when it was asked and first answered; None without any."""
    days = [count_working_days(asked.date(), answered.date()) for asked, answered in waits]
    median = median_in_halves(days)
    return None if median is None else Pace(len(days), median)
