"""One round of the Method of Equal Shares, on integers: who can still pay, and what is bought.

Electors of the same history have the same money left per unit of weight, so they are kept as
purses: money and the set of electors who have it, with all money over one denominator and sets of
electors as the bits of an integer. An option's rho never falls while money is spent; a heap of
earlier rhos thus tells which options need another look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from heapq import heappop, heapreplace
from math import gcd, lcm

# Money per unit of weight, ascending, with the electors who have it left; the broke are left out.
_Purses = list[tuple[int, int]]
# A utility per unit of weight, with the electors who get it from an option.
_Levels = list[tuple[int, int]]


class Electors:
    """Weights and utilities of all electors of a budget vote, as sets of bits.

    Takes (weight, {option: utility}) for each elector, and all options in the order in which ties
    are broken. Weights of 0 and utilities of 0 do not count.
    """

    def __init__(
        self, ballots: Iterable[tuple[int, Mapping[str, int]]], ties: Sequence[str]
    ) -> None:
        """Sort electors by their weight, and by the utility that each option has to them."""
        entitled = [(weight, utilities) for weight, utilities in ballots if weight]
        self.weight = sum(weight for weight, _utilities in entitled)
        weights: dict[int, list[int]] = {}
        utilities_of: dict[str, dict[int, list[int]]] = {option: {} for option in ties}
        for place, (weight, utilities) in enumerate(entitled):
            weights.setdefault(weight, []).append(place)
            for option, utility in utilities.items():
                utilities_of[option].setdefault(utility, []).append(place)
        self.everyone = (1 << len(entitled)) - 1
        self._classes = [(weight, _bits(places)) for weight, places in weights.items()]
        self.levels: dict[str, _Levels] = {
            option: [(utility, _bits(places)) for utility, places in held.items() if utility]
            for option, held in utilities_of.items()
        }
        self.supported = [option for option in ties if self.levels[option]]

    def weigh(self, electors: int) -> int:
        """Add up the weight of a set of electors."""
        if len(self._classes) == 1:  # most files, and the innermost step of a count
            return self._classes[0][0] * electors.bit_count()
        return sum(weight * (electors & members).bit_count() for weight, members in self._classes)

    def support(self, option: str) -> int:
        """Add up the weight of all who get something from an option."""
        return sum(self.weigh(members) for _utility, members in self.levels[option])


def _bits(places: list[int]) -> int:
    held = bytearray(places[-1] // 8 + 1)
    for place in places:
        held[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(held, "little")


def fund(electors: Electors, costs: Mapping[str, int], share: Fraction) -> dict[str, Fraction]:
    """Buy options with a share of money per unit of weight; returns {option: rho} as bought.

    Among options of equal rho the first in the order of ties is bought.
    """
    scale = share.denominator
    purses: _Purses = [(share.numerator, electors.everyone)] if share else []
    solvent = electors.everyone if share else 0
    queue = [(Fraction(0), place, option) for place, option in enumerate(electors.supported)]
    funded = {}
    while queue:
        _earlier, place, option = queue[0]
        levels = electors.levels[option]
        price = _price(electors, levels, purses, costs[option] * scale, solvent)
        if price is None:
            heappop(queue)
            continue
        missing, utility = price
        rho = Fraction(missing, utility * scale)
        heapreplace(queue, (rho, place, option))
        if queue[0][2] == option:
            heappop(queue)
            funded[option] = rho
            common = gcd(missing, utility)
            purses = _pay(purses, levels, missing // common, utility // common)
            scale *= utility // common
            solvent = _union(purses)
    return funded


def _price(
    electors: Electors, levels: _Levels, purses: _Purses, cost: int, solvent: int
) -> tuple[int, int] | None:
    """Find rho as (cost left to those who are not emptied, their utility); None if too dear.

    The poorest per utility are emptied one purse after the other until all others can pay the
    same rate.
    """
    utility = sum(per_weight * electors.weigh(members & solvent) for per_weight, members in levels)
    for money, per_weight, payers in _by_rate(purses, levels):
        if money * utility >= cost * per_weight:
            return cost, utility
        if payers:
            weight = electors.weigh(payers)
            cost -= money * weight
            utility -= per_weight * weight
    return None


def _by_rate(purses: _Purses, levels: _Levels) -> Iterable[tuple[int, int, int]]:
    """Go through (money, utility, electors) by ascending money per utility."""
    if len(levels) == 1:
        ((utility, members),) = levels
        return ((money, utility, holders & members) for money, holders in purses)
    common = lcm(*(utility for utility, _members in levels))
    anyone = _union(levels)
    by_rate = [
        (money * common // utility, money, utility, payers)
        for money, holders in purses
        if (interested := holders & anyone)
        for utility, members in levels
        if (payers := interested & members)
    ]
    by_rate.sort()
    return (payer[1:] for payer in by_rate)


def _pay(purses: _Purses, levels: _Levels, rate: int, finer: int) -> _Purses:
    """Take rate / finer per utility, or all there is; money is then in parts finer by that much."""
    left: dict[int, int] = {}
    anyone = _union(levels)
    for money, holders in purses:
        spared = holders
        interested = holders & anyone
        for utility, members in levels if interested else ():
            if payers := interested & members:
                spared ^= payers
                rest = money * finer - rate * utility
                if rest > 0:
                    left[rest] = left.get(rest, 0) | payers
        if spared:
            left[money * finer] = left.get(money * finer, 0) | spared
    return sorted(left.items())


def _union(sets: list[tuple[int, int]]) -> int:
    """Join the sets of electors of purses or of levels."""
    joined = 0
    for _amount, members in sets:
        joined |= members
    return joined
