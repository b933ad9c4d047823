"""The outbox: mail is a row in the transaction that caused it, delivered after commit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant


class OutboxMessage(Base):
    """One mail to send; ``dedupe_key`` makes the same occasion send once.

    ``kind`` is a MailKind, empty in old rows. Mail that can be turned off names whose it is. With
    ``in_digest`` it is never sent by itself: from ``due_at`` on it is put into a digest, which is
    a message of its own, named by ``digest_id``; ``sent_at`` then says when it was put there.
    ``about_id`` is the person whose doing the mail tells of, if somebody might have blocked them.
    Ninety days after it was sent, words and people are emptied, and the key stays.
    """

    __tablename__ = "outbox_messages"
    shown_publicly = False
    __table_args__ = (
        Index("ix_outbox_messages_due", "sent_at", "due_at"),
        Index(
            "ix_outbox_messages_collected",
            "due_at",
            "person_id",
            sqlite_where=text("in_digest AND sent_at IS NULL"),
            postgresql_where=text("in_digest AND sent_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    paragraphs: Mapped[str] = mapped_column(Text)
    action_label: Mapped[str] = mapped_column(String(80), default="")
    action_url: Mapped[str] = mapped_column(String(2000), default="")
    why: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(300), default="")
    kind: Mapped[str] = mapped_column(String(40), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    in_digest: Mapped[bool] = mapped_column(default=False)
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id"), index=True)
