"""Make every check, keep what was found, and say whether another run is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import ProcessorUnavailable
from portal.domain.permissions import Actor
from portal.models.selfcheck import SelfCheckRun
from portal.ports.payments import PaymentGateway
from portal.services.selfcheck.book import BOOK_CHECKS
from portal.services.selfcheck.findings import Check, Circumstances, Finding, NotChecked
from portal.services.selfcheck.papers import PAPER_CHECKS
from portal.services.selfcheck.processor import PROCESSOR_CHECKS
from portal.services.selfcheck.standing import STANDING_CHECKS

# Whoever adds rows that money rests on adds their checks here.
CHECKS: tuple[Check, ...] = (
    *BOOK_CHECKS,
    *PAPER_CHECKS,
    *STANDING_CHECKS,
    *PROCESSOR_CHECKS,
)

_SHOWN = 20
_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What one check found: breaches by project, the first of each, or why it was not made."""

    name: str
    promise: str
    counts: Mapping[int, int]
    findings: tuple[Finding, ...]
    skipped: str = ""

    @property
    def broken(self) -> int:
        """How many breaches were found."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Report:
    """One run of all checks."""

    at: datetime
    checks: tuple[CheckReport, ...]

    @property
    def broken(self) -> int:
        """How many breaches were found in all."""
        return sum(check.broken for check in self.checks)


def check_everything(
    *, gateway: PaymentGateway | None, now: datetime, checks: Sequence[Check] = CHECKS
) -> Report:
    """Make every check; reads only, and keeps the first findings of each project.

    Without a gateway, or with one that cannot be reached, what rests on it is not checked.
    """
    circumstances = Circumstances(now, gateway)
    return Report(now, tuple(_make(check, circumstances) for check in checks))


def keep_run(report: Report, *, actor: Actor) -> None:
    """Keep a run, so that desks can show the last one."""
    db.session.add(
        SelfCheckRun(
            at=report.at,
            started_by=(actor.name or "visitor")[:120],
            broken=report.broken,
            checks=[
                {
                    "name": check.name,
                    "promise": check.promise,
                    "counts": {str(project_id): n for project_id, n in check.counts.items()},
                    "skipped": check.skipped,
                    "findings": [[each.project_id, each.what] for each in check.findings],
                }
                for check in report.checks
            ],
        )
    )


def is_due(*, now: datetime) -> bool:
    """Whether the last run is long enough ago: doubled tasks shall not check twice."""
    last = db.session.scalar(select(func.max(SelfCheckRun.at)))
    return last is None or last <= now - _PAUSE


def _make(check: Check, circumstances: Circumstances) -> CheckReport:
    counts: Counter[int] = Counter()
    kept: list[Finding] = []
    skipped = ""
    try:
        for finding in check.find(circumstances):
            counts[finding.project_id] += 1
            if counts[finding.project_id] <= _SHOWN:
                kept.append(finding)
    except NotChecked as reason:
        skipped = str(reason)
    except ProcessorUnavailable as error:
        # What was found before it went away still stands.
        skipped = error.message
    return CheckReport(check.name, check.promise, counts, tuple(kept), skipped)
