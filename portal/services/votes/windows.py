"""Extend a vote's window: once, before the close, for everybody to see."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.votes import check_extension, extension_obstacles
from portal.models.votes import Vote, WindowExtension
from portal.services.audit import record_change
from portal.services.record.vote_log import log_extended
from portal.services.votes.reminders import plan_reminders
from portal.services.votes.vote_mail import instant_text, tell_extended


def extend_window(
    actor: Actor,
    project_id: int,
    vote_id: int,
    *,
    closes_at: datetime,
    seen_close: datetime,
    reason: str,
    site: str,
    now: datetime,
) -> None:
    """Move the close of an open vote to a later instant; everything else stays frozen.

    ``seen_close`` is the close that the preview showed. Refuses whoever may not open votes, a vote
    that was extended before or is past its close, a close that is not later or more than 90 days
    after the opening, a missing reason, and with Conflict a close that changed since the preview.
    """
    require(actor, Permission.PROJECT_VOTE_OPEN, project_id=project_id)
    # Exclusive, as the close: casts under way are in, later ones read the new close.
    vote = db.session.scalar(
        select(Vote)
        .where(Vote.id == vote_id, Vote.project_id == project_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if vote is None:
        raise NotFound("vote")
    extended_at = db.session.scalar(
        select(WindowExtension.extended_at).where(WindowExtension.vote_id == vote_id)
    )
    for obstacle in extension_obstacles(
        vote.state, vote.closes_at, extended_at=extended_at, now=now
    ):
        raise Refusal(obstacle.code, obstacle.message)
    if vote.closes_at != seen_close:
        raise Conflict("vote.window_changed", "The close changed while you read the preview.")
    check_extension(vote.opens_at, vote.closes_at, closes_at)
    if not reason:
        raise Refusal("vote.extension_reason", "Say why: the reason is published.", field="reason")
    db.session.add(
        WindowExtension(
            vote=vote,
            vote_id=vote_id,
            closed_before=vote.closes_at,
            closes_at=closes_at,
            reason=reason,
            extended_by=actor.name,
            extended_at=now,
        )
    )
    before, vote.closes_at = vote.closes_at, closes_at
    db.session.flush()
    record_change(
        "vote:window:extended",
        f"Window extended to {instant_text(closes_at)}: {vote.question}",
        actor=actor,
        now=now,
        project_id=project_id,
        details={"vote": vote_id, "from": before.isoformat(), "to": closes_at.isoformat()},
    )
    log_extended(vote, before, reason, now=now)
    plan_reminders(vote, now=now)
    tell_extended(vote, before, reason, site=site, now=now)
