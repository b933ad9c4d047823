"""Schulze with winning votes in plain whole numbers, for bundles that are checked without NumPy.

It gives what `schulze` gives, to which a test holds it; there stands where the rule comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.domain.tally.options import RankedChoice, Unranked
from portal.domain.tally.ordering import Order, Seats, order_by, take_seats
from portal.domain.tally.recusal import Recusal

Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class RankedOutcome:
    """The order, the weight preferring each row to each column, and the strongest paths."""

    options: tuple[str, ...]
    order: Order
    seats: Seats
    pairwise: Matrix
    strongest_paths: Matrix


def count_ranked(
    options: Sequence[str],
    ballots: Iterable[tuple[int, RankedChoice | Recusal]],
    *,
    unranked: Unranked = Unranked.ABSTAIN,
    seats: int = 1,
) -> RankedOutcome:
    """Count ranked ballots with their weights."""
    pairwise = [[0] * len(options) for _ in options]
    for weight, choice in ballots:
        if isinstance(choice, RankedChoice):
            _add(pairwise, options, choice.ranks, weight, unranked)
    return rank_pairs(options, pairwise, seats=seats)


def rank_pairs(
    options: Sequence[str], pairwise: Sequence[Sequence[int]], *, seats: int = 1
) -> RankedOutcome:
    """Order options by a matrix that was counted before."""
    size = range(len(options))
    paths = [[pairwise[a][b] if pairwise[a][b] > pairwise[b][a] else 0 for b in size] for a in size]
    for via in size:
        for a in size:
            for b in size:
                if a != b:
                    paths[a][b] = max(paths[a][b], min(paths[a][via], paths[via][b]))
    beaten_by = {
        option: -sum(paths[a][b] > paths[b][a] for a in size) for b, option in enumerate(options)
    }
    order = order_by(beaten_by)
    return RankedOutcome(
        tuple(options), order, take_seats(order, seats), _matrix(pairwise), _matrix(paths)
    )


def _add(
    pairwise: list[list[int]],
    options: Sequence[str],
    ranks: Mapping[str, int],
    weight: int,
    unranked: Unranked,
) -> None:
    """Add one ballot to the pairs it takes part in."""
    beyond = max(ranks.values(), default=0) + 1
    for a, one in enumerate(options):
        if one not in ranks:
            continue
        for b, other in enumerate(options):
            against = ranks.get(other, beyond if unranked is Unranked.LAST else 0)
            if a != b and ranks[one] < against:
                pairwise[a][b] += weight


def _matrix(rows: Sequence[Sequence[int]]) -> Matrix:
    return tuple(tuple(row) for row in rows)
