"""The mails of a support request: each says that there is something to read, and where.

No mail repeats what was written: it stands on the page, which asks who is reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.notifications import MailKind
from portal.domain.permissions import ORGANIZATION_POLICY, Actor, Permission
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.support import SupportMessage, SupportRequest
from portal.services.outbox import Letter, post_mails
from portal.services.projects.holders import find_holders
from portal.services.workshop.blocks import is_blocked, leave_out_apart


def tell_maintainers(
    request: SupportRequest, done: str, writer: Actor, *, site: str, now: datetime
) -> None:
    """Tell those who wrote in a conversation, or all who answer, that the organization wrote.

    What a block holds back is told to nobody.
    """
    if is_blocked(request.project_id, request.author_id, writer.person_id):
        return
    project, organization = request.project, request.organization
    answering = find_holders(request.project_id, Permission.PROJECT_SUPPORT_ANSWER)
    allowed = leave_out_apart([each.id for each in answering], writer.person_id)
    talking = _writers(request, by_project=True) & {each.id for each in answering}
    told = (talking or {each.id for each in answering}) & allowed
    said = f"{organization.name} asked for support."
    if done != "asked":
        said = f"{organization.name} wrote about its support request."
    aim = f"Your aim for the first answer: {request.due_on:%-d %B %Y}."
    post_mails(
        (
            Letter(
                dedupe_key=f"support:{request.id}:{done}:{now.isoformat()}:{person.id}",
                recipient=person.email,
                subject=f"Support request {request.number} to {project.name}",
                paragraphs=[said, *([aim] if request.answered_at is None else [])],
                why=f"You answer support requests to {project.name}.",
                action=("Read it and answer", f"{site}{desk_path(request)}"),
                kind=MailKind.SUPPORT_DESK,
                person_id=person.id,
                project_id=request.project_id,
            )
            for person in answering
            if person.id in told
        ),
        now=now,
    )


def tell_organization(
    request: SupportRequest,
    paragraphs: Iterable[str],
    *,
    by: int | None = None,
    site: str,
    now: datetime,
) -> None:
    """Tell those of the organization who take part in a conversation, and still may read it.

    ``by`` is who signed with their own name; None is the project.
    """
    said = list(paragraphs)
    people = _writers(request, by_project=False) | {request.author_id}
    people = leave_out_apart(people, by)
    rows = db.session.execute(
        select(Person.id, Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.organization_id == request.organization_id,
            Membership.role.in_(ORGANIZATION_POLICY[Permission.ORGANIZATION_SUPPORT_ASK]),
            Person.id.in_(people),
        )
        .distinct()
        .order_by(Person.id)
    )
    post_mails(
        (
            Letter(
                dedupe_key=f"support:{request.id}:{request.state}:{now.isoformat()}:{person.id}",
                recipient=person.email,
                subject=f"Your support request {request.number} to {request.project.name}",
                paragraphs=said,
                why=f"You wrote about this request for {request.organization.name}.",
                action=("Read it", f"{site}{own_path(request)}"),
                kind=MailKind.SUPPORT,
                person_id=person.id,
                project_id=request.project_id,
            )
            for person in rows
        ),
        now=now,
    )


def own_path(request: SupportRequest) -> str:
    """Where the organization reads a request."""
    return f"/organizations/{request.organization.slug}/support/{request.id}"


def desk_path(request: SupportRequest) -> str:
    """Where the maintainers read a request."""
    return f"/desk/{request.project.slug}/support/{request.number}"


def _writers(request: SupportRequest, *, by_project: bool) -> set[int]:
    return set(
        db.session.scalars(
            select(SupportMessage.author_id).where(
                SupportMessage.request_id == request.id, SupportMessage.by_project == by_project
            )
        )
    )
