"""Remind electors who have not voted, at instants that stand in rows, so that none is missed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from portal.database import db
from portal.domain.votes import VoteState, reminder_instants
from portal.models.votes import Vote, VoteReminder
from portal.services.votes.vote_mail import remind_missing


def plan_reminders(vote: Vote, *, now: datetime) -> None:
    """Write down when reminders are due: at the opening, and again when the window is extended."""
    db.session.execute(
        delete(VoteReminder).where(
            VoteReminder.vote_id == vote.id, VoteReminder.settled_at.is_(None)
        )
    )
    settled = set(
        db.session.scalars(select(VoteReminder.due_at).where(VoteReminder.vote_id == vote.id))
    )
    db.session.add_all(
        VoteReminder(vote_id=vote.id, due_at=due_at)
        for due_at in reminder_instants(vote.opens_at, vote.closes_at)
        if due_at > now and due_at not in settled
    )


def find_due_reminders(*, now: datetime) -> list[int]:
    """Ids of votes with a reminder that is due, however long ago that was."""
    return list(
        db.session.scalars(
            select(VoteReminder.vote_id)
            .where(VoteReminder.settled_at.is_(None), VoteReminder.due_at <= now)
            .distinct()
            .order_by(VoteReminder.vote_id)
        )
    )


def remind(vote_id: int, *, site: str, now: datetime) -> bool:
    """Post the reminder that is due to all electors without a ballot; False if there was none.

    Where several are due because a run was missed, one mail does for all of them. After the close
    there is nothing to remind of.
    """
    vote = db.session.scalars(select(Vote).where(Vote.id == vote_id)).one()
    due = db.session.scalars(
        select(VoteReminder)
        .where(
            VoteReminder.vote_id == vote_id,
            VoteReminder.settled_at.is_(None),
            VoteReminder.due_at <= now,
        )
        .order_by(VoteReminder.due_at)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for reminder in due:
        reminder.settled_at = now
    wanted = bool(due) and vote.state is VoteState.OPEN and now < vote.closes_at
    if wanted:
        remind_missing(vote, due[-1].id, site=site, now=now)
    return wanted
