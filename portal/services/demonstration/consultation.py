"""What electors of the demonstration say on the proposal that is in consultation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import StatementsShown
from portal.domain.electorate import Electorate
from portal.domain.needs import Credit
from portal.domain.permissions import Actor
from portal.domain.statements import StatementAction, StatementPosition, StatementText
from portal.models.proposals import Proposal
from portal.models.statements import Statement
from portal.services.demonstration import texts
from portal.services.demonstration.people import Companies
from portal.services.votes.proposals import date_consultation
from portal.services.workshop.statement_screening import screen_statement
from portal.services.workshop.statements import put_own_statement, put_statement
from portal.services.workshop.summaries import write_summary

_DAY = timedelta(days=1)
_LEFT = timedelta(days=12)
_P = StatementPosition

_SAID = {
    "Ostrava Instruments": StatementText(
        _P.SUPPORT,
        "Scales that are calibrated once a year could remind their owners from the queue itself.",
        "",
        "None",
        credit=Credit.ORGANIZATION,
        pseudonym="",
    ),
    "Quillon Payments": StatementText(
        _P.WITH_CHANGES,
        "Standing orders wait up to eleven months. Today a second program keeps them.",
        "A waiting message can be taken back before it is delivered, and the taking back is logged.",
        "We sell the program that keeps standing orders today.",
        credit=Credit.PSEUDONYM,
        pseudonym="A settlement house",
    ),
    "Copperline Rail": StatementText(
        _P.OBJECT,
        "Our stations have small disks. A million waiting messages would fill them unseen.",
        "Waiting messages count against a queue's limit, and the limit says so when it is reached.",
        "None",
        credit=Credit.ORGANIZATION,
        pseudonym="",
    ),
    "Halden Broadcast": StatementText(
        _P.NO_POSITION,
        "Live subtitles never wait. We only ask that what is live stays as quick as it is.",
        "",
        "None",
        credit=Credit.NONE,
        pseudonym="",
    ),
    "Pinemoss Health": StatementText(
        _P.SUPPORT,
        "Appointments are reminded of weeks ahead; we would drop a table and a nightly job.",
        "",
        "None",
        credit=Credit.ORGANIZATION,
        pseudonym="",
    ),
}
_WAITING = "Pinemoss Health"
_OWN = StatementText(
    _P.SUPPORT,
    "Files of their own keep the hot path as it is. I have measured it with a million messages.",
    "",
    "I wrote the first draft of it.",
    credit=Credit.PERSON,
    pseudonym="",
)
_FROM_A_CONTRIBUTOR = StatementText(
    _P.WITH_CHANGES,
    "The manual explains time zones on two pages already. Waiting for months would need a third.",
    "Times are given in UTC alone.",
    "None",
    credit=Credit.PERSON,
    pseudonym="",
)
_SUMMARY = """\
**What was said.** Most of you could use delays of weeks or months. One of you fears for small disks, one wants to take a waiting
message back.

**What follows.** Waiting messages will count against the limit of their queue. We will try how a message can be taken back, and
say so here before a vote.

**What stays open.** Whether a year is the right bound.
"""


def hold_consultation(
    project_id: int,
    maintainers: list[Actor],
    contributors: list[Actor],
    companies: Companies,
    *,
    read_standing: Callable[[int, datetime], Electorate],
    site: str,
    now: datetime,
) -> None:
    """Four released statements, a maintainer's and a contributor's, one that waits, a summary.

    One is pseudonymous. The personas have said nothing yet.
    """
    lead, steward, third = maintainers[:3]
    number = db.session.scalars(
        select(Proposal.number).where(
            Proposal.project_id == project_id, Proposal.title == texts.CONSULTED.title
        )
    ).one()
    date_consultation(
        lead, project_id, number,
        until=datetime.combine(now.date() + _LEFT, time.max, tzinfo=now.tzinfo), now=now - 5 * _DAY,
    )  # fmt: skip
    electorate = read_standing(project_id, now)
    for step, (name, text) in enumerate(_SAID.items()):
        waits = name == _WAITING
        at = now - _DAY / 4 if waits else now - 5 * _DAY + step * _DAY / 3
        actor, company = companies.casters[name], companies.by_name[name]
        put_statement(
            actor, company.id, project_id, number, text,
            seen=0, read_standing=lambda: electorate, now=at,
        )  # fmt: skip
        if waits:
            continue
        statement_id = db.session.scalars(
            select(Statement.id).where(
                Statement.project_id == project_id, Statement.organization_id == company.id
            )
        ).one()
        screen_statement(
            steward, project_id, statement_id, StatementAction.RELEASE,
            seen=1, reason="", site=site, now=at + _DAY / 8,
        )  # fmt: skip
    put_own_statement(
        third, project_id, number, _OWN,
        seen=0, read_standing=lambda: electorate, now=now - 3 * _DAY,
    )  # fmt: skip
    put_own_statement(
        contributors[1], project_id, number, _FROM_A_CONTRIBUTOR,
        seen=0, read_standing=lambda: electorate, now=now - 2 * _DAY,
    )  # fmt: skip
    statement_id = db.session.scalars(
        select(Statement.id).where(Statement.author_id == contributors[1].person_id)
    ).one()
    screen_statement(
        steward, project_id, statement_id, StatementAction.RELEASE,
        seen=1, reason="", site=site, now=now - 3 * _DAY / 2,
    )  # fmt: skip
    write_summary(
        lead, project_id, number, _SUMMARY.strip(),
        seen=0, shown=StatementsShown.POSITIONS, now=now - _DAY,
    )  # fmt: skip
