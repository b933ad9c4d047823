"""Counting beside plain ways to count the same, and power for as many as share a house."""

from __future__ import annotations

import importlib
import importlib.util
import random
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from portal.domain.power import banzhaf, majority_quota, shapley_shubik
from portal.domain.tally.budget import BudgetRules, count_budget
from portal.domain.tally.file_counts import count_file
from portal.domain.tally.file_rules import FileRules
from portal.domain.tally.formats import read_ballots
from portal.domain.tally.options import ApprovalChoice
from portal.domain.tally.schulze import PackedBallots, count_packed
from tests.bench.lines import Line

_OPTIONS, _BALLOTS = 50, 100_000
_PROJECTS, _VOTERS = 100, 10_000
_SAMPLE = 500


def measure() -> Iterator[Line]:
    """Ranked ballots, budgets and power."""
    draw = random.Random(1)  # noqa: S311 - the same ballots each time
    yield from _ranked(draw)
    yield from _budget(draw)
    yield from _published(draw)
    yield from _power(draw)


def _ranked(draw: random.Random) -> Iterator[Line]:
    name = f"ranked, {_OPTIONS} options × {_BALLOTS:,} ballots"
    options = tuple(f"option-{number}" for number in range(_OPTIONS))
    generator = np.random.default_rng(draw.randrange(2**32))
    ranks = 1 + generator.permuted(
        np.tile(np.arange(_OPTIONS, dtype=np.uint8)[:, None], _BALLOTS), axis=0
    )
    weights = np.sort(generator.choice(np.array([1000, 2000, 4000, 12000]), _BALLOTS))
    packed = PackedBallots(options, ranks, weights)
    ours = _best(lambda: count_packed(packed))
    numpy = _best(lambda: _numpy_pairs(ranks))
    plain = _best(lambda: _plain_pairs(ranks[:, :_SAMPLE].T.tolist()), times=1)
    yield Line(f"{name}: all of the count", 1000 * ours, "ms")
    yield Line(f"{name}: / NumPy's pairs, unweighted", ours / numpy, most=4)
    scaled = plain * _BALLOTS / _SAMPLE
    yield Line(
        f"{name}: dictionary of pairs ({_SAMPLE} ballots, scaled) / ours", scaled / ours, least=100
    )


def _numpy_pairs(ranks: NDArray[np.uint8]) -> NDArray[np.intp]:
    """How many rank an option above each other one, all others at a time; weights left out."""
    return np.array([np.count_nonzero(row < ranks, axis=1) for row in ranks])


def _plain_pairs(ballots: list[list[int]]) -> dict[tuple[int, int], int]:
    pairs: dict[tuple[int, int], int] = {}
    for ballot in ballots:
        for row, above in enumerate(ballot):
            for column, below in enumerate(ballot):
                if above < below:
                    pairs[row, column] = pairs.get((row, column), 0) + 1
    return pairs


def _budget(draw: random.Random) -> Iterator[Line]:
    name = f"equal shares, {_PROJECTS} × {_VOTERS:,}, exact"
    costs = {f"project-{number}": draw.randrange(10_000, 200_000) for number in range(_PROJECTS)}
    names = list(costs)
    approvals = [frozenset(draw.sample(names, draw.randrange(3, 12))) for _ in range(_VOTERS)]
    ballots = [(1, ApprovalChoice(each)) for each in approvals]
    rules = BudgetRules(costs, 2_000_000, step=0)
    ours = _best(lambda: count_budget(ballots, rules), times=3)
    sample = approvals[:_SAMPLE]
    small = {each: cost * _SAMPLE // _VOTERS for each, cost in costs.items()}
    plain = _best(lambda: _plain_shares(sample, small, rules.budget * _SAMPLE // _VOTERS), times=1)
    yield Line(f"{name}: one round", 1000 * ours, "ms")
    scaled = plain * _VOTERS / _SAMPLE
    yield Line(f"{name}: by the book ({_SAMPLE} voters, scaled) / ours", scaled / ours, least=10)


def _published(draw: random.Random) -> Iterator[Line]:
    """A city's file from its text to what is funded, beside pabutools where it is installed."""
    name = "equal shares of a file, 64 × 6,500, add1"
    text = _pabulib(draw)
    begun = time.perf_counter()
    report = count_file(read_ballots("city.pb", text.splitlines(keepends=True)), FileRules())
    ours = time.perf_counter() - begun
    yield Line(f"{name}: read and counted", ours, "s")
    if importlib.util.find_spec("pabutools") is None:
        return
    election = importlib.import_module("pabutools.election")
    read = importlib.import_module("pabutools.election.pabulib").parse_pabulib_from_string
    instance, profile = read(text)
    shares = importlib.import_module("pabutools.rules").method_of_equal_shares
    begun = time.perf_counter()
    funded = shares(instance, profile, sat_class=election.Cost_Sat, voter_budget_increment=1)
    theirs = time.perf_counter() - begun
    if {each.name for each in funded} != {each["option"] for each in report["funded"]}:
        raise AssertionError("pabutools funds other projects")
    yield Line(f"{name}: pabutools, exact / ours", theirs / ours, least=10)


def _pabulib(draw: random.Random) -> str:
    names = [f"p{number}" for number in range(64)]
    liked = [0.02 + draw.random() ** 2 for _name in names]
    costs = "".join(f"{name};{draw.randrange(5000, 110_000)}\n" for name in names)
    votes = "".join(
        f"{voter};{','.join(dict.fromkeys(draw.choices(names, liked, k=draw.randrange(1, 12))))}\n"
        for voter in range(6500)
    )
    head = "META\nkey;value\nbudget;1000000\nvote_type;approval\nPROJECTS\nproject_id;cost\n"
    return f"{head}{costs}VOTES\nvoter_id;vote\n{votes}"


def _plain_shares(approvals: list[frozenset[str]], costs: dict[str, int], budget: int) -> list[str]:
    """Equal Shares as the paper says it: every voter's purse, a fraction, in every round."""
    purses = [Fraction(budget, len(approvals))] * len(approvals)
    fans = {each: [n for n, held in enumerate(approvals) if each in held] for each in costs}
    funded: list[str] = []
    while True:
        best: tuple[Fraction, str] | None = None
        for each, voters in fans.items():
            if each in funded or sum(purses[voter] for voter in voters) < costs[each]:
                continue
            left, payers = Fraction(costs[each]), len(voters)
            for purse in sorted(purses[voter] for voter in voters):
                if purse * payers >= left:
                    break
                left, payers = left - purse, payers - 1
            rate = left / payers
            if best is None or rate / costs[each] < best[0]:
                best = (rate / costs[each], each)
        if best is None:
            return funded
        funded.append(best[1])
        rate = best[0] * costs[best[1]]
        for voter in fans[best[1]]:
            purses[voter] -= min(rate, purses[voter])


def _power(draw: random.Random) -> Iterator[Line]:
    tiers = [1000 * draw.choice((1, 2, 4, 12)) for _ in range(200)]
    various = [draw.randrange(1000, 20_000) for _ in range(200)]
    for name, weights in (("four tiers", tiers), ("200 different weights", various)):
        quota = majority_quota(weights, None)
        begun = time.perf_counter()
        banzhaf(weights, quota)
        middle = time.perf_counter()
        shapley_shubik(weights, quota)
        end = time.perf_counter()
        for index, took in (("Banzhaf", middle - begun), ("Shapley-Shubik", end - middle)):
            yield Line(f"power of 200 electors, {name}: {index}", 1000 * took, "ms", most=1000)


def _best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the quickest of several times."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)
