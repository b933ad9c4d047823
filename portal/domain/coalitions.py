"""Counting coalitions of a weighted vote by generating functions, for the indices of power.

A game is reduced by the greatest common divisor of its weights and to the smaller of itself and
its dual (quotas q and W - q + 1 give the same indices). The product of (1 + y x^w) over all
electors (Bilbao et al., "Generating functions for computing power indices efficiently", 2000) is
held in one of two ways:

- As a map from weight to an integer with a slot of bits per coalition size. Classes of equal
  electors are split in two parts with few different sums, which meet in the middle.
- As one long integer with a slot per weight, where sizes do not matter and there are many
  different sums. Swings follow from its prefix sums C alone, since the coalitions up to weight s
  without an elector of weight w are C(s) - C(s-w) + C(s-2w) - ...
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from itertools import accumulate, product
from math import comb, factorial, gcd, prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Electors by weight, {weight: how many}; coalitions by weight, {weight: an integer with a slot of
# bits per size}.
Classes = dict[int, int]
_BySize = dict[int, int]

_CLASSES_TRIED = 10
_WIDENED = 9  # bytes by which slots grow: each time costs a pass over all


class Game(NamedTuple):
    """Electors of positive weight, in multiples of the unit, and the smaller of both quotas."""

    classes: Classes
    quota: int
    unit: int

    @property
    def electors(self) -> int:
        """The number of electors with a weight."""
        return sum(self.classes.values())


def reduced(weights: Sequence[int], quota: int) -> Game | None:
    """Reduce a game to its smallest form; None when no coalition reaches the quota."""
    total = sum(weights)
    if total < quota:
        return None
    unit = gcd(*weights)
    classes = Counter(weight // unit for weight in weights if weight)
    quota = -(-quota // unit)
    return Game(dict(classes), min(quota, total // unit - quota + 1), unit)


def swings(game: Game) -> dict[int, int]:
    """Count the coalitions that win only with one more elector of each weight (Banzhaf)."""
    if _map_work(game) < _long_integer_work(game):
        return _turned(game, bits=0)
    packed, width = _below_quota(game)
    short = {weight: range(0, game.quota, weight) for weight in game.classes}
    missing = _coalitions_missing(packed, width, {0}.union(*short.values()), game.quota)
    counted = {}
    for weight, steps in short.items():
        tail = [missing[step] for step in steps]
        counted[weight] = 2 * (sum(tail[::2]) - sum(tail[1::2])) - tail[0]
    return counted


def pivots(game: Game) -> dict[int, Fraction]:
    """Compute the share of orders in which an elector of each weight turns the vote (Shapley).

    A coalition of k others stands for k! (n - 1 - k)! of all n! orders.
    """
    electors, bits = game.electors, game.electors + 1
    slot = (1 << bits) - 1
    return {
        weight: Fraction(
            sum(
                (sizes >> bits * size & slot) * factorial(size) * factorial(electors - 1 - size)
                for size in range(electors)
            ),
            factorial(electors),
        )
        for weight, sizes in _turned(game, bits).items()
    }


def swings_work(game: Game) -> int:
    """Estimate the microseconds that `swings` takes."""
    return min(_map_work(game), _long_integer_work(game))


def pivots_work(game: Game) -> int:
    """Estimate the microseconds that `pivots` takes.

    Each class goes through all entries of both parts, which took some time to multiply: an entry is
    long where one weight has coalitions of many sizes.
    """
    parts = _split(game)
    work = _entries(parts, game.quota) * _through_entry(game)
    for part in parts:
        sized = min(_multiples(part, game.quota) * sum(part.values()), _selections(part))
        work += sized * _by_size(game)
    return work // 1000


def _through_entry(game: Game) -> int:
    return len(game.classes) * (8000 + game.electors**2) // 8


def _by_size(game: Game) -> int:
    return game.electors**2 // 43


def swings_quota(work: int, game: Game) -> int:
    """Return the largest quota with which `swings` stays within so many microseconds."""
    return work * 30_000 // game.electors**2


def pivots_quota(work: int, game: Game) -> int:
    """Return the largest quota with which `pivots` stays within so many microseconds."""
    return 1000 * work // (_through_entry(game) + _by_size(game) * game.electors)


def _map_work(game: Game) -> int:
    entries = _entries(_split(game), game.quota)
    return entries * (game.electors + 4 * len(game.classes)) // 24


def _long_integer_work(game: Game) -> int:
    return game.quota * game.electors**2 // 30_000


def _below_quota(game: Game) -> tuple[int, int]:
    """Multiply (1 + x^w) over all electors below x^quota; also returns the bytes of a slot.

    Slots are in reverse, the lowest for the largest weight, so that a shift to the right drops what
    reaches the quota. They are widened as counts grow, to hold 2 to the number of electors so far.
    """
    packed, most, width = 1, 0, _WIDENED
    for so_far, weight in enumerate(sorted(Counter(game.classes).elements()), start=1):
        if so_far >= 8 * width:
            packed = _widen(packed, most + 1, width)
            width += _WIDENED
        beyond = max(0, most + weight - game.quota + 1)
        kept = 8 * width * (weight - beyond)
        low = packed >> 8 * width * beyond if beyond else packed
        packed = (packed << kept if kept else packed) + low
        most += weight - beyond
    return packed << 8 * width * (game.quota - 1 - most), width


def _widen(packed: int, slots: int, width: int) -> int:
    """Give each slot more bytes."""
    narrow = packed.to_bytes(width * slots, "little")
    wide = bytearray((width + _WIDENED) * slots)
    for place in range(width):
        wide[place :: width + _WIDENED] = narrow[place::width]
    return int.from_bytes(wide, "little")


def _coalitions_missing(packed: int, width: int, wanted: set[int], quota: int) -> dict[int, int]:
    """Count the coalitions that miss the largest losing weight by each wanted number or more."""
    slots = packed.to_bytes(width * quota, "little")
    places = sorted(wanted, reverse=True)
    # Modulo 2^bits - 1, a long integer is the sum of its slots.
    sums = (
        int.from_bytes(slots[width * start : width * end], "little") % ((1 << 8 * width) - 1)
        for start, end in zip(places, [quota, *places], strict=False)
    )
    return dict(zip(places, accumulate(sums), strict=True))


def _turned(game: Game, bits: int) -> dict[int, int]:
    """Count, by size in slots of so many bits, the coalitions an elector of each weight turns.

    With 0 bits all sizes fall into one slot.
    """
    parts = _split(game)
    products = [_products(part, game.quota, bits) for part in parts]
    turned = {}
    for side, part in enumerate(parts):
        for weight in part:
            rest = _without(products[side], weight, bits)
            turned[weight] = _joined(products[1 - side], rest, weight, game.quota)
    return turned


def _split(game: Game) -> tuple[Classes, Classes]:
    """Split classes in two so that both parts together have few different sums below the quota.

    Tries all splits of up to ten classes; of more, moves over one class at a time while it helps.
    """
    if len(game.classes) <= _CLASSES_TRIED:
        return min(_all_splits(game.classes), key=lambda parts: _entries(parts, game.quota))
    best: tuple[Classes, Classes] = ({}, game.classes)
    while True:
        following = min(_moves(*best), key=lambda parts: _entries(parts, game.quota))
        if _entries(following, game.quota) >= _entries(best, game.quota):
            return best
        best = following


def _all_splits(classes: Classes) -> Iterator[tuple[Classes, Classes]]:
    for sides in product((0, 1), repeat=len(classes)):
        parts: tuple[Classes, Classes] = ({}, {})
        for side, (weight, number) in zip(sides, classes.items(), strict=True):
            parts[side][weight] = number
        yield parts


def _moves(left: Classes, right: Classes) -> Iterator[tuple[Classes, Classes]]:
    for weight, number in right.items():
        rest = {other: many for other, many in right.items() if other != weight}
        yield {**left, weight: number}, rest


def _entries(parts: tuple[Classes, Classes], quota: int) -> int:
    """Bound how many different sums below the quota both parts have, added up."""
    return sum(_sums(part, quota) for part in parts)


def _sums(part: Classes, quota: int) -> int:
    return min(_multiples(part, quota), _selections(part))


def _selections(part: Classes) -> int:
    """Count the ways to take some electors of each class."""
    return prod(number + 1 for number in part.values())


def _multiples(part: Classes, quota: int) -> int:
    """Bound the sums of a part below the quota by the multiples of what divides its weights."""
    total = sum(weight * number for weight, number in part.items())
    return min(total, quota - 1) // max(1, gcd(*part)) + 1


def _products(part: Classes, quota: int, bits: int) -> _BySize:
    """Multiply (1 + y x^w) over the electors of a part below x^quota."""
    coalitions = {0: 1}
    for weight, number in sorted(part.items()):
        terms = [(weight * size, comb(number, size), bits * size) for size in range(number + 1)]
        grown: _BySize = {}
        for total, sizes in coalitions.items():
            for more, ways, shift in terms:
                if total + more >= quota:
                    break
                grown[total + more] = grown.get(total + more, 0) + (sizes * ways << shift)
        coalitions = grown
    return coalitions


def _without(coalitions: _BySize, weight: int, bits: int) -> _BySize:
    """Divide by (1 + y x^weight): the coalitions without one elector of this weight."""
    rest: _BySize = {}
    for total in sorted(coalitions):
        if sizes := coalitions[total] - (rest.get(total - weight, 0) << bits):
            rest[total] = sizes
    return rest


def _joined(one: _BySize, other: _BySize, weight: int, quota: int) -> int:
    """Count by size the unions of both parts that an elector of this weight turns.

    Goes through the larger part once, keeping the sum of its entries between quota - weight and
    quota - 1 when joined with the current entry of the smaller part.
    """
    few, many = sorted((one, other), key=len)
    ascending = sorted(many)
    joined = inside = entering = leaving = 0
    for total in sorted(few, reverse=True):
        end = bisect_left(ascending, quota - total, entering)
        start = bisect_left(ascending, quota - weight - total, leaving)
        inside += sum(many[entry] for entry in ascending[entering:end])
        inside -= sum(many[entry] for entry in ascending[leaving:start])
        entering, leaving = end, start
        sizes = few[total]
        shift = (sizes & -sizes).bit_length() - 1  # most often one size: a short factor
        joined += (sizes >> shift) * inside << shift
    return joined
