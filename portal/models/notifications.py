"""How people want to get mail that can be turned off."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, Instant, choices
from portal.domain.notifications import Way


class MailChoice(Base):
    """One person's way of getting one kind of mail; without a row the default holds.

    ``before`` is what held when a link in a mail stopped it, for taking that back; it is empty
    where the person chose on the account page.
    """

    __tablename__ = "mail_choices"
    shown_publicly = False

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    way: Mapped[Way] = mapped_column(choices(Way))
    before: Mapped[str] = mapped_column(String(40), default="")
    changed_at: Mapped[datetime] = mapped_column(Instant)
