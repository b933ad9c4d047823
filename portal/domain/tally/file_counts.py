"""Count a ballot file by a method, and report every figure of the count as plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from portal.domain.errors import Refusal
from portal.domain.positions import Part, Position
from portal.domain.tally.file_ballots import BallotFile, Cast, Kind
from portal.domain.tally.file_budget import report_budget
from portal.domain.tally.file_rules import FileRules, Report, exact_number
from portal.domain.tally.options import (
    ApprovalChoice,
    QuadraticChoice,
    RankedChoice,
    ScoreChoice,
)
from portal.domain.tally.ordering import Order, Seats
from portal.domain.tally.schulze import Matrix, count_ranked
from portal.domain.tally.sums import SumsOutcome, count_approval, count_quadratic, count_score
from portal.domain.tally.yes_no import YesNoRules, YesNoTotals, decide_yes_no
from portal.domain.votes import Method

_COUNTED = {
    Kind.RANKS: (Method.RANKED, Method.APPROVAL),
    Kind.APPROVALS: (Method.APPROVAL,),
    Kind.POINTS: (Method.SCORE, Method.APPROVAL),
    Kind.SCORES: (Method.SCORE,),
    Kind.VOTES: (Method.QUADRATIC,),
    Kind.POSITIONS: (Method.YES_NO,),
}


def count_file(file: BallotFile, rules: FileRules) -> Report:
    """Count a file by its method; refuses a method that its ballots do not allow.

    Whatever a ballot names is approved where approvals are counted.
    """
    allowed = (*_COUNTED[file.kind], *((Method.BUDGET,) if file.costs else ()))
    if file.method not in allowed:
        raise Refusal(
            "tally.method",
            f"The ballots of this file cannot be counted that way; {' or '.join(allowed)} can.",
        )
    return _heading(file) | _COUNTS[file.method](file, rules)


def _heading(file: BallotFile) -> Report:
    return {
        "method": file.method.value,
        "title": file.title,
        "options": dict(file.options),
        "ballots": file.ballots,
        "weight": exact_number(file.weight, file.unit),
        "majority_above": exact_number(file.weight, 2 * file.unit),
    }


def _order(order: Order, seats: Seats, rules: FileRules) -> Report:
    return {
        "seats": rules.seats,
        "order": [list(group) for group in order],
        "seated": list(seats.seated),
        "tied": list(seats.tied),
        "open_seats": seats.open_seats,
    }


def _ranked(file: BallotFile, rules: FileRules) -> Report:
    outcome = count_ranked(
        list(file.options),
        [(cast.copies * cast.weight, RankedChoice(cast.numbers)) for cast in file.casts],
        unranked=rules.unranked,
        seats=rules.seats,
    )
    dominant = _dominant(outcome.options, outcome.pairwise)
    return {
        "rule": "schulze_winning_votes",
        "unranked": rules.unranked.value,
        **_order(outcome.order, outcome.seats, rules),
        "condorcet_winner": dominant[0] if len(dominant) == 1 else None,
        "smith_set": dominant,
        "pairwise": _matrix(outcome.pairwise, file.unit),
        "strongest_paths": _matrix(outcome.strongest_paths, file.unit),
    }


def _matrix(matrix: Matrix, unit: int) -> list[list[int | str]]:
    return [[exact_number(value, unit) for value in row] for row in matrix]


def _dominant(options: Sequence[str], pairwise: Matrix) -> list[str]:
    """Find the smallest group whose every option beats every option outside it (Smith)."""
    places = range(len(options))
    wins = {one: sum(pairwise[one][by] > pairwise[by][one] for by in places) for one in places}
    falling = sorted(places, key=lambda place: -wins[place])
    for size in range(1, len(options) + 1):
        inside, outside = falling[:size], falling[size:]
        if all(pairwise[one][by] > pairwise[by][one] for one in inside for by in outside):
            return [options[place] for place in sorted(inside)]
    return list(options)


def _approval(file: BallotFile, rules: FileRules) -> Report:
    ballots = (
        (cast.copies * cast.weight, ApprovalChoice(frozenset(cast.numbers))) for cast in file.casts
    )
    return _sums(count_approval(list(file.options), ballots, rules.seats), file.unit, rules)


def _score(file: BallotFile, rules: FileRules) -> Report:
    ballots = ((cast.copies * cast.weight, ScoreChoice(cast.numbers)) for cast in file.casts)
    outcome = count_score(list(file.options), ballots, rules.seats)
    medians = {
        option: None if median is None else exact_number(median, file.scale)
        for option, median in outcome.medians.items()
    }
    return _sums(outcome, file.unit * file.scale, rules) | {"medians": medians}


def _quadratic(file: BallotFile, rules: FileRules) -> Report:
    ballots = (
        (cast.weight, QuadraticChoice(cast.numbers))
        for cast in file.casts
        for _copy in range(cast.copies)
    )
    return _sums(count_quadratic(list(file.options), ballots, rules.seats), 1, rules)


def _sums(outcome: SumsOutcome, unit: int, rules: FileRules) -> Report:
    totals = {option: exact_number(total, unit) for option, total in outcome.totals.items()}
    return _order(outcome.order, outcome.seats, rules) | {"totals": totals}


def _yes_no(file: BallotFile, rules: FileRules) -> Report:
    entitled = [cast for cast in file.casts if cast.weight]
    parts = {position: _part(entitled, position) for position in _POSITIONS}
    outcome = decide_yes_no(
        YesNoTotals(parts),
        electors=sum(cast.copies for cast in entitled),
        weight=file.weight,
        rules=YesNoRules(rules.threshold, rules.quorum, rules.quorum),
    )
    present = outcome.totals.present
    return {
        "carried": outcome.carried,
        "not_carried_for": [reason.value for reason in outcome.reasons],
        "threshold": None if rules.threshold is None else str(rules.threshold),
        "quorum": str(rules.quorum),
        "present": {"weight": exact_number(present.weight, file.unit), "ballots": present.electors},
        "share_for": None if outcome.share_for is None else str(outcome.share_for),
        "totals": {
            position.value: {
                "weight": exact_number(part.weight, file.unit),
                "ballots": part.electors,
            }
            for position, part in parts.items()
        },
    }


_POSITIONS = (Position.FOR, Position.AGAINST, Position.ABSTAIN, Position.RECUSED)


def _part(casts: Iterable[Cast], position: Position) -> Part:
    held = [cast for cast in casts if position.value in cast.numbers]
    return Part(sum(cast.copies * cast.weight for cast in held), sum(cast.copies for cast in held))


_COUNTS: dict[Method, Callable[[BallotFile, FileRules], Report]] = {
    Method.RANKED: _ranked,
    Method.APPROVAL: _approval,
    Method.SCORE: _score,
    Method.QUADRATIC: _quadratic,
    Method.YES_NO: _yes_no,
    Method.BUDGET: report_budget,
}
