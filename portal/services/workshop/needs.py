"""State a need, submit it, withdraw it, and write about it: the author's side.

That side is an organization, for which its representative writes, or without one (``None``) a
contributor, who states needs as a person, needs no stake, and has a quota of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from portal.database import db
from portal.domain.contributors import CONTRIBUTOR_NEEDS
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.needs import (
    PENDING,
    UNSEEN,
    Credit,
    NeedAction,
    NeedState,
    NeedText,
    move,
    submission_obstacles,
)
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import GOOD_STANDING
from portal.domain.tiers import Needs, read_benefits
from portal.models.blocks import is_held
from portal.models.needs import Intake, Need, NeedMessage, Trust
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.audit import record_change
from portal.services.workshop.pseudonyms import is_claimed
from portal.services.workshop.workshop_mail import announce_message, announce_need

DEFAULT_QUOTA = 3


def draft_need(
    actor: Actor, organization_id: int | None, project_id: int, text: NeedText, *, now: datetime
) -> int:
    """Keep a new need as a draft and return its id; its number is the next of the project.

    Refuses an empty one, and a contributor's credit to an organization; nothing else has to be
    complete yet, and a stake is asked for at submission.
    """
    _require_side(actor, organization_id, project_id)
    _check_text(text, organization_id)
    return begin_draft(organization_id, project_id, actor.person_id, text, now=now).id


def edit_need(
    actor: Actor,
    organization_id: int | None,
    need_id: int,
    text: NeedText,
    *,
    revision: int,
    now: datetime,
) -> None:
    """Change the text of a draft, or of a need that a steward asked to reword.

    Refuses other states, an empty need, and with Conflict a text written over an older revision.
    """
    need = _lock_written(actor, organization_id, need_id)
    move(need.state, NeedAction.EDIT)
    if revision != need.revision:
        raise Conflict(
            "need.revision",
            "Somebody saved this need after you opened it. Your text is kept below: compare it "
            "with the saved text, then save again.",
        )
    _check_text(text, organization_id)
    if need.text != text:
        need.text = text
        need.revision += 1
        need.updated_at = now


def submit_need(actor: Actor, organization_id: int | None, need_id: int, *, now: datetime) -> None:
    """Hand a need to the stewards, or past them to the maintainers where its author is trusted.

    Refuses an incomplete text by field, and whatever ``submission_obstacles`` names: no stake in
    good standing, a pause, a quiet time, a quota that is used up.
    """
    need = _lock_written(actor, organization_id, need_id)
    following = move(need.state, NeedAction.SUBMIT)
    for refusal in need.text.missing():
        raise refusal
    if need.credit is Credit.PSEUDONYM and is_claimed(need.project_id, need.pseudonym):
        raise Refusal(
            "need.pseudonym_taken",
            "A statement stands under this pseudonym, and maintainers know whose needs are. "
            "Choose another.",
            field="pseudonym",
        )
    intake = db.session.get(Intake, need.project_id)
    for obstacle in submission_obstacles(
        **_room(need),
        paused=intake.pause_note if intake and intake.paused else None,
        quiet=bool(intake and intake.quiet_until and intake.quiet_until > now),
    ):
        raise Refusal(obstacle.code, obstacle.message)
    trusted = is_trusted(need.project_id, actor.person_id)
    need.state = move(following, NeedAction.RELEASE) if trusted else following
    need.submitted_at = need.submitted_at or now
    need.handed_in_at, need.handed_in_by = now, actor.person_id
    need.screened_at = None
    need.released_at = now if trusted else None
    need.updated_at = now
    need.reason = ""
    _note(need, "submitted", actor, now)
    announce_need(need, now=now)


def withdraw_need(
    actor: Actor, organization_id: int | None, need_id: int, *, now: datetime
) -> None:
    """Take a need back for good, before it is answered."""
    need = _lock_written(actor, organization_id, need_id)
    unseen = need.state in UNSEEN
    need.state = move(need.state, NeedAction.WITHDRAW)
    need.updated_at = now
    if not unseen:
        _note(need, "withdrawn", actor, now)


def write_to_maintainers(
    actor: Actor, organization_id: int | None, need_id: int, text: str, *, now: datetime
) -> None:
    """Add a message of the author's side; a steward releases it first, unless they are trusted.

    Refuses an empty message, and a need that no maintainer has before them.
    """
    need = _lock_written(actor, organization_id, need_id)
    if need.state not in TALKED_ABOUT:
        raise Refusal("need.silent", "There is nobody to write to: no maintainer has this need.")
    if not text:
        raise Refusal("need.message", "Write something first.", field="text")
    message = NeedMessage(
        project_id=need.project_id,
        need=need,
        need_id=need.id,
        author_id=actor.person_id,
        by_project=False,
        signed=actor.name,
        text=text,
        written_at=now,
        released_at=now if is_trusted(need.project_id, actor.person_id) else None,
    )
    db.session.add(message)
    db.session.flush()
    announce_message(message, now=now)


TALKED_ABOUT = frozenset(
    {NeedState.OPEN, NeedState.ANSWERED, NeedState.DECLINED, NeedState.TAKEN_UP}
)


def begin_draft(
    organization_id: int | None,
    project_id: int,
    author_id: int | None,
    text: NeedText,
    *,
    now: datetime,
) -> Need:
    """A draft with the next number of its project; NotFound if there is no such project."""
    # The project's row is the queue for numbers: two drafts at once never get the same one.
    if db.session.get(Project, project_id, with_for_update=True) is None:
        raise NotFound("project")
    last = db.session.scalar(select(func.max(Need.number)).where(Need.project_id == project_id))
    need = Need(
        project_id=project_id,
        number=(last or 0) + 1,
        organization_id=organization_id,
        author_id=author_id,
        state=NeedState.DRAFT,
        created_at=now,
        updated_at=now,
    )
    need.text = text
    db.session.add(need)
    db.session.flush()
    return need


def _require_side(actor: Actor, organization_id: int | None, project_id: int) -> None:
    """Refuse whoever may not write for an organization, or as a contributor to the project."""
    if organization_id is None:
        require(actor, Permission.CONTRIBUTOR_NEED_WRITE, project_id=project_id)
    else:
        require(actor, Permission.ORGANIZATION_NEED_WRITE, organization_id=organization_id)


def _lock_written(actor: Actor, organization_id: int | None, need_id: int) -> Need:
    """A need of the author's side, locked; NotFound for any other, and for whoever may not."""
    if organization_id is not None:
        _require_side(actor, organization_id, 0)
        return lock_own_need(organization_id, need_id)
    need = _lock(
        Need.id == need_id, Need.organization_id.is_(None), Need.author_id == actor.person_id
    )
    _require_side(actor, None, need.project_id)
    return need


def _room(need: Need) -> dict[str, Any]:
    """Whether the author's side may hand in a need at all, and how many it may have pending."""
    if need.organization_id is None:
        pending = count_pending_of(need.author_id, need.project_id, besides=need.id)
        return {"has_stake": True, "pending": pending, "quota": CONTRIBUTOR_NEEDS}
    stake = find_stake(need.organization_id, need.project_id)
    return {
        "has_stake": stake is not None,
        "pending": count_pending(need.organization_id, need.project_id, besides=need.id),
        "quota": quota_of(stake),
    }


def lock_own_need(organization_id: int, need_id: int) -> Need:
    """An organization's need, locked until the transaction ends; NotFound for any other."""
    return _lock(Need.id == need_id, Need.organization_id == organization_id)


def lock_need(project_id: int, number: int) -> Need:
    """A project's need by its number, locked; NotFound if there is none, or it is a draft."""
    return _lock(Need.project_id == project_id, Need.number == number, Need.state.not_in(UNSEEN))


def find_stake(organization_id: int, project_id: int) -> TierVersion | None:
    """The tier snapshot of an organization's sponsorship in good standing, if it has one."""
    return db.session.scalar(
        select(TierVersion)
        .join(Sponsorship, Sponsorship.tier_snapshot_id == TierVersion.id)
        .where(
            Sponsorship.organization_id == organization_id,
            Sponsorship.project_id == project_id,
            Sponsorship.term.in_(GOOD_STANDING),
        )
    )


def quota_of(stake: TierVersion | None) -> int:
    """How many needs may be pending at once: what the tier says, else three."""
    benefits = read_benefits(stake.benefits) if stake else ()
    return next((each.at_once for each in benefits if isinstance(each, Needs)), DEFAULT_QUOTA)


def count_pending(organization_id: int, project_id: int, *, besides: int | None = None) -> int:
    """How many needs of an organization wait for a steward or a maintainer of a project."""
    return (
        db.session.scalar(
            select(func.count(Need.id)).where(
                Need.organization_id == organization_id,
                Need.project_id == project_id,
                Need.state.in_(PENDING),
                Need.id != (besides or 0),
            )
        )
        or 0
    )


def count_pending_of(author_id: int, project_id: int, *, besides: int | None = None) -> int:
    """The same of the needs that a contributor stated as a person."""
    return (
        db.session.scalar(
            select(func.count(Need.id)).where(
                Need.author_id == author_id,
                Need.organization_id.is_(None),
                Need.project_id == project_id,
                Need.state.in_(PENDING),
                Need.id != (besides or 0),
            )
        )
        or 0
    )


def is_trusted(project_id: int, person_id: int | None) -> bool:
    """Whether a person's words to a project skip the screening; never those of the blocked."""
    trust = select(Trust.id).where(
        Trust.project_id == project_id,
        Trust.person_id == person_id,
        Trust.withdrawn_at.is_(None),
        ~is_held(project_id, person_id),
    )
    return db.session.scalar(trust) is not None


def _lock(*criteria: ColumnElement[bool]) -> Need:
    need = db.session.scalar(
        select(Need).where(*criteria).with_for_update().execution_options(populate_existing=True)
    )
    if need is None:
        raise NotFound("need")
    return need


def _check_text(text: NeedText, organization_id: int | None) -> None:
    if not text.need:
        raise Refusal("need.need", "Say what is needed, in one sentence.", field="need")
    if organization_id is None and text.credit is Credit.ORGANIZATION:
        raise Refusal("need.credit", "You speak for no organization here.", field="credit")


def _note(need: Need, action: str, actor: Actor, now: datetime) -> None:
    """Say in the organization's audit list that something happened, not what was written."""
    record_change(
        f"need:text:{action}",
        f"Need {need.number} {action}",
        actor=actor,
        now=now,
        organization_id=need.organization_id,
        details={"need": need.number},
    )
