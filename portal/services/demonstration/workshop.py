"""What sponsors of the demonstration need, and how far each need has come."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.needs import Credit, NeedAction, NeedText, Offer
from portal.domain.permissions import Actor
from portal.domain.proposals import ProposalState
from portal.models.needs import Need
from portal.models.proposals import Proposal
from portal.services.demonstration.people import Companies
from portal.services.workshop.joining import join_needs
from portal.services.workshop.need_answers import answer_need
from portal.services.workshop.needs import draft_need, submit_need, write_to_maintainers
from portal.services.workshop.screening import screen_need

_DAY = timedelta(days=1)

_LOST_LINKS = NeedText(
    need="Deliveries that go on where they stopped when a link was lost",
    for_whom="Forty ports of ours, each with a line that drops twice a day",
    evidence="Log of the last quarter: 212 batches began again from nothing",
    cost_of_not="Two working days a month, and containers that wait for their papers",
    offers=(Offer.TIME, Offer.TEST_BED),
    offer="One engineer a day a week, and a port with a bad line to test on",
    conflicts="None",
    credit=Credit.ORGANIZATION,
    pseudonym="",
)
_TRAIL = NeedText(
    need="A trail of who changed a route, and when",
    for_whom="Everybody whose routes are looked at by an auditor",
    evidence="Two audits in a row asked for it; today we keep a list by hand",
    cost_of_not="A finding in spring, and about five days of looking things up",
    offers=(Offer.MONEY,),
    offer="A review of the design by an auditor",
    conflicts="We sell a register that could read such a trail",
    credit=Credit.PSEUDONYM,
    pseudonym="A payments house",
)
_HEARTBEATS = NeedText(
    need="A way to keep heartbeats out of the log",
    for_whom="Stations along the line that log over radio",
    evidence="A day of logs is four fifths heartbeats: 4 of 5 MB",
    cost_of_not="About 300 euros of radio time a month",
    offers=(),
    offer="",
    conflicts="None",
    credit=Credit.NONE,
    pseudonym="",
)
_LIMITS = NeedText(
    need="A limit for each sender, so that one of them cannot fill the line",
    for_whom="Whoever shares a line among customers",
    evidence="On two days in autumn one port held up the other thirty-nine",
    cost_of_not="Half a day each time, and phone calls to thirty-nine ports",
    offers=(Offer.TEST_BED,),
    offer="Our own line, on a Sunday",
    conflicts="None",
    credit=Credit.PERSON,
    pseudonym="",
)
_ANSWER = "It is there since 3.2: set log.skip to heartbeat. We put an example into the manual."


def state_needs(
    project_id: int,
    maintainers: list[Actor],
    companies: Companies,
    *,
    site: str,
    now: datetime,
) -> None:
    """One need that was taken up, one answered, one talked about, one that waits for a steward.

    The personas' own company has the first and the last.
    """
    lead = maintainers[0]
    own, second, third = "Brackwater Freight", "Quillon Payments", "Copperline Rail"

    def submit(name: str, text: NeedText, at: datetime) -> Need:
        actor, company = companies.casters[name], companies.by_name[name]
        need_id = draft_need(actor, company.id, project_id, text, now=at)
        submit_need(actor, company.id, need_id, now=at + _DAY / 8)
        return db.session.get_one(Need, need_id)

    def release(need: Need, at: datetime) -> None:
        screen_need(lead, project_id, need.number, NeedAction.RELEASE, reason="", site=site, now=at)

    answered = submit(third, _HEARTBEATS, now - 30 * _DAY)
    release(answered, now - 29 * _DAY)
    answer_need(
        lead, project_id, answered.number, NeedAction.ANSWER,
        text=_ANSWER, as_project=True, site=site, now=now - 27 * _DAY,
    )  # fmt: skip
    taken = submit(own, _LOST_LINKS, now - 21 * _DAY)
    release(taken, now - 20 * _DAY)
    consulted = db.session.scalar(
        select(Proposal.number)
        .where(Proposal.project_id == project_id, Proposal.state == ProposalState.CONSULTATION)
        .order_by(Proposal.number)
        .limit(1)
    )
    if consulted is not None:
        join_needs(lead, project_id, [taken.number], consulted, site=site, now=now - 12 * _DAY)
    talked = submit(second, _TRAIL, now - 6 * _DAY)
    release(talked, now - 5 * _DAY)
    write_to_maintainers(
        companies.casters[second], companies.by_name[second].id, talked.id,
        "The audit moved to March, so there is a little more time.", now=now - 2 * _DAY,
    )  # fmt: skip
    submit(own, _LIMITS, now - _DAY)
