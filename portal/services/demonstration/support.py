"""What sponsors of the demonstration asked in private, and what became of each request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.permissions import Actor
from portal.domain.support import SupportAction, SupportText
from portal.domain.support_pace import LOOKED_AT, measure_pace
from portal.models.support import SupportRequest
from portal.services.demonstration.people import Companies
from portal.services.workshop.documentation_gaps import write_off_gap
from portal.services.workshop.support import ask_support, settle_support, write_about_support
from portal.services.workshop.support_answers import answer_support, close_support
from portal.services.workshop.support_pace import keep_pace

_DAY = timedelta(days=1)
_FREIGHT, _HEALTH, _PAYMENTS, _SCALES = "Brackwater Freight", "Pinemoss Health", "Quillon Payments", "Ostrava Instruments"  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, how many days ago it was asked and answered, and what it was closed as."""

    company: str
    days_ago: int
    tried: str
    happened: str
    environment: str
    answer: str = ""
    answered: int = 0
    close: SupportAction | None = None
    settled: bool = False


_ANSWERED, _GAP, _NEED = (
    SupportAction.CLOSE_ANSWERED,
    SupportAction.CLOSE_GAP,
    SupportAction.CLOSE_NEED,
)
_ASKED = (
    _Asked(_SCALES, 190, "Read a queue from a scale without a clock", "Every message is refused: it says that its time lies in 1970.", "4.1 on a scale of our own", "Let the server set the time: clock = server, for that queue alone.", 188, _ANSWERED),
    _Asked(_HEALTH, 171, "Restore one clinic from a copy of last night", "The copy came back, but the clinic's reader starts at the first message.", "4.1 on Debian 12, three nodes", "Copy the file of positions too. The manual says so now.", 170, _GAP),
    _Asked(_SCALES, 160, "Run two versions side by side for a week", "We want to know which one to stop first.", "4.1 and 4.2, four nodes", "Stop the readers of 4.1 first, then its writers.", 157, _ANSWERED),
    _Asked(_FREIGHT, 150, "Turn off colors in the log", "They stand as signs in our own log.", "4.2", settled=True),
    _Asked(_PAYMENTS, 140, "Rotate the key of the audit queue", "After the rotation old messages cannot be read.", "4.2 on Alpine", "Keep the old key in the file until the oldest message is gone.", 139, _ANSWERED),
    _Asked(_FREIGHT, 128, "Move a port to another server without a stop", "The port stands still for four minutes while it catches up.", "4.2 on Debian 12, forty lines", "Start the new reader first with catch-up = ahead, then stop the old one.", 126, _ANSWERED),
    _Asked(_SCALES, 111, "Find out which client opened the most connections", "The figures name addresses, and all of ours share one.", "4.2, four nodes", "", 0, _NEED),
    _Asked(_FREIGHT, 100, "Give a trainee the right to read but not to write", "The page on rights does not say how a role is made.", "4.3 on Debian 12", "Here is how: role trainee { read }. It is missing in the manual, you are right.", 98, _GAP),
    _Asked(_HEALTH, 97, "Keep messages of one queue for ten years", "The disk fills because every queue is kept that long.", "4.2 on Debian 12", "Set keep at the queue, not at the node.", 95, _ANSWERED),
    _Asked(_PAYMENTS, 83, "Read the log with our own tool", "Lines are cut at 1024 characters.", "4.2 on Alpine", "log.width = 0 keeps them whole.", 82, _ANSWERED),
    _Asked(_SCALES, 62, "Write to two queues or to none of them", "After a crash one of the two had the message.", "4.3, four nodes", "Use a group of writes; the page on groups has an example.", 60, _ANSWERED),
    _Asked(_HEALTH, 40, "Upgrade from 4.2 with encryption at rest", "The first start takes an hour and says nothing.", "4.3 on Debian 12, three nodes", "It encrypts what is there, once. Let it finish; the next start is quick.", 38, _ANSWERED),
    _Asked(_SCALES, 16, "Measure how full a queue is from outside", "The command prints a table that changes from version to version.", "4.3, four nodes", "There is --plain, which does not change. We will say so in the manual.", 15, _GAP),
    _Asked(_FREIGHT, 12, "Send figures to two places at once", "Only the second address in the file is used.", "4.3 on Debian 12", "", 0, _NEED),
    _Asked(_FREIGHT, 6, "See why a line drops twice a day", "At noon and at midnight the line closes with: keepalive.", "4.3 on Debian 12, the line to Lomund", "Something between you closes silent lines after twelve hours. keepalive = 60 helps. Does it?", 4),
    _Asked(_PAYMENTS, 8, "Read the same queue from two houses", "The second reader gets every other message.", "4.3 on Alpine", "Two readers in one group share the messages. Give the second a group of its own.", 7),
    _Asked(_SCALES, 5, "Start a node without its neighbors", "It waits for them and does not say for how long.", "4.3, four nodes"),
    _Asked(_FREIGHT, 1, "Load a list of ports at the start", "It says: line 214: a name is expected. The line looks right to us.", "4.3.1 on Debian 12"),
)  # fmt: skip


def ask_for_support(
    project_id: int,
    maintainers: list[Actor],
    companies: Companies,
    *,
    site: str,
    now: datetime,
) -> None:
    """A year of requests: answered, waiting, late, settled, opened again, gaps and needs.

    The personas' own company has one in nearly every state.
    """
    lead, second = maintainers[0], maintainers[1]
    for place, seed in enumerate(_ASKED):
        caster, company = companies.casters[seed.company], companies.by_name[seed.company]
        at = now - seed.days_ago * _DAY
        text = SupportText(seed.tried, seed.happened, seed.environment)
        request_id = ask_support(caster, company.id, project_id, text, site=site, now=at)
        number = db.session.get_one(SupportRequest, request_id).number
        answering = second if place % 3 else lead
        if seed.answer:
            answered_at = now - seed.answered * _DAY
            answer_support(
                answering, project_id, number, text=seed.answer, as_project=place % 2 == 0,
                site=site, now=answered_at,
            )  # fmt: skip
            at = answered_at
        if seed.close is not None:
            close_support(answering, project_id, number, seed.close, site=site, now=at + _DAY / 6)
        if seed.settled:
            settle_support(caster, company.id, request_id, now=at + _DAY)
        if seed.tried.startswith("Restore"):
            write_off_gap(
                second, project_id, number, url="https://kelpline.example/manual/restore",
                site=site, now=at + 9 * _DAY,
            )  # fmt: skip
        if seed.tried.startswith("Read the same"):
            write_about_support(
                caster, company.id, request_id, "That works for new messages, but not for those"
                " that were there before.", site=site, now=now - 3 * _DAY,
            )  # fmt: skip
    answered = db.session.execute(
        select(SupportRequest.asked_at, SupportRequest.answered_at)
        .where(SupportRequest.project_id == project_id, SupportRequest.answered_at.is_not(None))
        .order_by(SupportRequest.answered_at.desc())
        .limit(LOOKED_AT)
    )
    keep_pace(project_id, measure_pace((row.asked_at, row.answered_at) for row in answered))
