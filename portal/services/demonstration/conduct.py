"""What people of the demonstration told its stewards in private, and whom they blocked."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.domain.conduct import ReportEnding
from portal.domain.permissions import Actor, Permission, may
from portal.services.demonstration.people import Companies
from portal.services.workshop.blocks import block_in_workshop
from portal.services.workshop.conduct import (
    close_report,
    look_at,
    report_conduct,
    write_to_reporter,
)

_DAY = timedelta(days=1)
_CLOSED = (
    "In two mails about our proposal somebody called the people who maintain the queues lazy. It is"
    " not my project, but I read it, and I do not want to sit in such a room."
)
_REASON = (
    "We talked with the author. They took the words back and wrote again, without judging anybody."
    " Thank you for telling us: those concerned had not said a word."
)
_WAITING = (
    "In a call about our need, the person who answered said that people like us should stay with"
    " spreadsheets. They may have meant it as a joke. It was not the first one."
)


def tell_stewards(
    project_id: int,
    maintainers: list[Actor],
    companies: Companies,
    *,
    site: str,
    now: datetime,
) -> None:
    """One report that waits, one that was closed, and one person who is blocked in silence."""
    steward = next(
        each
        for each in maintainers
        if may(each, Permission.PROJECT_CONDUCT_HANDLE, project_id=project_id)
    )
    lead = maintainers[0].person_id or 0
    report_conduct(
        companies.casters["Copperline Rail"], project_id, what=_CLOSED, who="", page="",
        kept_away=(), site=site, now=now - 40 * _DAY,
    )  # fmt: skip
    look_at(steward, project_id, 1, site=site, now=now - 39 * _DAY)
    thanks = "Thank you. I will talk with the author this week. Do you want to be named?"
    write_to_reporter(steward, project_id, 1, thanks, site=site, now=now - 39 * _DAY)
    close_report(
        steward, project_id, 1, ReportEnding.TALKED, reason=_REASON, site=site,
        now=now - 35 * _DAY,
    )  # fmt: skip
    report_conduct(
        companies.casters["Brackwater Freight"], project_id, what=_WAITING,
        who="Noor Castellan, or whoever answers calls for her",
        page="/p/kelpline/proposals", kept_away=(lead,), site=site, now=now - 2 * _DAY,
    )  # fmt: skip
    block_in_workshop(
        steward, project_id, companies.casters["Halden Broadcast"].person_id or 0,
        note="Wrote to three maintainers at home; talked with twice, to no end.", now=now - 20 * _DAY,
    )  # fmt: skip
