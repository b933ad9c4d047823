"""``portal tally FILE``: count a ballot file with the portal's own engine, no database needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from portal.domain.errors import Refusal
from portal.domain.tally.budget import BudgetOutcome, BudgetRules, count_budget
from portal.domain.tally.formats import BallotFile, read_ballots
from portal.domain.tally.options import ApprovalChoice, PointsChoice, RankedChoice
from portal.domain.tally.ordering import Order, Seats
from portal.domain.tally.schulze import Matrix, RankedOutcome, Unranked, count_ranked
from portal.domain.tally.sums import SumsOutcome, count_approval
from portal.domain.votes import Method

Report = dict[str, Any]


@click.command("tally")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--method",
    type=click.Choice([Method.RANKED.value, Method.APPROVAL.value, Method.BUDGET.value]),
    help="How to count: ranked for CSV and PrefLib, budget for pabulib, unless told otherwise.",
)
@click.option(
    "--unranked",
    type=click.Choice([policy.value for policy in Unranked]),
    default=Unranked.ABSTAIN.value,
    show_default=True,
    help="What an option left unranked means: it takes part in no pair, or it comes last.",
)
@click.option("--seats", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--fill", is_flag=True, help="Fill what a budget has left by approving weight.")
@click.option("--root", default="", metavar="HEX", help="Root of the closed log; it orders ties.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def tally_command(
    file: Path,
    method: str | None,
    unranked: str,
    seats: int,
    root: str,
    *,
    fill: bool,
    as_json: bool,
) -> None:
    """Count the ballots in FILE: CSV of ranks, pabulib (.pb) or PrefLib (.soc .soi .toc .toi)."""
    try:
        ballots = read_ballots(file.name, file.read_text(encoding="utf-8"))
        report = _heading(ballots, Method(method or ballots.method))
        if report["method"] == Method.RANKED:
            report |= _ranked(ballots, Unranked(unranked), seats)
        elif report["method"] == Method.APPROVAL:
            report |= _approval(ballots, seats)
        else:
            report |= _budget(ballots, fill=fill, root=bytes.fromhex(root))
    except Refusal as refusal:
        raise click.ClickException(f"{file}: {refusal.message}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: this is not UTF-8 text.") from None
    except ValueError:
        raise click.BadParameter("a root is written in hexadecimal", param_hint="--root") from None
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _PRINTERS[report["method"]](report)


def _number(value: int, unit: int) -> int | str:
    """Write a count of units as a number if it is whole, else as an exact decimal."""
    exact = Fraction(value, unit)
    if exact.denominator == 1:
        return exact.numerator
    places = next(place for place in range(1, 64) if 10**place % exact.denominator == 0)
    digits = f"{abs(exact.numerator) * 10**places // exact.denominator:0{places + 1}d}"
    return f"{'-' if exact < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _heading(ballots: BallotFile, method: Method) -> Report:
    total = sum(weight for weight, _choice in ballots.ballots)
    return {
        "method": method.value,
        "options": dict(ballots.options),
        "ballots": len(ballots.ballots),
        "weight": _number(total, ballots.unit),
        "majority_above": _number(total, 2 * ballots.unit),
    }


def _choices(ballots: BallotFile, *kinds: type) -> list[tuple[int, Any]]:
    if not all(isinstance(choice, kinds) for _weight, choice in ballots.ballots):
        raise Refusal("tally.method", "The ballots of this file cannot be counted that way.")
    return list(ballots.ballots)


def _order(order: Order, seats: Seats) -> Report:
    return {
        "order": [list(group) for group in order],
        "seated": list(seats.seated),
        "tied": list(seats.tied),
        "open_seats": seats.open_seats,
    }


def _ranked(ballots: BallotFile, unranked: Unranked, seats: int) -> Report:
    outcome: RankedOutcome = count_ranked(
        list(ballots.options), _choices(ballots, RankedChoice), unranked=unranked, seats=seats
    )
    return {
        "unranked": unranked.value,
        "seats": seats,
        **_order(outcome.order, outcome.seats),
        "pairwise": _matrix(outcome.pairwise, ballots.unit),
        "strongest_paths": _matrix(outcome.strongest_paths, ballots.unit),
    }


def _matrix(matrix: Matrix, unit: int) -> list[list[int | str]]:
    return [[_number(value, unit) for value in row] for row in matrix]


def _approval(ballots: BallotFile, seats: int) -> Report:
    """Count whatever a ballot names as approved."""
    approving = [
        (weight, ApprovalChoice(frozenset(getattr(choice, "ranks", None) or choice.approved)))
        for weight, choice in _choices(ballots, RankedChoice, ApprovalChoice)
    ]
    outcome: SumsOutcome = count_approval(list(ballots.options), approving, seats)
    return {
        "seats": seats,
        **_order(outcome.order, outcome.seats),
        "totals": {
            option: _number(total, ballots.unit) for option, total in outcome.totals.items()
        },
    }


def _budget(ballots: BallotFile, *, fill: bool, root: bytes) -> Report:
    choices = _choices(ballots, ApprovalChoice, PointsChoice)
    rules = BudgetRules(
        ballots.costs, ballots.budget, ballots.money_unit, ballots.unit, fill=fill, root=root
    )
    outcome: BudgetOutcome = count_budget(choices, rules)
    return {
        "rule": "equal_shares",
        "completion": ["add1", "fill"] if fill else ["add1"],
        "budget": _number(outcome.budget, ballots.money_unit),
        "funded": [
            {
                "option": each.option,
                "cost": _number(each.cost, ballots.money_unit),
                "support": _number(outcome.support[each.option], ballots.unit),
                "by": "fill" if each.rho is None else "equal_shares",
            }
            for each in outcome.funded
        ],
        "cost": _number(outcome.cost, ballots.money_unit),
        "remaining": _number(outcome.remaining, ballots.money_unit),
        "steps": outcome.steps,
    }


def _print_heading(report: Report, how: str) -> None:
    click.echo(f"{how}: {report['ballots']} ballots, weight {report['weight']}")
    click.echo(f"A majority is more than {report['majority_above']}")


def _print_order(report: Report) -> None:
    names = report["options"]
    click.echo("\nOrder (equal places are ties)")
    place = 1
    for group in report["order"]:
        for option in group:
            seated = "  seated" if option in report["seated"] else ""
            tied = "  tied for a seat" if option in report["tied"] else ""
            click.echo(f"{place:>4}. {names[option]}{seated}{tied}")
        place += len(group)


def _print_matrix(title: str, names: Sequence[str], matrix: list[list[Any]]) -> None:
    """Print a matrix under numbered columns; the numbers are those of the rows."""
    width = max(len(str(value)) for row in [*matrix, [len(names)]] for value in row) + 1
    click.echo(f"\n{title}")
    click.echo(" " * 4 + "".join(f"{column:>{width}}" for column in range(1, len(names) + 1)))
    for place, (name, row) in enumerate(zip(names, matrix, strict=True), start=1):
        cells = "".join(
            f"{'-' if place == column else value:>{width}}"
            for column, value in enumerate(row, start=1)
        )
        click.echo(f"{place:>4}{cells}  {name}")


def _print_ranked(report: Report) -> None:
    _print_heading(report, f"Schulze, winning votes, unranked options {report['unranked']}")
    _print_order(report)
    names = list(report["options"].values())
    _print_matrix("Weight preferring the row to the column", names, report["pairwise"])
    _print_matrix("Strongest paths from row to column", names, report["strongest_paths"])


def _print_approval(report: Report) -> None:
    _print_heading(report, "Approval")
    _print_order(report)
    click.echo("\nApproving weight")
    for option, total in report["totals"].items():
        click.echo(f"{total:>12}  {report['options'][option]}")


def _print_budget(report: Report) -> None:
    _print_heading(report, f"Equal Shares, completed by {' and '.join(report['completion'])}")
    click.echo("\nFunded, in this order (cost, supporting weight)")
    for each in report["funded"]:
        name = report["options"][each["option"]]
        filled = "  filled" if each["by"] == "fill" else ""
        click.echo(f"{each['cost']:>14} {each['support']:>10}  {each['option']}  {name}{filled}")
    for figure in ("budget", "cost", "remaining"):
        click.echo(f"{report[figure]:>14}  {figure}")


_PRINTERS: dict[str, Callable[[Report], None]] = {
    Method.RANKED.value: _print_ranked,
    Method.APPROVAL.value: _print_approval,
    Method.BUDGET.value: _print_budget,
}
