"""The outbox: mail is a row in the transaction that caused it, delivered after commit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant


class OutboxMessage(Base):
    """One mail to send; ``dedupe_key`` makes the same occasion send once."""

    __tablename__ = "outbox_messages"
    shown_publicly = False
    __table_args__ = (Index("ix_outbox_messages_due", "sent_at", "due_at"),)

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
