"""Reminders of a term: planned as rows with a due date, sent when due, dropped when moot (S5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select, update

from portal.database import db
from portal.domain.sponsorship import GOOD_STANDING, Term
from portal.domain.term_reminders import ReminderKind, ending_reminders, failing_reminders
from portal.models.changes import TermReminder
from portal.models.sponsorship import Sponsorship
from portal.services.sponsorship.sponsorship_mail import mail_failing, mail_term_end


def plan_reminders(
    sponsorship: Sponsorship,
    *,
    now: datetime,
    failed_at: datetime | None = None,
    late: bool = False,
) -> None:
    """Plan the reminders of a term that has begun, and drop those of terms before it.

    ``failed_at`` is the day on which a missed payment was due. Planning twice changes nothing.
    ``late`` says that the term began before anybody planned: what was due by now is then noted as
    moot, so that nobody is flooded.
    """
    starts_at, ends_at = sponsorship.term_starts_at, sponsorship.term_ends_at
    if starts_at is None or ends_at is None:
        return
    drop_reminders(sponsorship, now=now, besides=ends_at)
    planned = [(ReminderKind.ENDING, *each) for each in ending_reminders(starts_at, ends_at)]
    if failed_at is not None and sponsorship.grace_ends_at is not None:
        grace = failing_reminders(failed_at, sponsorship.grace_ends_at)
        planned += [(ReminderKind.FAILING, *each) for each in grace]
    known = db.session.execute(
        select(TermReminder.kind, TermReminder.days).where(
            TermReminder.sponsorship_id == sponsorship.id, TermReminder.occasion_at == ends_at
        )
    ).all()
    for kind, days, due_at in planned:
        if (kind, days) not in {(row.kind, row.days) for row in known}:
            db.session.add(
                TermReminder(
                    sponsorship_id=sponsorship.id,
                    kind=kind,
                    occasion_at=ends_at,
                    days=days,
                    due_at=due_at,
                    moot_at=now if late and due_at <= now else None,
                )
            )


def drop_reminders(
    sponsorship: Sponsorship, *, now: datetime, besides: datetime | None = None
) -> None:
    """What was not sent yet has become moot: the term was renewed, or it is over."""
    others = [TermReminder.occasion_at != besides] if besides is not None else []
    db.session.flush()
    db.session.execute(
        update(TermReminder)
        .where(
            TermReminder.sponsorship_id == sponsorship.id,
            TermReminder.sent_at.is_(None),
            TermReminder.moot_at.is_(None),
            *others,
        )
        .values(moot_at=now)
        .execution_options(synchronize_session="fetch")
    )


def find_unplanned(*, limit: int = 200) -> list[int]:
    """Sponsorships whose running term has no reminders yet, whichever way it began."""
    return list(
        db.session.scalars(
            select(Sponsorship.id)
            .where(
                Sponsorship.term.in_(GOOD_STANDING),
                Sponsorship.term_ends_at.is_not(None),
                ~exists().where(
                    TermReminder.sponsorship_id == Sponsorship.id,
                    TermReminder.occasion_at == Sponsorship.term_ends_at,
                ),
            )
            .order_by(Sponsorship.id)
            .limit(limit)
        )
    )


def plan_late(sponsorship_id: int, *, now: datetime) -> None:
    """Plan what nobody planned when the term began."""
    plan_reminders(db.session.get_one(Sponsorship, sponsorship_id), now=now, late=True)


def find_due_reminders(*, now: datetime, limit: int = 200) -> list[int]:
    """Reminders to send now, the oldest first, however late the run is."""
    return list(
        db.session.scalars(
            select(TermReminder.id)
            .where(
                TermReminder.due_at <= now,
                TermReminder.sent_at.is_(None),
                TermReminder.moot_at.is_(None),
            )
            .order_by(TermReminder.due_at, TermReminder.id)
            .limit(limit)
        )
    )


def send_reminder(reminder_id: int, *, site: str, now: datetime) -> None:
    """Send one reminder, once; or note that it has become moot."""
    row = db.session.get(
        TermReminder, reminder_id, with_for_update={"skip_locked": True}, populate_existing=True
    )
    if row is None or row.sent_at is not None or row.moot_at is not None:
        return
    sponsorship = row.sponsorship
    concerned = Term.GRACE if row.kind is ReminderKind.FAILING else Term.ACTIVE
    over = row.kind is ReminderKind.ENDING and row.occasion_at <= now
    if sponsorship.term is not concerned or sponsorship.term_ends_at != row.occasion_at or over:
        row.moot_at = now
        return
    row.sent_at = now
    if row.kind is ReminderKind.FAILING:
        mail_failing(sponsorship, row.days, site=site, now=now)
    else:
        mail_term_end(sponsorship, row.days, site=site, now=now)
