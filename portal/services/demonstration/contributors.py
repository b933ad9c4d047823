"""The demonstration's contributors: invited for their work, heard in a house of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.charter import ContributorsVoice
from portal.domain.needs import Credit, NeedAction, NeedText, Offer
from portal.domain.permissions import Actor
from portal.models.identity import Person
from portal.models.needs import Need
from portal.models.projects import CharterVersion
from portal.services.demonstration.people import add_person
from portal.services.demonstration.priorities import Choice
from portal.services.identity.invitations import accept_invitation
from portal.services.projects.charters import change_charter
from portal.services.votes.ballots import cast_contributor_ballot
from portal.services.workshop.contributors import invite_contributor, show_name
from portal.services.workshop.need_answers import write_to_author
from portal.services.workshop.needs import draft_need, submit_need
from portal.services.workshop.screening import screen_need

_DAY = timedelta(days=1)
# Name, what for, and whether public pages name them. The persona joins them, unnamed.
_OTHERS = (
    ("Ravi Oduya", "The Portuguese and the Yoruba manual", True),
    ("Elif Baran", "Packages for three distributions", True),
)
_PERSONAS_WORK = "The tests of the wire protocol"
_SLOW_TESTS = NeedText(
    need="A way to run the protocol tests without a disk",
    for_whom="Whoever changes the wire protocol, and waits eleven minutes each time",
    evidence="Nine of the eleven minutes are spent on syncing queues: timings of forty runs",
    cost_of_not="About two hours a week, mine alone",
    offers=(Offer.TIME,),
    offer="I would write it, once the place for it is agreed on",
    conflicts="None",
    credit=Credit.NONE,
    pseudonym="",
)
_RECORDED = replace(
    _SLOW_TESTS,
    need="Recorded sessions of old clients, to test against",
    for_whom="Whoever keeps 2.x clients working",
    evidence="",
    cost_of_not="",
    offers=(),
    offer="",
)


def add_contributors(
    project_id: int, lead: Actor, persona: Person, *, now: datetime
) -> list[Actor]:
    """Invite three people and let them accept; actors in the order persona, then the others."""
    people = [(persona, _PERSONAS_WORK, False)]
    people += [
        (add_person(name, f"{name.split()[0].lower()}@contributors.example", now=now), work, named)
        for name, work, named in _OTHERS
    ]
    actors = []
    for number, (person, work, named) in enumerate(people):
        at = now - (40 + 90 * number) * _DAY
        tokens: list[str] = []

        def link(token: str, kept: list[str] = tokens) -> str:
            kept.append(token)
            return f"https://portal.example/invitations/{token}"

        invite_contributor(lead, project_id, email=person.email, work=work, link_url=link, now=at)
        accept_invitation(Actor(person.id, person.name), tokens[0], now=at + 2 * _DAY)
        db.session.flush()
        actor = Actor(person.id, person.name, contributions=frozenset({project_id}))
        if named:
            show_name(actor, project_id, is_named=True, now=at + 3 * _DAY)
        actors.append(actor)
    return actors


def give_voice(project_id: int, lead: Actor, *, at: datetime) -> None:
    """Give contributors a house of their own, from the next vote on."""
    newest = db.session.scalars(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one()
    change_charter(
        lead,
        project_id,
        replace(newest.charter, contributors=ContributorsVoice.HOUSE),
        seen_number=newest.number,
        note="Whoever does the work is heard beside those who pay for it.",
        now=at,
    )


def cast_for_contributors(
    project_id: int,
    contributors: list[Actor],
    vote_id: int,
    ballots: Mapping[int, Choice],
    *,
    site: str,
    at: datetime,
) -> None:
    """Cast ballots by the contributors' places."""
    for place, choice in ballots.items():
        cast_contributor_ballot(
            contributors[place],
            project_id,
            vote_id,
            choice,
            site=site,
            now=at + timedelta(minutes=23 * place),
        )


def state_contributor_needs(
    project_id: int, lead: Actor, contributor: Actor, *, site: str, now: datetime
) -> None:
    """One need that the maintainers have before them, and one that is still a draft."""
    need_id = draft_need(contributor, None, project_id, _SLOW_TESTS, now=now - 9 * _DAY)
    submit_need(contributor, None, need_id, now=now - 9 * _DAY)
    number = db.session.get_one(Need, need_id).number
    screen_need(
        lead, project_id, number, NeedAction.RELEASE, reason="", site=site, now=now - 8 * _DAY
    )
    write_to_author(
        lead, project_id, number, text="Gladly. Would a queue in memory do for these tests?",
        as_project=False, site=site, now=now - 4 * _DAY,
    )  # fmt: skip
    draft_need(contributor, None, project_id, _RECORDED, now=now - _DAY)
