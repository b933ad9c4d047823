"""Votes: their windows, their states and what a ballot may say when."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal

SHORTEST_WINDOW = timedelta(hours=1)
LONGEST_WINDOW = timedelta(days=90)
_DAY = timedelta(days=1)
_REMINDED = (3 * _DAY, _DAY)


class Method(StrEnum):
    """How ballots are cast and counted (VOTING 4)."""

    YES_NO = "yes_no"
    APPROVAL = "approval"
    RANKED = "ranked"
    SCORE = "score"
    BUDGET = "budget"
    QUADRATIC = "quadratic"


class VoteState(StrEnum):
    """Where a vote stands; only the server's clock and the tally move it."""

    OPEN = "open"
    COUNTING = "counting"
    TALLIED = "tallied"


class VotePhase(StrEnum):
    """What a vote is to a reader at an instant: the state, with the clock taken into account."""

    OPEN = "open"
    COUNTING = "counting"
    TALLIED = "tallied"


def phase(state: VoteState, closes_at: datetime, *, now: datetime) -> VotePhase:
    """The phase at an instant: from the close to the tally a vote is being counted."""
    if state is VoteState.TALLIED:
        return VotePhase.TALLIED
    return VotePhase.OPEN if state is VoteState.OPEN and now < closes_at else VotePhase.COUNTING


def full_hour(at: datetime) -> datetime:
    """The last full hour at an instant, to which turnout is counted."""
    return at.replace(minute=0, second=0, microsecond=0)


def reminder_instants(opens_at: datetime, closes_at: datetime) -> list[datetime]:
    """When electors who have not voted are reminded: three days and one day before the close.

    And at half time, unless one of those is due within a day of it.
    """
    late = [closes_at - before for before in _REMINDED if closes_at - before > opens_at]
    half = opens_at + (closes_at - opens_at) / 2
    if all(abs(half - each) >= _DAY for each in late):
        late.append(half)
    return sorted(late)


def check_window(opens_at: datetime, closes_at: datetime) -> None:
    """Refuse a window shorter than an hour or longer than 90 days."""
    if closes_at < opens_at + SHORTEST_WINDOW:
        raise Refusal(
            "vote.window_short",
            "The close lies at least one hour ahead; times are in UTC.",
            field="closes_at",
        )
    if closes_at > opens_at + LONGEST_WINDOW:
        raise Refusal(
            "vote.window_long",
            "The close lies at most 90 days after the opening.",
            field="closes_at",
        )


def extension_obstacles(
    state: VoteState, closes_at: datetime, *, extended_at: datetime | None, now: datetime
) -> list[Obstacle]:
    """Why a window cannot be extended at an instant: once, and before the close (VOTING 3)."""
    if extended_at is not None:
        return [
            Obstacle(
                "vote.extended_before",
                "This window was extended once; it cannot be extended a second time.",
            )
        ]
    if state is not VoteState.OPEN or now >= closes_at:
        return [Obstacle("vote.closed", "This vote is closed; its window no longer changes.")]
    return []


def check_extension(opens_at: datetime, closes_at: datetime, extended: datetime) -> None:
    """Refuse an extended close that is no later than the present one, or out of bounds."""
    if extended <= closes_at:
        raise Refusal(
            "vote.window_shorter",
            "The new close lies after the present one: a window only grows.",
            field="closes_at",
        )
    check_window(opens_at, extended)


def ballot_obstacles(
    state: VoteState,
    opens_at: datetime,
    closes_at: datetime,
    *,
    voided_at: datetime | None,
    now: datetime,
) -> list[Obstacle]:
    """Why an elector cannot cast a ballot at an instant; the window is half open: [opens, closes).

    Refunds and lost disputes void an elector's ballot for good (VOTING 3).
    """
    found = []
    if now < opens_at:
        found.append(Obstacle("vote.not_open", "This vote is not open yet."))
    if state is not VoteState.OPEN or now >= closes_at:
        found.append(Obstacle("vote.closed", "This vote is closed; ballots no longer change."))
    if voided_at is not None:
        found.append(
            Obstacle(
                "vote.voided",
                "The payment behind this ballot was refunded or lost in a dispute, "
                "so this organization has no ballot in this vote.",
            )
        )
    return found


def check_reason(reason: str, *, required: bool, secret: bool) -> None:
    """Refuse a missing reason where the rules ask for one, and any reason in a secret vote."""
    if required and not reason:
        raise Refusal(
            "ballot.reason_required",
            "The charter asks for a reason when you vote against.",
            field="reason",
        )
    _check_said(reason, "reason", "reasons", secret=secret)


def check_conflict(conflict: str, *, secret: bool) -> None:
    """Refuse a statement of a conflict of interest in a secret vote: it could name a voter."""
    _check_said(conflict, "conflict", "statements", secret=secret)


def _check_said(text: str, field: str, plural: str, *, secret: bool) -> None:
    if secret and text:
        raise Refusal(
            f"ballot.{field}_secret",
            f"A secret vote takes no {plural}: leave this empty.",
            field=field,
        )
