"""Power in a weighted vote: Banzhaf and Shapley-Shubik indices, quotas and warnings.

Indices are fractions, counted exactly over integer weights (see `coalitions` for how). Declared
coarsening: `banzhaf_unit` and `shapley_unit` tell the unit in which weights are read. It is 1,
hence exact, for the few different weights that tiers make, and with Banzhaf for 200 electors of
any weights up to 3,700 thousandths on average. A game of more work than a page can wait for is
first rounded to a larger unit; it is then counted exactly, so that every recount agrees. With
Shapley-Shubik, which counts coalitions by size too, 200 different weights are rounded so that they
add up to about 1,500 units.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from portal.domain import coalitions
from portal.domain.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BANZHAF_ELECTORS = 1000
SHAPLEY_ELECTORS = 400

Value = TypeVar("Value", int, Fraction)

# Microseconds of work beyond which weights are rounded; most games take a few thousand.
_BANZHAF_WORK = 500_000
_SHAPLEY_WORK = 1_000_000


class PowerWarning(StrEnum):
    """What an elector's weight alone does to a vote, the strongest that holds."""

    DICTATOR = "dictator"
    VETO_PLAYER = "veto_player"
    DUMMY = "dummy"


def majority_quota(weights: Sequence[int], threshold: Fraction | None) -> int:
    """Return the weight that carries a question when every elector votes for or against.

    Without a threshold more than half (for > against), else at least that share (for >= t * all).
    Refuses a threshold outside (1/2, 1] with ValueError.
    """
    total = sum(weights)
    if threshold is None:
        return total // 2 + 1
    if not Fraction(1, 2) < threshold <= 1:
        raise ValueError("a threshold is a share above one half and at most 1")
    return max(1, -(-total * threshold.numerator // threshold.denominator))


def banzhaf(weights: Sequence[int], quota: int) -> list[Fraction]:
    """Return the normalized Banzhaf index (1965) of each elector, in the order of the weights.

    Weights are integers from 0 on (thousandths or any unit) and the quota is in the same unit. All
    indices are 0 when even everybody together misses the quota. Refuses negative weights and a
    quota below 1 with ValueError, and more than BANZHAF_ELECTORS with a Refusal.
    """
    swings = _swings(tuple(weights), quota)
    total = sum(swings)
    return [Fraction(swing, total or 1) for swing in swings]


def shapley_shubik(weights: Sequence[int], quota: int) -> list[Fraction]:
    """Return the Shapley-Shubik index (1954) of each elector, in the order of the weights.

    Arguments and refusals as in `banzhaf`, but for more than SHAPLEY_ELECTORS.
    """
    unit = shapley_unit(weights, quota)
    shares = _by_elector(*_rounded(weights, quota, unit), coalitions.pivots)
    return [Fraction(share) for share in shares]


def warnings(weights: Sequence[int], quota: int) -> list[PowerWarning | None]:
    """Name each elector who decides alone, can block alone, or can never matter; else None.

    Arguments and refusals as in `banzhaf`.
    """
    total = sum(weights)
    return [
        strongest_warning(weight, total, quota, matters=swing > 0)
        for weight, swing in zip(weights, _swings(tuple(weights), quota), strict=True)
    ]


def strongest_warning(weight: int, total: int, quota: int, *, matters: bool) -> PowerWarning | None:
    """Name what one elector's weight does; ``matters`` is whether its index is above 0."""
    if not matters:
        return PowerWarning.DUMMY
    if total - weight < quota:
        return PowerWarning.DICTATOR if weight >= quota else PowerWarning.VETO_PLAYER
    return None


def banzhaf_unit(weights: Sequence[int], quota: int) -> int:
    """Tell the unit in which `banzhaf` reads these weights; 1 is exactly as they are."""
    game = _game(weights, quota, BANZHAF_ELECTORS)
    if game is None or coalitions.swings_work(game) <= _BANZHAF_WORK:
        return 1
    return -(-sum(weights) // (2 * coalitions.swings_quota(_BANZHAF_WORK, game)))


def shapley_unit(weights: Sequence[int], quota: int) -> int:
    """Tell the unit in which `shapley_shubik` reads these weights; 1 is exactly as they are."""
    game = _game(weights, quota, SHAPLEY_ELECTORS)
    if game is None or coalitions.pivots_work(game) <= _SHAPLEY_WORK:
        return 1
    return -(-sum(weights) // (2 * coalitions.pivots_quota(_SHAPLEY_WORK, game)))


@lru_cache(maxsize=16)
def _swings(weights: tuple[int, ...], quota: int) -> tuple[int, ...]:
    """Count for each elector the coalitions of the others that win only with it."""
    unit = banzhaf_unit(weights, quota)
    return tuple(_by_elector(*_rounded(weights, quota, unit), coalitions.swings))


def _game(weights: Sequence[int], quota: int, electors: int) -> coalitions.Game | None:
    """Reduce a game, None when no coalition wins; refuse what is malformed or too large."""
    if quota < 1 or min(weights, default=0) < 0:
        raise ValueError("power needs weights from 0 on and a quota of at least 1")
    if len(weights) > electors:
        raise Refusal(
            "power.too_many_electors", f"Power is computed for at most {electors} electors."
        )
    return coalitions.reduced(weights, quota)


def _rounded(weights: Sequence[int], quota: int, unit: int) -> tuple[list[int], int]:
    """Round weights to the nearest multiple of a unit, and the quota up in proportion."""
    if unit == 1:
        return list(weights), quota
    rounded = [(weight + unit // 2) // unit for weight in weights]
    return rounded, -(-quota * sum(rounded) // sum(weights))


def _by_elector(
    weights: list[int], quota: int, count: Callable[[coalitions.Game], Mapping[int, Value]]
) -> list[Value | int]:
    """Count a game and hand out what was counted; 0 to those without a weight."""
    game = coalitions.reduced(weights, quota)
    if game is None:
        return [0] * len(weights)
    counted = count(game)
    return [counted.get(weight // game.unit, 0) for weight in weights]
