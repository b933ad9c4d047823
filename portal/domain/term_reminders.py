"""Reminders of a sponsorship: on which days before a term ends, and after a payment failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

FAILING_DAYS = (2, 7, 14)
ENDING_DAYS = (60, 30, 14, 3)


class ReminderKind(StrEnum):
    """What is reminded of: a term that ends, or a payment that failed."""

    ENDING = "ending"
    FAILING = "failing"


def ending_reminders(starts_at: datetime, ends_at: datetime) -> list[tuple[int, datetime]]:
    """Days before the end of a term, and when each is due (PRODUCT S5).

    Only those in the second half of the term, so that a week or a month is not full of them: a
    year has all of 60, 30, 14 and 3, a month 14 and 3, a week 3.
    """
    return [
        (days, ends_at - timedelta(days=days))
        for days in ENDING_DAYS
        if timedelta(days=2 * days) <= ends_at - starts_at
    ]


def failing_reminders(failed_at: datetime, grace_ends_at: datetime) -> list[tuple[int, datetime]]:
    """Days after a failed payment, and when each is due: 2, 7 and 14, as far as grace reaches."""
    return [
        (days, failed_at + timedelta(days=days))
        for days in FAILING_DAYS
        if failed_at + timedelta(days=days) < grace_ends_at
    ]
