"""The nightly look at the books."""

from __future__ import annotations

import logging
from datetime import datetime

from portal.database import transaction
from portal.domain.permissions import SYSTEM
from portal.ports.collaborators import Collaborators
from portal.services.selfcheck.run import check_everything, is_due, keep_run

_log = logging.getLogger(__name__)


def check_money(world: Collaborators, now: datetime) -> None:
    """Recompute everything from the ledger, and keep what was found."""
    if not is_due(now=now):
        return
    report = check_everything(gateway=world.payments, now=now)
    with transaction():
        keep_run(report, actor=SYSTEM)
    if report.broken:
        _log.error("the self-check found %s broken; see portal selfcheck", report.broken)
