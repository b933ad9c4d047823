"""Votes: their windows, their states and what a ballot may say when."""

from __future__ import annotations

from enum import StrEnum


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
