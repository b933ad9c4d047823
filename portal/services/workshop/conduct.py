"""Report conduct in private, look at a report, close it, and write about it (PRODUCT W5).

Maintainers read their project's audit list, and a report may be about one of them. So its entries
stand in no project's list, and no mail says anything of a report but that there is one.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.conduct import ReportAction, ReportEnding, ReportState, may_handle, move
from portal.domain.errors import NotFound, Refusal
from portal.domain.notifications import MailKind
from portal.domain.permissions import PROJECT_POLICY, Actor, Permission, require
from portal.models.conduct import (
    ConductDistance,
    ConductNote,
    ConductReport,
    has_sponsored,
    is_open_to,
)
from portal.models.identity import Person
from portal.models.projects import Maintainership, Project
from portal.services.audit import record_change
from portal.services.outbox import post_mail


def report_conduct(
    actor: Actor,
    project_id: int,
    *,
    what: str,
    who: str,
    page: str,
    kept_away: Collection[int],
    site: str,
    now: datetime,
) -> int:
    """Tell a project's stewards what happened and return the report's id; the reporter gets a mail.

    ``kept_away`` are maintainers who must never see it, stewards among them. Where that leaves no
    steward, it waits for one, and the operators learn that one is missing. Refuses an empty
    report, whoever is not in the room, and people who are no maintainers of the project.
    """
    require(actor, Permission.PERSON_CONDUCT_REPORT)
    project = db.session.get(Project, project_id, with_for_update=True)
    if project is None:
        raise NotFound("project")
    if not is_in_room(actor, project_id):
        raise NOT_IN_ROOM
    if not what:
        raise Refusal("conduct.what", "Say what happened, in your own words.", field="what")
    if not set(kept_away) <= set(_holders(Maintainership.project_id == project_id)):
        raise Refusal("conduct.who", "Choose among the project's maintainers.", field="kept_away")
    last = select(func.max(ConductReport.number)).where(ConductReport.project_id == project_id)
    report = ConductReport(
        project_id=project_id,
        number=(db.session.scalar(last) or 0) + 1,
        reporter_id=actor.person_id,
        what=what,
        who=who,
        page=page,
        state=ReportState.RECEIVED,
        received_at=now,
        updated_at=now,
    )
    db.session.add(report)
    db.session.flush()
    db.session.add_all(
        ConductDistance(report_id=report.id, person_id=each) for each in sorted(set(kept_away))
    )
    db.session.flush()
    _note("received", actor, report, now)
    _acknowledge(report, project, site=site, now=now)
    _call_stewards(report, project, site=site, now=now)
    return report.id


def look_at(actor: Actor, project_id: int, number: int, *, site: str, now: datetime) -> None:
    """Say that somebody looks at a report; the reporter gets a mail."""
    report = _lock(actor, project_id, number)
    report.state = move(report.state, ReportAction.LOOK)
    report.handler_id, report.updated_at = actor.person_id, now
    _note("looked_at", actor, report, now)
    _tell_reporter(report, "A steward is looking at it.", f"look:{now}", site=site, now=now)


def close_report(
    actor: Actor,
    project_id: int,
    number: int,
    ending: ReportEnding,
    *,
    reason: str,
    site: str,
    now: datetime,
) -> None:
    """Close a report with what was done and why; the reporter reads both. Refuses no reason."""
    report = _lock(actor, project_id, number)
    following = move(report.state, ReportAction.CLOSE)
    if not reason:
        raise Refusal(
            "conduct.reason", "Say what was done and why: the reporter reads it.", field="reason"
        )
    report.state, report.ending, report.reason = following, ending, reason
    report.handler_id, report.closed_at, report.updated_at = actor.person_id, now, now
    _note("closed", actor, report, now)
    said = "It is closed. What was done stands there."
    _tell_reporter(report, said, f"close:{now}", site=site, now=now)


def reopen_report(actor: Actor, project_id: int, number: int, *, site: str, now: datetime) -> None:
    """Look at a closed report again; the reporter gets a mail."""
    report = _lock(actor, project_id, number)
    report.state = move(report.state, ReportAction.REOPEN)
    report.ending, report.reason, report.closed_at = None, "", None
    report.handler_id, report.updated_at = actor.person_id, now
    _note("reopened", actor, report, now)
    said = "A steward is looking at it again."
    _tell_reporter(report, said, f"reopen:{now}", site=site, now=now)


def keep_away(actor: Actor, project_id: int, number: int, person_id: int, *, now: datetime) -> None:
    """Keep a report away from another maintainer, or from oneself; harmless when repeated.

    Refuses people who hold no role in the project.
    """
    report = _lock(actor, project_id, number)
    if person_id not in _holders(Maintainership.project_id == project_id):
        raise NotFound("person")
    if db.session.get(ConductDistance, (report.id, person_id)) is None:
        db.session.add(ConductDistance(report_id=report.id, person_id=person_id))
        db.session.flush()
        _note("kept_away", actor, report, now)


def write_to_reporter(
    actor: Actor, project_id: int, number: int, text: str, *, site: str, now: datetime
) -> None:
    """Write a note that the reporter and the other stewards read. Refuses an empty one."""
    report = _lock(actor, project_id, number)
    note = _write(actor, report, text, by_steward=True, now=now)
    _tell_reporter(report, "A steward wrote to you.", f"note:{note.id}", site=site, now=now)


def write_to_stewards(actor: Actor, report_id: int, text: str, *, site: str, now: datetime) -> None:
    """Write a note on one's own report. Refuses an empty one; NotFound for anybody else's."""
    require(actor, Permission.PERSON_CONDUCT_REPORT)
    report = db.session.scalar(
        select(ConductReport)
        .where(ConductReport.id == report_id, ConductReport.reporter_id == actor.person_id)
        .with_for_update()
    )
    if report is None:
        raise NotFound("report")
    note = _write(actor, report, text, by_steward=False, now=now)
    project = db.session.get_one(Project, report.project_id)
    _call_stewards(report, project, key=f"note:{note.id}", site=site, now=now)


NOT_IN_ROOM = Refusal(
    "conduct.room",
    "Reports come from those in the room: sponsoring organizations, contributors, maintainers.",
)


def is_in_room(actor: Actor, project_id: int) -> bool:
    """Whether somebody takes part: with a role, or in an organization that sponsors."""
    if project_id in actor.projects or project_id in actor.contributions:
        return True
    sponsors = has_sponsored(project_id, list(actor.organizations))
    return bool(db.session.scalar(select(sponsors)))


def _lock(actor: Actor, project_id: int, number: int) -> ConductReport:
    """A report, locked, for a steward who may handle it; NotFound for all others."""
    require(actor, Permission.PROJECT_CONDUCT_HANDLE, project_id=project_id)
    report = db.session.scalar(
        select(ConductReport)
        .where(
            ConductReport.project_id == project_id,
            ConductReport.number == number,
            is_open_to(actor.person_id),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise NotFound("report")
    return report


def _write(
    actor: Actor, report: ConductReport, text: str, *, by_steward: bool, now: datetime
) -> ConductNote:
    if not text:
        raise Refusal("conduct.note", "Write something first.", field="text")
    note = ConductNote(
        report_id=report.id,
        author_id=actor.person_id,
        by_steward=by_steward,
        text=text,
        written_at=now,
    )
    db.session.add(note)
    report.updated_at = now
    db.session.flush()
    _note("noted", actor, report, now)
    return note


def _holders(*criteria: ColumnElement[bool]) -> list[int]:
    return list(db.session.scalars(select(Maintainership.person_id).where(*criteria).distinct()))


def _acknowledge(report: ConductReport, project: Project, *, site: str, now: datetime) -> None:
    reporter = db.session.get_one(Person, report.reporter_id)
    post_mail(
        dedupe_key=f"conduct:{report.id}:received",
        recipient=reporter.email,
        subject=f"Your report to the stewards of {project.name}",
        paragraphs=[
            "Thank you for telling us. Your report has arrived.",
            "Stewards alone read it, and none from whom you keep it away.",
            "You get a mail at each step.",
        ],
        why="You reported conduct in private.",
        action=("See your report", f"{site}/conduct/{report.id}"),
        kind=MailKind.CONDUCT,
        now=now,
    )


def _call_stewards(
    report: ConductReport, project: Project, *, site: str, now: datetime, key: str = "new"
) -> None:
    """Tell the stewards who may handle it; without any, tell the operators that one is missing."""
    kept_away = set(
        db.session.scalars(
            select(ConductDistance.person_id).where(ConductDistance.report_id == report.id)
        )
    )
    stewards = [
        each
        for each in _holders(
            Maintainership.project_id == project.id,
            Maintainership.role.in_(PROJECT_POLICY[Permission.PROJECT_CONDUCT_HANDLE]),
        )
        if may_handle(each, reporter_id=report.reporter_id, kept_away=kept_away)
    ]
    receivers: ColumnElement[bool] = Person.id.in_(stewards)
    said = "A conduct report waits for you." if key == "new" else "A reporter wrote to you."
    paragraphs = [said, "Nothing of it stands in this mail."]
    action = ("Read it", f"{site}/desk/{project.slug}/conduct/{report.number}")
    why = f"You are a steward of {project.name}."
    if not stewards:
        receivers = Person.is_operator & Person.id.not_in(kept_away | {report.reporter_id})
        paragraphs = [
            "A conduct report waits, and this project has no steward who may read it.",
            "Please see to it that somebody who is not involved becomes one.",
            "What it says is for stewards alone.",
        ]
        action, why = ("See the project", f"{site}/p/{project.slug}"), "You run this portal."
    for person in db.session.scalars(select(Person).where(receivers).order_by(Person.id)):
        post_mail(
            dedupe_key=f"conduct:{report.id}:{key}:{person.id}",
            recipient=person.email,
            subject=f"A conduct report at {project.name}",
            paragraphs=paragraphs,
            why=why,
            action=action,
            kind=MailKind.CONDUCT,
            now=now,
        )


def _tell_reporter(report: ConductReport, said: str, key: str, *, site: str, now: datetime) -> None:
    reporter = db.session.get_one(Person, report.reporter_id)
    project = db.session.get_one(Project, report.project_id)
    post_mail(
        dedupe_key=f"conduct:{report.id}:{key}:reporter",
        recipient=reporter.email,
        subject=f"Your report to the stewards of {project.name}",
        paragraphs=[said],
        why="You reported conduct in private.",
        action=("See your report", f"{site}/conduct/{report.id}"),
        kind=MailKind.CONDUCT,
        now=now,
    )


def _note(done: str, actor: Actor, report: ConductReport, now: datetime) -> None:
    record_change(
        f"conduct:report:{done}",
        "A conduct report: " + done.replace("_", " "),
        actor=actor,
        now=now,
        details={"report": report.id},
    )
