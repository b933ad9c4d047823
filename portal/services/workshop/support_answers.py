"""What maintainers do with a support request: answer it, close it as what it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Refusal
from portal.domain.permissions import Actor, OrganizationRole, Permission, require
from portal.domain.support import CLOSINGS, SupportAction, check_closing, draft_of, move
from portal.models.organizations import Membership
from portal.models.support import REQUEST_HELD, DocumentationGap, SupportMessage, SupportRequest
from portal.services.workshop.needs import begin_draft
from portal.services.workshop.support import lock_request, note_support
from portal.services.workshop.support_mail import tell_organization

# Who goes on with a need that a request turned out to be, where its author may not state needs.
_SUCCESSORS = (OrganizationRole.REPRESENTATIVE, OrganizationRole.DEPUTY, OrganizationRole.OWNER)


def answer_support(
    actor: Actor,
    project_id: int,
    number: int,
    *,
    text: str,
    as_project: bool,
    site: str,
    now: datetime,
) -> None:
    """Answer a request, which then waits for the organization; refuses an empty answer.

    ``as_project`` signs with the project's name (PRODUCT W4).
    """
    require(actor, Permission.PROJECT_SUPPORT_ANSWER, project_id=project_id)
    request = _lock(project_id, number)
    following = move(request.state, SupportAction.ANSWER)
    if not text:
        raise Refusal("support.message", "Write the answer first.", field="text")
    request.state, request.updated_at = following, now
    _write(actor, request, text, as_project=as_project, now=now)
    tell_organization(
        request, ["There is an answer. The conversation is private."],
        by=None if as_project else actor.person_id, site=site, now=now,
    )  # fmt: skip


def close_support(
    actor: Actor,
    project_id: int,
    number: int,
    action: SupportAction,
    *,
    text: str = "",
    as_project: bool = True,
    site: str,
    now: datetime,
) -> None:
    """Close a request as answered, as a gap in the documentation or as a need, last words or not.

    A gap goes onto the maintainers' list. A need begins as a draft of the organization, in its own
    words: it completes them, hands them in, and a steward reads them, as with any need (W2, W3).
    Refuses to call answered what nobody answered.
    """
    require(actor, Permission.PROJECT_SUPPORT_ANSWER, project_id=project_id)
    request = _lock(project_id, number)
    if action not in CLOSINGS:
        raise Refusal("support.action", "Choose what the request was.", field="action")
    following = move(request.state, action)
    check_closing(action, answered=bool(text) or _has_answer(request))
    if text:
        _write(actor, request, text, as_project=as_project, now=now)
    request.state = following
    request.answered_at = request.answered_at or now
    request.closed_at = request.updated_at = now
    said = ["The maintainers wrote to you."] if text else []
    said.append(_SAID[action])
    if action is SupportAction.CLOSE_GAP:
        _keep_gap(request, now)
    elif action is SupportAction.CLOSE_NEED:
        need = begin_draft(
            request.organization_id,
            project_id,
            _find_author(request),
            draft_of(request.text),
            now=now,
        )
        request.need_id = need.id
    note_support(request, following.value, actor, now)
    by = None if as_project or not text else actor.person_id
    tell_organization(request, said, by=by, site=site, now=now)


_SAID = {
    SupportAction.CLOSE_ANSWERED: "They closed the request as answered. If it is not, write again"
    " within thirty days and it is open again.",
    SupportAction.CLOSE_GAP: "They found a gap in the documentation, and put it on their list."
    " You get a mail when it is written.",
    SupportAction.CLOSE_NEED: "This is about what is built, so it goes on as a need. A draft in"
    " your words waits at your organization: a representative completes it and hands it in.",
}


def _lock(project_id: int, number: int) -> SupportRequest:
    return lock_request(
        SupportRequest.project_id == project_id, SupportRequest.number == number, ~REQUEST_HELD
    )


def _write(
    actor: Actor, request: SupportRequest, text: str, *, as_project: bool, now: datetime
) -> None:
    request.answered_at = request.answered_at or now
    db.session.add(
        SupportMessage(
            request_id=request.id,
            author_id=actor.person_id,
            by_project=True,
            signed=None if as_project else actor.name,
            text=text,
            written_at=now,
        )
    )
    db.session.flush()


def _has_answer(request: SupportRequest) -> bool:
    written = select(SupportMessage.id).where(
        SupportMessage.request_id == request.id, SupportMessage.by_project
    )
    return db.session.scalar(written.limit(1)) is not None


def _keep_gap(request: SupportRequest, now: datetime) -> None:
    """Put the gap on the list; one that was thought to be written is open again."""
    gap = db.session.scalar(
        select(DocumentationGap).where(DocumentationGap.request_id == request.id).with_for_update()
    )
    if gap is None:
        gap = DocumentationGap(
            project_id=request.project_id, request_id=request.id, found_at=now, url=""
        )
        db.session.add(gap)
    gap.written_at = None
    db.session.flush()


def _find_author(request: SupportRequest) -> int:
    """Who goes on with the need: the request's author who may, else the representative."""
    held: dict[OrganizationRole, list[int]] = {}
    seats = select(Membership).where(
        Membership.organization_id == request.organization_id, Membership.role.in_(_SUCCESSORS)
    )
    for seat in db.session.scalars(seats.order_by(Membership.since, Membership.person_id)):
        held.setdefault(seat.role, []).append(seat.person_id)
    writing = [*held.get(_SUCCESSORS[0], ()), *held.get(_SUCCESSORS[1], ())]
    if request.author_id in writing:
        return request.author_id
    return next(iter([*writing, *held.get(_SUCCESSORS[2], ())]), request.author_id)
