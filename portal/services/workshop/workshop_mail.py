"""Word to stewards and maintainers that something waits for them; never what was written (W3)."""

from __future__ import annotations

from datetime import datetime

from portal.domain.needs import NeedState
from portal.domain.notifications import MailKind
from portal.domain.permissions import Permission
from portal.domain.statements import StatementState
from portal.models.needs import Need, NeedMessage
from portal.models.projects import Project
from portal.models.statements import Statement
from portal.services.outbox import Letter, post_mails
from portal.services.projects.holders import find_holders
from portal.services.workshop.blocks import is_blocked


def tell_stewards(
    project: Project, what: str, occasion: str, *, about_id: int | None, now: datetime
) -> None:
    """Tell the stewards that something waits in their queue: ``what`` names it without its words.

    ``occasion`` makes each of them get it once; ``about_id`` is who wrote it.
    """
    post_mails(
        (
            Letter(
                dedupe_key=f"screening:{occasion}:{person.id}",
                recipient=person.email,
                subject=f"For the stewards of {project.name}: {what}",
                paragraphs=[
                    "It waits on the screening desk, unless another steward was quicker.",
                    "Until it is released nobody else can read it.",
                ],
                why=f"You are a steward of {project.name}.",
                action=("Open the screening desk", f"/desk/{project.slug}/screening"),
                kind=MailKind.SCREENING,
                person_id=person.id,
                project_id=project.id,
                about_id=about_id,
            )
            for person in find_holders(project.id, Permission.PROJECT_SCREENING_DECIDE)
        ),
        now=now,
    )


def announce_need(need: Need, *, now: datetime) -> None:
    """Tell whoever has a need before them now: its stewards, or those who answer it.

    Nobody is told of what a block holds back.
    """
    if is_blocked(need.project_id, need.author_id, need.handed_in_by):
        return
    if need.state is NeedState.WAITING:
        tell_stewards(
            need.project,
            f"need {need.number} was handed in",
            f"need:{need.id}:{now.isoformat()}",
            about_id=need.author_id,
            now=now,
        )
    elif need.state is NeedState.OPEN:
        _tell_answering(need, "need", now.isoformat(), about_id=need.author_id, now=now)


def announce_message(message: NeedMessage, *, now: datetime) -> None:
    """Tell whoever has a message of an author's side before them now; of a refused one, nobody."""
    need = message.need
    if is_blocked(message.project_id, message.author_id):
        return
    if message.released_at is not None:
        _tell_answering(
            need, "a message about need", str(message.id), about_id=message.author_id, now=now
        )
    elif message.refused_at is None:
        tell_stewards(
            need.project,
            f"a message about need {need.number}",
            f"message:{message.id}",
            about_id=message.author_id,
            now=now,
        )


def announce_statement(statement: Statement, *, now: datetime) -> None:
    """Tell the stewards of a statement that waits for them, unless a block holds it back."""
    if statement.state is not StatementState.WAITING or is_blocked(
        statement.project_id, statement.author_id
    ):
        return
    tell_stewards(
        statement.project,
        f"a statement on proposal {statement.proposal.number} was handed in",
        f"statement:{statement.id}:{statement.revision}",
        about_id=None,  # a mail that is missing would say who is behind a pseudonym
        now=now,
    )


def _tell_answering(
    need: Need, what: str, occasion: str, *, about_id: int | None, now: datetime
) -> None:
    project = need.project
    whose = need.organization.name if need.organization else "a contributor"
    post_mails(
        (
            Letter(
                dedupe_key=f"need:{need.id}:desk:{occasion}:{person.id}",
                recipient=person.email,
                subject=f"{project.name}: {what} {need.number}",
                paragraphs=[f"It is from {whose}. Read it on your desk."],
                why=f"You answer needs stated to {project.name}.",
                action=("Open the need", f"/desk/{project.slug}/needs/{need.number}"),
                kind=MailKind.NEED_DESK,
                person_id=person.id,
                project_id=project.id,
                about_id=about_id,
            )
            for person in find_holders(project.id, Permission.PROJECT_NEED_ANSWER)
        ),
        now=now,
    )
