"""Forget what is no longer needed: sign-in links, hashes of forms, mail long sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import aliased

from portal.database import db
from portal.models.identity import SignInLink
from portal.models.outbox import OutboxMessage
from portal.models.sent_forms import SentForm
from portal.services.sent_forms import REMEMBERED

# Long enough to tell somebody that a link was used or has expired.
_KEPT = timedelta(days=7)
# Long enough to see what somebody says that they got, or did not get.
_MAIL_KEPT = timedelta(days=90)


def find_old_links(*, now: datetime, limit: int = 500) -> list[int]:
    """Ids of sign-in links that expired more than a week ago."""
    return list(
        db.session.scalars(
            select(SignInLink.id)
            .where(SignInLink.expires_at <= now - _KEPT)
            .order_by(SignInLink.id)
            .limit(limit)
        )
    )


def forget_link(link_id: int, *, now: datetime) -> None:
    """Delete one sign-in link if it is old enough; else nothing."""
    link = db.session.get(SignInLink, link_id, with_for_update={"skip_locked": True})
    if link is not None and link.expires_at <= now - _KEPT:
        db.session.delete(link)


def forget_forms(*, now: datetime) -> None:
    """Delete the hashes of forms that were sent too long ago to be refused a second time."""
    db.session.execute(delete(SentForm).where(SentForm.sent_at <= now - REMEMBERED))


def find_old_mail(*, now: datetime, limit: int = 500) -> list[int]:
    """Ids of mail that was sent at least 90 days ago and still has its words.

    What stands in a digest counts as sent with the digest, not when it was put there.
    """
    digest = aliased(OutboxMessage)
    return list(
        db.session.scalars(
            select(OutboxMessage.id)
            .outerjoin(digest, digest.id == OutboxMessage.digest_id)
            .where(
                OutboxMessage.sent_at <= now - _MAIL_KEPT,
                or_(OutboxMessage.digest_id.is_(None), digest.sent_at <= now - _MAIL_KEPT),
                OutboxMessage.recipient != "",
            )
            .order_by(OutboxMessage.id)
            .limit(limit)
        )
    )


def forget_mail(message_ids: list[int], *, now: datetime) -> None:
    """Delete the words of sent mail, to whom it went and about whom it was, if it is old enough.

    The bare row stays, so that the occasion of the mail is never posted a second time.
    """
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(message_ids), OutboxMessage.sent_at <= now - _MAIL_KEPT)
        .values(
            recipient="", subject="", paragraphs="", action_label="", action_url="", why="",
            problem="", person_id=None, about_id=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
