"""Which forms were sent and taken of late, so that none is taken twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant


class SentForm(Base):
    """What one person sent from one page, by its hash alone, and when it was last taken."""

    __tablename__ = "sent_forms"
    shown_publicly = False

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(Instant, index=True)
