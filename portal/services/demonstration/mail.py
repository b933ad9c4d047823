"""The demonstration's mail: what is news for a persona goes out, the rest belongs to the past."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.models.notifications import ProposalNews
from portal.models.outbox import OutboxMessage
from portal.services.votes.news import tell_some

_RECENT = timedelta(days=7)


def hold_back_mail(*, now: datetime) -> None:
    """Only what is news for a persona goes out; the rest counts as delivered at its time.

    Of the personas' news some waits for their next digest.
    """
    for news in db.session.scalars(select(ProposalNews).order_by(ProposalNews.id)).all():
        while tell_some(news.id, now=news.happened_at):
            pass
    db.session.flush()
    recent = now - _RECENT
    for message in db.session.scalars(select(OutboxMessage)):
        news_for_persona = message.created_at >= recent and message.recipient.endswith(
            "@personas.example"
        )
        if not news_for_persona:
            message.sent_at = message.created_at
