"""Ask for support, write about a request, settle it: the organization's side (PRODUCT W1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.support import (
    CLOSED,
    RUNNING,
    SupportAction,
    SupportState,
    SupportText,
    asking_obstacles,
    check_reopening,
    move,
    quarter_of,
)
from portal.domain.support_pace import due_on
from portal.domain.tiers import Support, read_benefits
from portal.models.needs import Intake
from portal.models.projects import Project
from portal.models.support import SupportMessage, SupportRequest
from portal.models.tiers import TierVersion
from portal.services.audit import record_change
from portal.services.workshop.needs import find_stake
from portal.services.workshop.support_mail import tell_maintainers


def ask_support(
    actor: Actor,
    organization_id: int,
    project_id: int,
    text: SupportText,
    *,
    site: str,
    now: datetime,
) -> int:
    """Ask the maintainers of a project in private and return the request's id.

    The same words again, while they wait for an answer, are the same request. Refuses an
    incomplete text by field, and whatever ``asking_obstacles`` names: no stake, a tier without
    support, a rest of the maintainers, a quota that is used up.
    """
    require(actor, Permission.ORGANIZATION_SUPPORT_ASK, organization_id=organization_id)
    for refusal in text.missing():
        raise refusal
    # The project's row is the queue for numbers and quotas: requests at once are counted in turn.
    if db.session.get(Project, project_id, with_for_update=True) is None:
        raise NotFound("project")
    known = _find_same(organization_id, project_id, text)
    if known is not None:
        return known
    stake = find_stake(organization_id, project_id)
    aim_days = _check_free(organization_id, project_id, stake, now)
    last = db.session.scalar(
        select(func.max(SupportRequest.number)).where(SupportRequest.project_id == project_id)
    )
    request = SupportRequest(
        project_id=project_id,
        number=(last or 0) + 1,
        organization_id=organization_id,
        author_id=actor.person_id,
        state=SupportState.OPEN,
        tried=text.tried,
        happened=text.happened,
        environment=text.environment,
        aim_days=aim_days,
        due_on=due_on(now, aim_days),
        asked_at=now,
        updated_at=now,
    )
    db.session.add(request)
    db.session.flush()
    note_support(request, "asked", actor, now)
    tell_maintainers(request, "asked", actor, site=site, now=now)
    return request.id


def write_about_support(
    actor: Actor, organization_id: int, request_id: int, text: str, *, site: str, now: datetime
) -> None:
    """Write to the maintainers; what they closed is opened again by it, within thirty days.

    Refuses an empty message, what became a need, and to open anything again without a stake.
    """
    require(actor, Permission.ORGANIZATION_SUPPORT_ASK, organization_id=organization_id)
    request = _lock_own(organization_id, request_id)
    if not text:
        raise Refusal("support.message", "Write something first.", field="text")
    reopening = request.state in CLOSED
    following = move(request.state, SupportAction.REOPEN if reopening else SupportAction.WRITE)
    if reopening:
        check_reopening(request.closed_at, now=now)
        if find_stake(organization_id, request.project_id) is None:
            raise Refusal(
                "support.stake", "Support comes with a stake: a sponsorship in good standing."
            )
        note_support(request, "reopened", actor, now)
    untold = request.state is not SupportState.OPEN
    request.state, request.closed_at, request.updated_at = following, None, now
    db.session.add(
        SupportMessage(
            request_id=request.id,
            author_id=actor.person_id,
            by_project=False,
            signed=actor.name,
            text=text,
            written_at=now,
        )
    )
    db.session.flush()
    # Who writes five times while nobody has answered sends one mail.
    if untold:
        tell_maintainers(request, "written", actor, site=site, now=now)


def settle_support(actor: Actor, organization_id: int, request_id: int, *, now: datetime) -> None:
    """Close a request that needs no answer any more; it stays in the quarter's count."""
    require(actor, Permission.ORGANIZATION_SUPPORT_ASK, organization_id=organization_id)
    request = _lock_own(organization_id, request_id)
    request.state = move(request.state, SupportAction.SETTLE)
    request.closed_at = request.updated_at = now
    note_support(request, "settled", actor, now)


def support_of(stake: TierVersion | None) -> Support | None:
    """The support that a tier snapshot includes, if any."""
    benefits = read_benefits(stake.benefits) if stake else ()
    return next((each for each in benefits if isinstance(each, Support)), None)


def note_support(request: SupportRequest, done: str, actor: Actor, now: datetime) -> None:
    """Both sides can read that it happened; what was written stands in neither list."""
    record_change(
        f"support:request:{done}",
        f"Support request {request.number}: {done.replace('_', ' ')}",
        actor=actor,
        now=now,
        project_id=request.project_id,
        organization_id=request.organization_id,
        details={"request": request.number},
    )


def lock_request(*criteria: ColumnElement[bool]) -> SupportRequest:
    """One request, locked until the transaction ends; NotFound if there is none."""
    request = db.session.scalar(
        select(SupportRequest)
        .where(*criteria)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise NotFound("request")
    return request


def _lock_own(organization_id: int, request_id: int) -> SupportRequest:
    return lock_request(
        SupportRequest.id == request_id, SupportRequest.organization_id == organization_id
    )


def _find_same(organization_id: int, project_id: int, text: SupportText) -> int | None:
    return db.session.scalar(
        select(SupportRequest.id)
        .where(
            SupportRequest.organization_id == organization_id,
            SupportRequest.project_id == project_id,
            SupportRequest.state.in_(RUNNING),
            SupportRequest.tried == text.tried,
            SupportRequest.happened == text.happened,
            SupportRequest.environment == text.environment,
        )
        .limit(1)
    )


def _check_free(
    organization_id: int,
    project_id: int,
    stake: TierVersion | None,
    now: datetime,
) -> int:
    """Refuse what stands against asking, and return the aim of the tier, in working days."""
    support = support_of(stake)
    began, again_on = quarter_of(now)
    asked = db.session.scalar(
        select(func.count(SupportRequest.id)).where(
            SupportRequest.organization_id == organization_id,
            SupportRequest.project_id == project_id,
            SupportRequest.asked_at >= began,
        )
    )
    intake = db.session.get(Intake, project_id)
    for obstacle in asking_obstacles(
        has_stake=stake is not None,
        support=support,
        asked=asked or 0,
        again_on=again_on,
        paused=intake.pause_note if intake and intake.paused else None,
        quiet=bool(intake and intake.quiet_until and intake.quiet_until > now),
    ):
        raise Refusal(obstacle.code, obstacle.message)
    return support.answer_days if support else 0
