"""PRODUCT W5: conduct reports go to stewards only, and never to whom they are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.conduct import ReportEnding, ReportState
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.domain.sponsorship import Term
from portal.models.audit import AuditEntry
from portal.models.conduct import ConductReport
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership, Project
from portal.queries.workshop.conduct import (
    count_reports,
    get_conduct_desk,
    get_desk_report,
    get_own_report,
    list_own_reports,
)
from portal.services.workshop.conduct import (
    close_report,
    keep_away,
    look_at,
    reopen_report,
    report_conduct,
    write_to_reporter,
    write_to_stewards,
)
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)

SITE = "http://portal.example"


@dataclass
class Room:
    """A project with a lead, two stewards and a maintainer, and a sponsor's representative."""

    project: Project
    people: dict[str, Person]

    def actor(self, name: str) -> Actor:
        return actor_of(self.people[name])

    def report(self, *away: str, by: str = "reporter", what: str = "Words that hurt") -> int:
        """A report's id; ``away`` are those it is kept away from."""
        with transaction():
            return report_conduct(
                self.actor(by), self.project.id, what=what, who="Somebody", page="",
                kept_away=[self.people[each].id for each in away], site=SITE, now=NOW,
            )  # fmt: skip

    def number(self, report_id: int) -> int:
        return db.session.get_one(ConductReport, report_id).number

    def sees(self, name: str, report_id: int) -> bool:
        """Whether somebody sees a report on the project's desk, by every query there is."""
        person_id = self.people[name].id
        desk = get_conduct_desk(self.project.id, person_id)
        listed = report_id in {each.id for each in (*desk.open, *desk.closed)}
        try:
            get_desk_report(self.project.id, self.number(report_id), person_id)
        except NotFound:
            assert not listed
            return False
        assert listed
        return True

    def steps(self, number: int) -> list[Callable[[Actor], None]]:
        """Everything a steward can do with a report."""
        on = {"site": SITE, "now": NOW}
        project_id, person_id = self.project.id, self.people["maintainer"].id
        return [
            lambda actor: look_at(actor, project_id, number, **on),
            lambda actor: close_report(
                actor, project_id, number, ReportEnding.TALKED, reason="Done", **on
            ),
            lambda actor: reopen_report(actor, project_id, number, **on),
            lambda actor: write_to_reporter(actor, project_id, number, "Hello", **on),
            lambda actor: keep_away(actor, project_id, number, person_id, now=NOW),
        ]


@pytest.fixture
def room(app: Flask) -> Room:
    names = ("lead", "steward", "second", "maintainer", "reporter", "stranger", "operator")
    people = {name: make_person(name.title(), is_operator=name == "operator") for name in names}
    project = make_project(
        roles={
            people["lead"]: [ProjectRole.LEAD],
            people["steward"]: [ProjectRole.STEWARD],
            people["second"]: [ProjectRole.STEWARD, ProjectRole.MAINTAINER],
            people["maintainer"]: [ProjectRole.MAINTAINER],
        }
    )
    company = make_organization(roles={people["reporter"]: [OrganizationRole.VIEWER]})
    make_sponsorship(company, make_tier(project), term=Term.LAPSED)
    return Room(project, people)


def receivers(room: Room) -> list[str]:
    """Who got mail, by name, and nothing of it is left."""
    names = {person.email: name for name, person in room.people.items()}
    found = [names[each] for each in db.session.scalars(select(OutboxMessage.recipient))]
    with transaction() as session:
        for mail in session.scalars(select(OutboxMessage)):
            session.delete(mail)
    return sorted(found)


def test_w5_a_report_goes_to_stewards_only(room: Room) -> None:
    report_id = room.report()
    assert receivers(room) == ["reporter", "second", "steward"]
    assert {name for name in room.people if room.sees(name, report_id)} >= {"steward", "second"}
    number = room.number(report_id)
    for name, error in (
        ("lead", Forbidden),
        ("maintainer", Forbidden),
        ("reporter", NotFound),
        ("stranger", NotFound),
        ("operator", NotFound),
    ):
        for step in room.steps(number):
            with pytest.raises(error), transaction():
                step(room.actor(name))


def test_w5_who_it_is_about_never_handles_it_whatever_role_they_take(room: Room) -> None:
    """A lead who is reported makes themself a steward, and still sees nothing of it."""
    report_id = room.report("lead", "steward")
    assert receivers(room) == ["reporter", "second"]
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=room.project.id,
                person_id=room.people["lead"].id,
                role=ProjectRole.STEWARD,
                since=NOW,
            )
        )
    assert [room.sees(name, report_id) for name in ("lead", "steward", "second")] == [
        False, False, True,
    ]  # fmt: skip
    assert count_reports(room.project.id, room.people["lead"].id) == 0
    for name in ("lead", "steward"):
        for step in room.steps(room.number(report_id)):
            with pytest.raises(NotFound), transaction():
                step(room.actor(name))


def test_w5_a_steward_does_not_handle_their_own_report(room: Room) -> None:
    report_id = room.report(by="steward")
    assert receivers(room) == ["second", "steward"]
    assert not room.sees("steward", report_id)
    assert get_own_report(report_id, room.people["steward"].id).what == "Words that hurt"


def test_w5_without_a_steward_it_waits_and_operators_learn_that_one_is_missing(
    room: Room,
) -> None:
    report_id = room.report("steward", "second")
    assert receivers(room) == ["operator", "reporter"]
    newcomer = make_person()
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=room.project.id,
                person_id=newcomer.id,
                role=ProjectRole.STEWARD,
                since=NOW,
            )
        )
    assert count_reports(room.project.id, newcomer.id) == 1
    assert get_desk_report(room.project.id, room.number(report_id), newcomer.id).what


def test_w5_a_steward_steps_aside_or_keeps_another_away(room: Room) -> None:
    report_id = room.report()
    number = room.number(report_id)
    with transaction():
        keep_away(
            room.actor("steward"), room.project.id, number, room.people["steward"].id, now=NOW
        )
    assert not room.sees("steward", report_id)
    with pytest.raises(NotFound), transaction():
        keep_away(
            room.actor("second"), room.project.id, number, room.people["stranger"].id, now=NOW
        )


def test_a_report_is_received_looked_at_closed_and_may_be_opened_again(room: Room) -> None:
    report_id = room.report()
    number, steward, project_id = room.number(report_id), room.actor("steward"), room.project.id
    on = {"site": SITE, "now": NOW}
    reporter_id = room.people["reporter"].id

    def state() -> ReportState:
        return get_own_report(report_id, reporter_id).state

    assert state() is ReportState.RECEIVED
    receivers(room)
    with transaction():
        look_at(steward, project_id, number, **on)
    assert state() is ReportState.LOOKED_AT
    with pytest.raises(Refusal, match="looked at already"), transaction():
        look_at(steward, project_id, number, **on)
    with pytest.raises(Refusal) as refused, transaction():
        close_report(steward, project_id, number, ReportEnding.TALKED, reason="", **on)
    assert refused.value.field == "reason"
    with transaction():
        close_report(steward, project_id, number, ReportEnding.MEASURES, reason="Why", **on)
    page = get_own_report(report_id, reporter_id)
    assert (page.state, page.ending, page.reason, page.handler) == (
        ReportState.CLOSED, ReportEnding.MEASURES, "Why", "Steward",
    )  # fmt: skip
    assert [each.id for each in get_conduct_desk(project_id, steward.person_id).closed] == [
        report_id
    ]
    with transaction():
        reopen_report(steward, project_id, number, **on)
    assert state() is ReportState.LOOKED_AT
    assert receivers(room) == ["reporter"] * 3


def test_notes_go_between_the_reporter_and_the_stewards(room: Room) -> None:
    report_id = room.report("second")
    number = room.number(report_id)
    receivers(room)
    with transaction():
        write_to_stewards(room.actor("reporter"), report_id, "One more", site=SITE, now=NOW)
    assert receivers(room) == ["steward"]
    with transaction():
        write_to_reporter(
            room.actor("steward"), room.project.id, number, "Thanks", site=SITE, now=NOW
        )
    assert receivers(room) == ["reporter"]
    page = get_own_report(report_id, room.people["reporter"].id)
    assert [(each.by_steward, each.text) for each in page.notes] == [
        (False, "One more"), (True, "Thanks"),
    ]  # fmt: skip
    with pytest.raises(NotFound), transaction():
        write_to_stewards(room.actor("lead"), report_id, "Let me in", site=SITE, now=NOW)
    with pytest.raises(Refusal), transaction():
        write_to_stewards(room.actor("reporter"), report_id, "", site=SITE, now=NOW)


def test_only_those_in_the_room_report(room: Room) -> None:
    with pytest.raises(Refusal) as refused:
        room.report(by="stranger")
    assert refused.value.code == "conduct.room"
    assert room.report(by="maintainer")
    with pytest.raises(Refusal) as empty:
        room.report(what="")
    assert empty.value.field == "what"
    with pytest.raises(Refusal):
        room.report("stranger")


def test_nobody_reads_anothers_report(room: Room) -> None:
    report_id = room.report()
    for name in room.people:
        if name != "reporter":
            with pytest.raises(NotFound):
                get_own_report(report_id, room.people[name].id)
            assert list_own_reports(room.people[name].id) == ()


def test_no_audit_list_and_no_mail_tells_of_a_report(room: Room) -> None:
    """Maintainers read the project's list: a report, its reporter and subject stand in none."""
    report_id = room.report("lead")
    with transaction():
        look_at(room.actor("steward"), room.project.id, room.number(report_id), site=SITE, now=NOW)
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag.startswith("conduct:"))
    ).all()
    assert [each.tag for each in entries] == ["conduct:report:received", "conduct:report:looked_at"]
    assert {(each.project_id, each.organization_id) for each in entries} == {(None, None)}
    told = [*(each.sentence for each in entries)] + [
        f"{mail.subject} {mail.paragraphs}" for mail in db.session.scalars(select(OutboxMessage))
    ]
    assert not [each for each in told if "hurt" in each or "Reporter" in each or "Lead" in each]
