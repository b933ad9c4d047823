"""Votes: their windows, their states and what a ballot may say when."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from portal.domain.errors import Obstacle, Refusal

SHORTEST_WINDOW = timedelta(hours=1)
LONGEST_WINDOW = timedelta(days=90)


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
    return VotePhase.OPEN if now < closes_at else VotePhase.COUNTING


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
            "vote.window_long", "The close lies at most 90 days ahead.", field="closes_at"
        )


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
    if secret and reason:
        raise Refusal(
            "ballot.reason_secret",
            "A secret vote takes no reasons: leave this empty.",
            field="reason",
        )
