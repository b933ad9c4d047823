"""Ranked ballots by Schulze with winning votes, packed into integer arrays.

Formula: Schulze, "A new monotonic, clone-independent, reversal symmetric, and condorcet-consistent
single-winner election method" (2011). All arithmetic is on 64-bit integers and exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portal.domain.errors import Refusal
from portal.domain.tally.options import RankedChoice, Unranked
from portal.domain.tally.ordering import Order, Seats, order_by, take_seats
from portal.domain.tally.recusal import Recusal

_LARGEST_TOTAL = 2**63 - 1
# Up to so many different weights, counting each stretch of equal ones is quicker than a product.
_STRETCHES = 24

Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PackedBallots:
    """One row per option, one column per ballot, the lightest first: ranks, 0 for unranked."""

    options: tuple[str, ...]
    ranks: NDArray[np.unsignedinteger]
    weights: NDArray[np.int64]


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
    """Count ranked ballots with their weights; refuses weights beyond 64 bits."""
    ranked = [
        (weight, choice.ranks) for weight, choice in ballots if isinstance(choice, RankedChoice)
    ]
    return count_packed(pack_ballots(options, ranked), unranked=unranked, seats=seats)


def pack_ballots(
    options: Sequence[str], ballots: Iterable[tuple[int, Mapping[str, int]]]
) -> PackedBallots:
    """Pack weights and ranks (whole numbers from 1 on, gaps allowed) into arrays."""
    heavy = sorted((ballot for ballot in ballots if ballot[0]), key=lambda ballot: ballot[0])
    if sum(weight for weight, _ranks in heavy) > _LARGEST_TOTAL:
        raise Refusal("tally.weight_too_large", "The weights add up to more than can be counted.")
    rows = [[ranks.get(option, 0) for _weight, ranks in heavy] for option in options]
    largest = max((max(row, default=0) for row in rows), default=0)
    # One value above the largest rank is needed for unranked options that come last.
    kind = np.min_scalar_type(largest + 1)
    packed = np.array(rows, dtype=kind).reshape(len(options), len(heavy))
    weights = np.array([weight for weight, _ranks in heavy], dtype=np.int64)
    return PackedBallots(tuple(options), packed, weights)


def count_packed(
    ballots: PackedBallots, *, unranked: Unranked = Unranked.ABSTAIN, seats: int = 1
) -> RankedOutcome:
    """Count packed ballots: pairs, strongest paths, and the order they make."""
    return _rank(ballots.options, count_pairs(ballots, unranked), seats)


def rank_pairs(options: Sequence[str], pairwise: Matrix) -> RankedOutcome:
    """Order options by a matrix that was counted before."""
    return _rank(tuple(options), np.array(pairwise, dtype=np.int64), 1)


def _rank(options: tuple[str, ...], pairwise: NDArray[np.int64], seats: int) -> RankedOutcome:
    paths = _strongest_paths(pairwise)
    order = _order(options, paths)
    return RankedOutcome(
        options, order, take_seats(order, seats), _matrix(pairwise), _matrix(paths)
    )


def count_pairs(ballots: PackedBallots, unranked: Unranked) -> NDArray[np.int64]:
    """Add up the weight that ranks each option (row) above each other one (column).

    Goes pair by pair over two rows at a time, which stay in the processor's cache.
    """
    beyond = np.iinfo(ballots.ranks.dtype).max
    better = np.where(ballots.ranks == 0, beyond, ballots.ranks)
    worse = ballots.ranks if unranked is Unranked.ABSTAIN else better
    count = len(ballots.options)
    pairwise = np.zeros((count, count), dtype=np.int64)
    above = np.empty(len(ballots.weights), dtype=np.bool_)
    weigh = _Weighing(ballots.weights)
    for row in range(count):
        for column in range(count):
            if row != column:
                np.less(better[row], worse[column], out=above)
                pairwise[row, column] = weigh(above)
    return pairwise


class _Weighing:
    """Adds up the weights of chosen ballots, by stretches of equal weight if there are few."""

    def __init__(self, weights: NDArray[np.int64]) -> None:
        """Take weights in ascending order."""
        self._weights = weights
        values, sizes = np.unique(weights, return_counts=True)
        ends = np.cumsum(sizes)
        starts = ends - sizes
        self._stretches = list(zip(values.tolist(), starts.tolist(), ends.tolist(), strict=True))

    def __call__(self, chosen: NDArray[np.bool_]) -> int:
        """Weigh the ballots for which this is true."""
        if len(self._stretches) > _STRETCHES:
            return int(np.dot(self._weights, chosen))
        return sum(
            weight * int(np.count_nonzero(chosen[start:end]))
            for weight, start, end in self._stretches
        )


def _strongest_paths(pairwise: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the strongest path from each option to each other; its weakest link is its strength."""
    paths = np.where(pairwise > pairwise.T, pairwise, 0)
    for via in range(len(paths)):
        np.maximum(paths, np.minimum(paths[:, via, None], paths[via]), out=paths)
    np.fill_diagonal(paths, 0)
    return paths


def _order(options: tuple[str, ...], paths: NDArray[np.int64]) -> Order:
    """Order options by how many others beat them, as published orders do; none: the winners.

    Beating is transitive, so whoever beats another stands before it.
    """
    beaten_by = np.count_nonzero(paths > paths.T, axis=0).tolist()
    return order_by({option: -by for option, by in zip(options, beaten_by, strict=True)})


def _matrix(values: NDArray[np.int64]) -> Matrix:
    return tuple(tuple(row) for row in values.tolist())
