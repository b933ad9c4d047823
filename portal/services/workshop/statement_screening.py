"""What a steward does with statements, on the same desk as with needs (W3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.notifications import MailKind
from portal.domain.permissions import PROJECT_POLICY, Actor, Permission, require
from portal.domain.statements import (
    StatementAction,
    StatementState,
    check_screening,
    move,
)
from portal.models.projects import Maintainership
from portal.models.statements import Statement
from portal.services.audit import record_change
from portal.services.outbox import post_mail
from portal.services.workshop.blocks import HELD, is_blocked


def screen_statement(
    actor: Actor,
    project_id: int,
    statement_id: int,
    action: StatementAction,
    *,
    seen: int,
    reason: str,
    site: str,
    now: datetime,
) -> None:
    """Release a statement, keep it among maintainers, ask for other words, or refuse it.

    The last two need a reason, which the author reads. Refuses a statement that does not wait or
    is held back by a block, other words once the consultation is over, and with Conflict a text
    that the steward has not read (``seen`` is the revision on the desk).
    """
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    statement = _lock(project_id, statement_id)
    check_screening(
        action, reason, statement.proposal.state, seen=seen, revision=statement.revision
    )
    following = move(statement.state, action)
    if is_blocked(project_id, statement.author_id):
        raise HELD
    statement.state = following
    statement.reason = reason
    statement.screened_at = now
    _note(statement, action, actor, now)
    _tell_author(statement, site=site, now=now)


def recall_statement(actor: Actor, project_id: int, statement_id: int, *, now: datetime) -> None:
    """Put a statement that others can read back on the desk; from now on they cannot."""
    require(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project_id)
    statement = _lock(project_id, statement_id)
    statement.state = move(statement.state, StatementAction.RECALL)
    statement.screened_at = None
    statement.submitted_at = now
    _note(statement, StatementAction.RECALL, actor, now)


def _lock(project_id: int, statement_id: int) -> Statement:
    statement = db.session.scalar(
        select(Statement)
        .where(
            Statement.id == statement_id,
            Statement.project_id == project_id,
            Statement.state != StatementState.WITHDRAWN,
        )
        .with_for_update(of=Statement)
        .execution_options(populate_existing=True)
    )
    if statement is None:
        raise NotFound("statement")
    return statement


def _note(statement: Statement, action: StatementAction, actor: Actor, now: datetime) -> None:
    """One entry for each side: an entry in both lists would tie the text to its author."""
    number = statement.proposal.number
    for scope in (
        {"project_id": statement.project_id},
        {"organization_id": statement.organization_id},
    ):
        if None not in scope.values():
            record_change(
                f"statement:text:{action}",
                f"A statement on proposal {number}: {action.replace('_', ' ')}",
                actor=actor,
                now=now,
                details={"proposal": number},
                **scope,
            )


def _tell_author(statement: Statement, *, site: str, now: datetime) -> None:
    """Tell the author, and nobody else, what a steward decided; the mail repeats no word of it."""
    said = {
        StatementState.RELEASED: "It is released: electors and maintainers can read it.",
        StatementState.PRIVATE: "It is kept among the maintainers; nobody else reads it.",
        StatementState.REWORD: "A steward asks you to say it in other words.",
        StatementState.REFUSED: "A steward refused it, so it goes no further.",
    }[statement.state]
    proposal, company = statement.proposal, statement.organization
    project = statement.project
    post_mail(
        dedupe_key=(
            f"statement:{statement.id}:screened:{statement.revision}:{statement.state}:"
            f"{now.isoformat()}"
        ),
        recipient=statement.author.email,
        subject=f"Your statement on proposal {proposal.number} of {project.name}",
        paragraphs=[said, *([f"The reason: {statement.reason}"] if statement.reason else [])],
        why=f"You put this statement for {company.name}." if company else "You put this statement.",
        kind=MailKind.STATEMENT,
        person_id=statement.author_id,
        project_id=statement.project_id,
        action=("See the statement", f"{site}{statement_path(statement)}"),
        now=now,
    )


def statement_path(statement: Statement) -> str:
    """Where the author's side reads a statement."""
    slug, number = statement.project.slug, statement.proposal.number
    if statement.organization is None:
        if _writes_at_the_desk(statement):
            return f"/desk/{slug}/proposals/{number}/statements"
        return f"/contributor/{slug}/statements/{number}"
    return f"/organizations/{statement.organization.slug}/statements/{slug}/{number}"


def _writes_at_the_desk(statement: Statement) -> bool:
    """Whether somebody who speaks in person has the project's desk to do so from."""
    held = select(Maintainership.id).where(
        Maintainership.project_id == statement.project_id,
        Maintainership.person_id == statement.author_id,
        Maintainership.role.in_(PROJECT_POLICY[Permission.PROJECT_STATEMENT_WRITE]),
    )
    return db.session.scalar(held.limit(1)) is not None
