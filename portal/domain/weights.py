"""Voting weights: related companies, damping and the cap, from raw to stored thousandths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

THOUSANDTHS = 1000

Id = TypeVar("Id", bound=Hashable)


class Damping(StrEnum):
    """How a raw weight becomes an elector's weight before the cap."""

    LINEAR = "linear"
    SQRT = "sqrt"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class RelatedGroup(Generic[Id]):
    """Companies that are one elector: who leads it, all its members, and its raw weight."""

    lead: Id
    members: tuple[Id, ...]
    raw: Fraction


def damp(raw: Fraction | int, damping: Damping) -> Fraction:
    """Dampen one raw weight: itself, its square root rounded down to thousandths, or 1.

    A raw weight of 0 stays 0 under every damping: a tier without a vote never gets one. Refuses a
    negative weight with ValueError.
    """
    exact = Fraction(raw)
    if exact < 0:
        raise ValueError("a raw weight cannot be negative")
    if damping is Damping.LINEAR:
        return exact
    if damping is Damping.SQRT:
        # floor(sqrt(x)) = isqrt(floor(x)), here with x = raw in millionths.
        return Fraction(isqrt(int(exact * THOUSANDTHS**2)), THOUSANDTHS)
    return Fraction(min(1, exact.numerator))


def cap_weights(weights: Sequence[Fraction], alpha: Fraction) -> list[Fraction]:
    """Cap weights so that no share of the capped total exceeds alpha; the order is kept.

    The fixed point of VOTING 2: with weights in descending order, the smallest k for which
    c = alpha * sum(after the k-th) / (1 - k * alpha) is at least the next weight; then min(w, c).
    When alpha cannot hold (n * alpha <= 1 for n positive weights) all positive weights become
    equal, namely the smallest of them, which is where the fixed point ends at n * alpha = 1.
    Weights of 0 stay 0 and do not count in n. Refuses alpha outside (0, 1] with ValueError.
    """
    ceiling = _ceiling(Counter(weights), alpha)
    return [min(weight, ceiling) for weight in weights]


def _ceiling(classes: Mapping[Fraction, int], alpha: Fraction) -> Fraction:
    """Find the largest weight that the cap leaves to anybody; ``classes`` counts equal weights.

    Within a class the condition on k is the same for each member, so a class is one step: with T
    the weight after k and w the next weight, alpha * T >= w * (1 - k * alpha) stays as it is when
    both k grows by one and T shrinks by w.
    """
    if not 0 < alpha <= 1:
        raise ValueError("the cap is a share above 0 and at most 1")
    descending = sorted(((w, n) for w, n in classes.items() if w > 0 and n > 0), reverse=True)
    if not descending:
        return Fraction(0)
    if sum(n for _, n in descending) * alpha <= 1:
        return descending[-1][0]
    k, rest = 0, sum((w * n for w, n in descending), Fraction(0))
    for weight, members in descending:
        # k stays below 1 / alpha: at the last such k the ceiling is at least the next weight.
        if alpha * rest >= weight * (1 - k * alpha):
            return alpha * rest / (1 - k * alpha)
        k, rest = k + members, rest - weight * members
    raise AssertionError("the last class always meets the condition")


def class_weights(
    classes: Mapping[Fraction, int], *, damping: Damping, cap: Fraction
) -> dict[Fraction, int]:
    """The effective weight of each raw weight, in integer thousandths.

    ``classes`` tells how many electors have each raw weight. Damped weights are rounded down to
    thousandths, then capped, and the ceiling is rounded down too. For raw weights given in
    thousandths or coarser that equals rounding the exact fixed point once. In this order the cap
    holds exactly on what is stored: with k electors at the ceiling c and a rest R that is already
    whole, c * (1 - k * cap) = cap * R, so a lower whole ceiling d has d <= cap * (R + k * d), and
    nobody else holds more than d.
    """
    whole = {raw: Fraction(int(damp(raw, damping) * THOUSANDTHS)) for raw in classes}
    merged: Counter[Fraction] = Counter()
    for raw, members in classes.items():
        merged[whole[raw]] += members
    ceiling = _ceiling(merged, cap)
    return {raw: int(min(weight, ceiling)) for raw, weight in whole.items()}


def effective_weights(
    raw: Sequence[Fraction | int], *, damping: Damping, cap: Fraction
) -> list[int]:
    """Turn raw weights into the integer thousandths that a vote stores; the order is kept.

    As ``class_weights`` says.
    """
    exact = [Fraction(weight) for weight in raw]
    weights = class_weights(Counter(exact), damping=damping, cap=cap)
    return [weights[weight] for weight in exact]


def merge_related(
    companies: Iterable[tuple[Id, Id | None, Fraction | int]],
) -> list[RelatedGroup[Id]]:
    """Group companies that are related through parents into electors, in order of appearance.

    Takes (company, its parent or None, raw weight). Two companies are related when a chain of
    parents links them, in either direction; a parent that is not itself listed still links its
    daughters; a circle of parents is simply one group. The group weighs as much as its largest
    tier, not the sum, and that member leads it (the first listed, among equals). Refuses a company
    listed twice with ValueError.
    """
    listed = list(companies)
    parents: dict[Id, Id] = {}

    def root(company: Id) -> Id:
        while (above := parents.get(company, company)) != company:
            parents[company] = company = parents.get(above, above)
        return company

    for company, parent, _raw in listed:
        if parent is not None:
            parents[root(company)] = root(parent)
    groups: dict[Id, list[tuple[Id, Fraction]]] = {}
    for company, _parent, raw in listed:
        groups.setdefault(root(company), []).append((company, Fraction(raw)))
    if len({company for company, _parent, _raw in listed}) < len(listed):
        raise ValueError("a company is listed twice")
    return [_group(members) for members in groups.values()]


def _group(members: list[tuple[Id, Fraction]]) -> RelatedGroup[Id]:
    lead, raw = max(members, key=lambda member: member[1])
    return RelatedGroup(lead, tuple(company for company, _raw in members), raw)
