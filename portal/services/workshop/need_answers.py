"""What maintainers do with a need: answer it, decline it, write to its author."""

from __future__ import annotations

from datetime import datetime

from portal.database import db
from portal.domain.errors import Refusal
from portal.domain.needs import NeedAction, check_reason, move
from portal.domain.notifications import MailKind
from portal.domain.permissions import Actor, Permission, require
from portal.models.needs import Need, NeedMessage
from portal.services.audit import record_change
from portal.services.outbox import post_mail
from portal.services.workshop.needs import TALKED_ABOUT, lock_need
from portal.services.workshop.screening import need_path, why_told


def answer_need(
    actor: Actor,
    project_id: int,
    number: int,
    action: NeedAction,
    *,
    text: str,
    as_project: bool,
    site: str,
    now: datetime,
) -> None:
    """Answer or decline a need, or open it again, with a message to its author.

    Declining needs its reason, answering its words. ``as_project`` signs with the project's name.
    """
    require(actor, Permission.PROJECT_NEED_ANSWER, project_id=project_id)
    need = lock_need(project_id, number)
    if action not in {NeedAction.ANSWER, NeedAction.DECLINE, NeedAction.REOPEN}:
        raise Refusal("need.action", "Choose what becomes of the need.", field="action")
    following = move(need.state, action)
    check_reason(action, text)
    if action is NeedAction.ANSWER and not text:
        raise Refusal("need.answer", "Write the answer first.", field="text")
    need.state = following
    need.updated_at = now
    need.reason = text[:1000] if action is NeedAction.DECLINE else ""
    note_step(need, action, actor, now)
    if text:
        _write(actor, need, text, as_project=as_project, site=site, now=now)


def write_to_author(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    text: str,
    as_project: bool,
    site: str,
    now: datetime,
) -> None:
    """Write to a need's author without deciding anything."""
    require(actor, Permission.PROJECT_NEED_ANSWER, project_id=project_id)
    need = lock_need(project_id, number)
    if need.state not in TALKED_ABOUT:
        raise Refusal("need.silent", "A steward has not released this need.")
    if not text:
        raise Refusal("need.message", "Write something first.", field="text")
    _write(actor, need, text, as_project=as_project, site=site, now=now)


def _write(
    actor: Actor, need: Need, text: str, *, as_project: bool, site: str, now: datetime
) -> None:
    message = NeedMessage(
        project_id=need.project_id,
        need_id=need.id,
        author_id=actor.person_id,
        by_project=True,
        signed=None if as_project else actor.name,
        text=text,
        written_at=now,
        released_at=now,
    )
    db.session.add(message)
    db.session.flush()
    post_mail(
        dedupe_key=f"need:{need.id}:message:{message.id}",
        about_id=None if as_project else actor.person_id,
        recipient=need.author.email,
        subject=f"About your need {need.number} to {need.project.name}",
        paragraphs=["The maintainers wrote to you. The conversation is private."],
        why=why_told(need),
        kind=MailKind.NEED,
        person_id=need.author_id,
        project_id=need.project_id,
        action=("Read it and answer", f"{site}{need_path(need)}"),
        now=now,
    )


def note_step(need: Need, action: NeedAction, actor: Actor, now: datetime) -> None:
    """Note for both sides' audit lists what maintainers did with a need; none of its words."""
    record_change(
        f"need:state:{action}",
        f"Need {need.number}: {action.replace('_', ' ')}",
        actor=actor,
        now=now,
        project_id=need.project_id,
        organization_id=need.organization_id,
        details={"need": need.number},
    )
