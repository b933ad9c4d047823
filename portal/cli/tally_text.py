"""A count of a ballot file as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from portal.domain.tally.file_rules import Report
from portal.domain.tally.ordering import number_places
from portal.domain.votes import Method

_MOST_COLUMNS = 40


def print_report(report: Report) -> None:
    """Print the figures of a count in the order in which one reads them."""
    if report["title"]:
        click.echo(report["title"])
    _PRINTERS[report["method"]](report)


def _heading(report: Report, how: str) -> None:
    click.echo(f"{how}: {report['ballots']} ballots, weight {report['weight']}")
    if report["method"] in {Method.RANKED, Method.APPROVAL}:  # whose figures are weights
        click.echo(f"A majority is more than {report['majority_above']}")


def _order(report: Report) -> None:
    names = report["options"]
    click.echo("\nOrder (equal places are ties)")
    for place, group in number_places(report["order"]):
        for option in group:
            seated = "  seated" if option in report["seated"] else ""
            tied = "  tied for a seat" if option in report["tied"] else ""
            click.echo(f"{place:>4}. {names[option]}{seated}{tied}")
    if report["tied"]:
        click.echo(f"      {report['open_seats']} of {report['seats']} seats open among those tied")


def _matrix(title: str, names: Sequence[str], matrix: list[list[Any]]) -> None:
    """Print a matrix under numbered columns; the numbers are those of the rows."""
    if len(names) > _MOST_COLUMNS:
        click.echo(f"\n{title}: too wide to print, see --json")
        return
    width = max(len(str(value)) for row in [*matrix, [len(names)]] for value in row) + 1
    click.echo(f"\n{title}")
    click.echo(" " * 4 + "".join(f"{column:>{width}}" for column in range(1, len(names) + 1)))
    for place, (name, row) in enumerate(zip(names, matrix, strict=True), start=1):
        cells = "".join(
            f"{'-' if place == column else value:>{width}}"
            for column, value in enumerate(row, start=1)
        )
        click.echo(f"{place:>4}{cells}  {name}")


def _ranked(report: Report) -> None:
    _heading(report, f"Schulze, winning votes, unranked options {report['unranked']}")
    names = report["options"]
    if report["condorcet_winner"] is not None:
        click.echo(f"{names[report['condorcet_winner']]} beats every other option")
    else:
        circle = [names[option] for option in report["smith_set"]]
        rest = f"; these beat all the rest: {', '.join(circle)}" if len(circle) < len(names) else ""
        click.echo(f"No option beats every other one{rest}")
    _order(report)
    _matrix("Weight preferring the row to the column", list(names.values()), report["pairwise"])
    _matrix("Strongest paths from row to column", list(names.values()), report["strongest_paths"])


def _approval(report: Report) -> None:
    _heading(report, "Approval")
    _order(report)
    _totals("Approving weight", report)


def _score(report: Report) -> None:
    _heading(report, "Score")
    _order(report)
    _totals("Score times weight, and the median score", report, report["medians"])


def _quadratic(report: Report) -> None:
    _heading(report, "Quadratic")
    _order(report)
    _totals("Votes", report)


def _totals(title: str, report: Report, beside: Mapping[str, object] | None = None) -> None:
    click.echo(f"\n{title}")
    for group in report["order"]:
        for option in group:
            more = (
                "" if beside is None else f"{'-' if beside[option] is None else beside[option]:>8}"
            )
            click.echo(f"{report['totals'][option]:>12}{more}  {report['options'][option]}")


def _yes_no(report: Report) -> None:
    _heading(report, "Yes or no")
    reasons = ", ".join(report["not_carried_for"]).replace("_", " ")
    click.echo("Carried" if report["carried"] else f"Not carried: {reasons}")
    click.echo(f"Threshold {report['threshold'] or 'more for than against'}, ", nl=False)
    click.echo(
        f"quorum {report['quorum']}; present {report['present']['ballots']} ballots, ", nl=False
    )
    click.echo(f"weight {report['present']['weight']}")
    for position, part in report["totals"].items():
        click.echo(f"{part['weight']:>12} {part['ballots']:>8}  {position}")


def _budget(report: Report) -> None:
    _heading(report, f"Equal Shares, utility by {report['utility']}")
    completion = {
        "none": "not completed",
        "add1": f"completed by raising each share by {report['steps']}",
        "add1-fill": f"completed by raising each share by {report['steps']}, then filled",
        "fill": "filled by approving weight",
    }
    click.echo(
        f"Share {report['share_of_weight_1']} for weight 1, {completion[report['completion']]}"
    )
    click.echo("\nFunded, in this order (cost, supporting weight)")
    for each in report["funded"]:
        by = {"fill": "  filled", "free": "  free"}.get(each["by"], "")
        _line(report, each, by)
    for figure in ("budget", "cost", "remaining"):
        click.echo(f"{report[figure]:>14}  {figure}")
    if report["not_funded"]:
        click.echo("\nNot funded")
    for each in report["not_funded"]:
        _line(report, each)
    for paid in report.get("payments", ()):
        said = ", ".join(f"{amount} for {option}" for option, amount in paid["paid_each"].items())
        click.echo(f"{paid['ballots']:>6} of weight {paid['weight']} paid {said or 'nothing'}")


def _line(report: Report, each: Report, beside: str = "") -> None:
    name = report["options"][each["option"]]
    named = f"{each['option']}  {name}" if name != each["option"] else name
    click.echo(f"{each['cost']:>14} {each['support']:>10}  {named}{beside}")


_PRINTERS: dict[str, Callable[[Report], None]] = {
    Method.RANKED.value: _ranked,
    Method.APPROVAL.value: _approval,
    Method.SCORE.value: _score,
    Method.QUADRATIC.value: _quadratic,
    Method.YES_NO.value: _yes_no,
    Method.BUDGET.value: _budget,
}
