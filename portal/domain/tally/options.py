"""Ballots over options: choices and validators of all methods but yes/no.

Options are named by their ids. Every choice writes itself with `as_json` as the raw ballot that it
was read from, which is what a ballot stores and a log commits to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isqrt
from typing import TYPE_CHECKING

from portal.domain.errors import Refusal
from portal.domain.tally import reading
from portal.domain.weights import THOUSANDTHS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

RANK_GAP = "ballot.rank_gap"
TOO_MANY_POINTS = "ballot.too_many_points"
TOO_MANY_CREDITS = "ballot.too_many_credits"
NOT_NOW_MIXED = "ballot.not_now_mixed"
HIGHEST_SCORE = 5
NOT_NOW = "not_now"


class Unranked(StrEnum):
    """What an option left unranked means: it takes part in no pair, or it comes last."""

    ABSTAIN = "abstain"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one ballot may spend: points of a budget vote (0: approvals), weight in thousandths."""

    points: int = 0
    weight: int = 0

    @property
    def credits(self) -> int:
        """The credits of a quadratic vote: one for each whole unit of weight."""
        return self.weight // THOUSANDTHS


@dataclass(frozen=True, slots=True)
class ApprovalChoice:
    """Any number of options."""

    approved: frozenset[str]

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"approved": sorted(self.approved)}


@dataclass(frozen=True, slots=True)
class RankedChoice:
    """A rank for some options, 1 is best; equal ranks are allowed."""

    ranks: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"ranks": dict(self.ranks)}


@dataclass(frozen=True, slots=True)
class ScoreChoice:
    """A score from 0 to 5 for some options."""

    scores: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"scores": dict(self.scores)}


@dataclass(frozen=True, slots=True)
class PointsChoice:
    """Points spread over some options of a budget vote."""

    points: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"points": dict(self.points)}


@dataclass(frozen=True, slots=True)
class QuadraticChoice:
    """Votes on some options; v votes on an option cost v * v credits."""

    votes: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """The raw ballot that this choice is read from."""
        return {"votes": dict(self.votes)}


def read_approval(raw: object, options: Sequence[str]) -> ApprovalChoice:
    """Read ``{"approved": [option, ...]}``."""
    return ApprovalChoice(
        reading.read_options(reading.read_field(raw, "approved"), options, "approved")
    )


def read_ranked(raw: object, options: Sequence[str]) -> RankedChoice:
    """Read ``{"ranks": {option: rank}}``; the ranks in use run from 1 without a gap."""
    ranks = reading.read_numbers(
        reading.read_field(raw, "ranks"), options, "ranks", least=1, most=len(options)
    )
    if set(ranks.values()) != set(range(1, len(set(ranks.values())) + 1)):
        raise Refusal(RANK_GAP, "The ranks on this ballot run 1, 2, 3, ...", field="ranks")
    return RankedChoice(ranks)


def read_score(raw: object, options: Sequence[str]) -> ScoreChoice:
    """Read ``{"scores": {option: 0 to 5}}``."""
    return ScoreChoice(
        reading.read_numbers(
            reading.read_field(raw, "scores"), options, "scores", least=0, most=HIGHEST_SCORE
        )
    )


def read_budget(raw: object, options: Sequence[str], points: int) -> ApprovalChoice | PointsChoice:
    """Read ``{"approved": [option, ...]}``, or ``{"points": {option: n}}`` if points are given.

    A vote without points takes approvals alone, and one with points takes nothing else. Options
    given 0 points are left out. "Not now" stands alone: it keeps an elector's whole share.
    """
    if not points:
        approved = read_approval(raw, options)
        _check_not_now(approved.approved, "approved")
        return approved
    given = reading.read_numbers(
        reading.read_field(raw, "points"), options, "points", least=0, most=points
    )
    if sum(given.values()) > points:
        raise Refusal(
            TOO_MANY_POINTS, f"This ballot has {points} points to spread.", field="points"
        )
    spread = {option: number for option, number in given.items() if number}
    _check_not_now(spread, "points")
    return PointsChoice(spread)


def read_quadratic(raw: object, options: Sequence[str], credits_: int) -> QuadraticChoice:
    """Read ``{"votes": {option: v}}``; all v * v together stay within the credits."""
    price = "Votes on an option cost their number times itself in credits (3 votes cost 9)"
    votes = reading.read_numbers(
        reading.read_field(raw, "votes"),
        options,
        "votes",
        least=0,
        most=credits_,
        beyond=f"{price}: this ballot has {credits_}, so an option takes 0 to {isqrt(credits_)}.",
    )
    cost = sum(number**2 for number in votes.values())
    if cost > credits_:
        raise Refusal(
            TOO_MANY_CREDITS,
            f"{price}: these cost {cost}, and this ballot has {credits_}.",
            field="votes",
        )
    return QuadraticChoice({option: number for option, number in votes.items() if number})


def _check_not_now(chosen: Collection[str], field: str) -> None:
    if NOT_NOW in chosen and len(chosen) > 1:
        raise Refusal(
            NOT_NOW_MIXED,
            "“Not now” keeps your whole share of the budget unspent, so it goes with no option.",
            field=field,
        )
