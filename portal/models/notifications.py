"""How people want to get mail that can be turned off; news on its way to many of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.notifications import Way
from portal.models.proposals import Proposal


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


class ProposalNews(Base):
    """What happened to a proposal, for everybody who took part in it; told a span at a time.

    ``told_to`` is the id of the last person who was told; ``finished_at`` is set when all were.
    ``paragraphs`` and ``action_path`` are those of the mail.
    """

    __tablename__ = "proposal_news"
    shown_publicly = False
    __table_args__ = (
        Index(
            "ix_proposal_news_unfinished",
            "id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    paragraphs: Mapped[str] = mapped_column(Text)
    action_label: Mapped[str] = mapped_column(String(80))
    action_path: Mapped[str] = mapped_column(String(300))
    happened_at: Mapped[datetime] = mapped_column(Instant)
    told_to: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    proposal: Mapped[Proposal] = relationship()
