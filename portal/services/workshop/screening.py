"""What a steward does with words before others see them: decide, trust, pause (W3, W5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.needs import NeedAction, NeedState, check_reason, move
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, require
from portal.domain.screening import SCREENING_ACTIONS
from portal.domain.statements import OPEN_CREDITS
from portal.models.identity import Person
from portal.models.needs import Intake, Need, NeedMessage, Trust
from portal.models.statements import Statement
from portal.services.audit import record_change
from portal.services.outbox import post_mail
from portal.services.workshop.blocks import HELD, is_blocked
from portal.services.workshop.needs import lock_need
from portal.services.workshop.workshop_mail import announce_message, announce_need


def screen_need(
    actor: Actor,
    project_id: int,
    number: int,
    action: NeedAction,
    *,
    reason: str,
    site: str,
    now: datetime,
) -> None:
    """Release a need to the maintainers, keep it private there, ask for other words, or refuse it.

    The last two need a reason, which the author reads. Refuses a need that does not wait or is
    held back by a block, and any action that is not a steward's.
    """
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    need = lock_need(project_id, number)
    if action not in SCREENING_ACTIONS:
        raise Refusal("need.screening", "This is not for the screening desk to do.")
    check_reason(action, reason)
    need.state = move(need.state, action)
    if is_blocked(project_id, need.author_id, need.handed_in_by):
        raise HELD
    need.is_private = need.is_private or action is NeedAction.KEEP_PRIVATE
    need.reason = reason
    need.screened_at = need.updated_at = now
    need.released_at = now if need.state is NeedState.OPEN else None
    _note(f"need:text:{action}", f"Need {number}: {action.replace('_', ' ')}", actor, need, now)
    _tell_author(need, site=site, now=now)
    announce_need(need, now=now)


def screen_message(
    actor: Actor, project_id: int, message_id: int, *, released: bool, reason: str, now: datetime
) -> None:
    """Release a message of an author to the maintainers, or refuse it with a reason."""
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    message = db.session.scalar(
        select(NeedMessage)
        .where(NeedMessage.id == message_id, NeedMessage.project_id == project_id)
        .with_for_update()
    )
    if message is None or message.by_project:
        raise NotFound("message")
    if message.released_at is not None or message.refused_at is not None:
        raise Refusal("message.decided", "This message was decided on already.")
    if is_blocked(project_id, message.author_id):
        raise HELD
    if released:
        message.released_at = now
    else:
        check_reason(NeedAction.REFUSE, reason)
        message.refused_at, message.reason = now, reason
    said = "released" if released else "refused"
    _note(f"need:message:{said}", f"A message was {said}", actor, message.need, now)
    if released:
        announce_message(message, now=now)


def grant_trust(actor: Actor, project_id: int, person_id: int, *, now: datetime) -> None:
    """Let a person's words skip the screening from now on; harmless when repeated.

    Refuses a person who is blocked; NotFound for whoever never wrote to the project.
    """
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    if not _has_written(project_id, person_id):
        raise NotFound("person")
    if is_blocked(project_id, person_id):
        raise HELD
    if _current_trust(project_id, person_id) is None:
        db.session.add(
            Trust(project_id=project_id, person_id=person_id, granted_by=actor.name, granted_at=now)
        )
        _note_trust("granted", actor, project_id, person_id, now)


def withdraw_trust(actor: Actor, project_id: int, person_id: int, *, now: datetime) -> None:
    """Screen a person's words again; harmless when repeated. NotFound for the never trusted."""
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    trust = db.session.scalar(
        select(Trust)
        .where(Trust.project_id == project_id, Trust.person_id == person_id)
        .order_by(Trust.id.desc())
        .limit(1)
    )
    if trust is None:
        raise NotFound("trust")
    if trust.withdrawn_at is None:
        trust.withdrawn_at = now
        _note_trust("withdrawn", actor, project_id, person_id, now)


def set_intake(
    actor: Actor,
    project_id: int,
    *,
    paused: bool,
    pause_note: str,
    quiet_until: datetime | None,
    now: datetime,
) -> None:
    """Pause the intake with a friendly note, or keep a quiet time until an instant; or end both.

    Refuses a quiet time that ends in the past.
    """
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    if quiet_until is not None and quiet_until <= now:
        raise Refusal("intake.quiet", "A quiet time ends in the future.", field="quiet_until")
    intake = db.session.get(Intake, project_id)
    if intake is None:
        intake = Intake(project_id=project_id)
        db.session.add(intake)
    intake.paused, intake.pause_note, intake.quiet_until = paused, pause_note, quiet_until
    record_change(
        "intake:state:changed",
        "Intake of needs: "
        + ("paused" if paused else "quiet" if quiet_until is not None else "open"),
        actor=actor,
        now=now,
        project_id=project_id,
    )


def _has_written(project_id: int, person_id: int) -> bool:
    """Whether stewards know somebody's words; not those under a pseudonym or under no name."""
    need = select(Need.id).where(Need.project_id == project_id, Need.author_id == person_id)
    statement = select(Statement.id).where(
        Statement.project_id == project_id,
        Statement.author_id == person_id,
        Statement.credit.in_(OPEN_CREDITS),
    )
    return db.session.scalar(select(need.exists() | statement.exists())) or False


def _current_trust(project_id: int, person_id: int) -> Trust | None:
    return db.session.scalar(
        select(Trust).where(
            Trust.project_id == project_id,
            Trust.person_id == person_id,
            Trust.withdrawn_at.is_(None),
        )
    )


def _note(tag: str, sentence: str, actor: Actor, need: Need, now: datetime) -> None:
    """Both sides can read that it happened; what was written stands in neither list."""
    record_change(
        tag,
        sentence,
        actor=actor,
        now=now,
        project_id=need.project_id,
        organization_id=need.organization_id,
        details={"need": need.number},
    )


def _note_trust(done: str, actor: Actor, project_id: int, person_id: int, now: datetime) -> None:
    record_change(
        f"trust:person:{done}",
        f"Trust {done}: {db.session.get_one(Person, person_id).name}",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def _tell_author(need: Need, *, site: str, now: datetime) -> None:
    """Tell the author what a steward decided; the mail repeats nothing of the need but its line."""
    said = {
        "open": "It is with the maintainers now.",
        "reword": "A steward asks you to say it in other words.",
        "refused": "A steward refused it, so it goes no further.",
    }[need.state]
    post_mail(
        dedupe_key=f"need:{need.id}:screened:{need.revision}:{need.state}",
        recipient=need.author.email,
        subject=f"Your need {need.number} to {need.project.name}",
        paragraphs=[said, *([f"The reason: {need.reason}"] if need.reason else [])],
        why=why_told(need),
        kind=MailKind.NEED,
        person_id=need.author_id,
        project_id=need.project_id,
        action=("See the need", f"{site}{need_path(need)}"),
        now=now,
    )


def need_path(need: Need) -> str:
    """Where the author's side reads a need."""
    if need.organization is None:
        return f"/contributor/{need.project.slug}/needs/{need.id}"
    return f"/organizations/{need.organization.slug}/needs/{need.id}"


def why_told(need: Need) -> str:
    """Why a mail about a need reaches its author."""
    if need.organization is None:
        return f"You stated a need as a contributor to {need.project.name}."
    return f"You stated a need for {need.organization.name}."
