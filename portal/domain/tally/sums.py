"""Methods that add up: approval, score with weighted medians, and quadratic votes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.domain.tally.options import ApprovalChoice, QuadraticChoice, ScoreChoice
from portal.domain.tally.ordering import Order, Seats, order_by, take_seats
from portal.domain.tally.recusal import Recusal


@dataclass(frozen=True, slots=True)
class SumsOutcome:
    """A total for each option and the order it makes; medians where options were scored."""

    totals: Mapping[str, int]
    medians: Mapping[str, int | None]
    order: Order
    seats: Seats


def count_approval(
    options: Sequence[str], ballots: Iterable[tuple[int, ApprovalChoice | Recusal]], seats: int = 1
) -> SumsOutcome:
    """Add up the weight that approves each option; the most approved fill the seats."""
    totals = dict.fromkeys(options, 0)
    for weight, choice in ballots:
        if isinstance(choice, ApprovalChoice):
            for option in choice.approved:
                totals[option] += weight
    return _outcome(totals, {}, seats)


def count_score(
    options: Sequence[str], ballots: Iterable[tuple[int, ScoreChoice | Recusal]], seats: int = 1
) -> SumsOutcome:
    """Add up score times weight for each option.

    An option left unscored adds nothing. The median is the lowest score at or below which at least
    half of the weight lies that scored the option; None if nobody did.
    """
    held: dict[str, dict[int, int]] = {option: {} for option in options}
    for weight, choice in ballots:
        if isinstance(choice, ScoreChoice):
            for option, score in choice.scores.items():
                held[option][score] = held[option].get(score, 0) + weight
    totals = {
        option: sum(score * weight for score, weight in scores.items())
        for option, scores in held.items()
    }
    return _outcome(totals, {option: _median(scores) for option, scores in held.items()}, seats)


def count_quadratic(
    options: Sequence[str], ballots: Iterable[tuple[int, QuadraticChoice | Recusal]], seats: int = 1
) -> SumsOutcome:
    """Add up votes; weight has already bought them as credits, so it only says who is entitled."""
    totals = dict.fromkeys(options, 0)
    for weight, choice in ballots:
        if isinstance(choice, QuadraticChoice) and weight:
            for option, votes in choice.votes.items():
                totals[option] += votes
    return _outcome(totals, {}, seats)


def _outcome(
    totals: Mapping[str, int], medians: Mapping[str, int | None], seats: int
) -> SumsOutcome:
    order = order_by(totals)
    return SumsOutcome(totals, medians, order, take_seats(order, seats))


def _median(scores: Mapping[int, int]) -> int | None:
    below, half = 0, sum(scores.values())
    for score in sorted(scores):
        below += scores[score]
        if scores[score] and 2 * below >= half:
            return score
    return None
