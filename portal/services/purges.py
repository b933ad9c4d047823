"""Forget what is no longer needed: sign-in links that can no longer be used."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.models.identity import SignInLink

# Long enough to tell somebody that a link was used or has expired.
_KEPT = timedelta(days=7)


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
