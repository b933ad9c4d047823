"""``portal selfcheck``: prove that the money adds up, or say where it does not."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.database import transaction
from portal.domain.permissions import SYSTEM
from portal.queries.billing.selfcheck import name_projects
from portal.services.selfcheck.run import CheckReport, Report, check_everything, keep_run

if TYPE_CHECKING:
    from portal.ports.collaborators import Collaborators


@click.command("selfcheck")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--offline", is_flag=True, help="Do not ask the payment processor.")
@with_appcontext
def selfcheck_command(*, as_json: bool, offline: bool) -> None:
    """Prove that the money adds up.

    Recomputes everything from the ledger's entries and names each broken invariant. Ends with
    status 0 if all holds, 1 if something is broken. The run is kept for the desks.
    """
    world = cast("Collaborators", current_app.extensions["stakehold"])
    report = check_everything(gateway=None if offline else world.payments, now=datetime.now(UTC))
    with transaction():
        keep_run(report, actor=SYSTEM)
    names = name_projects()
    click.echo(_as_json(report, names) if as_json else _as_text(report, names))
    sys.exit(1 if report.broken else 0)


def _as_json(report: Report, names: dict[int, str]) -> str:
    checks = [
        {
            "name": check.name,
            "promise": check.promise,
            "broken": check.broken,
            "skipped": check.skipped or None,
            "findings": [
                {"project": names.get(each.project_id), "what": each.what}
                for each in check.findings
            ],
        }
        for check in report.checks
    ]
    return json.dumps(
        {"at": report.at.isoformat(), "broken": report.broken, "checks": checks}, indent=2
    )


def _as_text(report: Report, names: dict[int, str]) -> str:
    lines: list[str] = []
    for check in report.checks:
        lines += [f"{_mark(check):>11}  {check.name}: {check.promise}"]
        if check.skipped:
            lines += [f"{'':13}{check.skipped}"]
        lines += [
            f"{'':13}{names.get(each.project_id, '?')}: {each.what}" for each in check.findings
        ]
        if check.broken > len(check.findings):
            lines += [f"{'':13}… and {check.broken - len(check.findings)} more."]
    lines += [
        "",
        f"{report.broken} broken." if report.broken else "Everything that was checked holds.",
    ]
    return "\n".join(lines)


def _mark(check: CheckReport) -> str:
    if check.broken:
        return "BROKEN"
    return "not checked" if check.skipped else "holds"
