"""Changes of running sponsorships, and the reminders of their terms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.changes import ChangeKind, ChangeState
from portal.domain.term_reminders import ReminderKind
from portal.models.billing import Payment
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion

_LIVE = text("state IN ('asked', 'waiting', 'scheduled')")
_TO_COME = text("sent_at IS NULL AND moot_at IS NULL")


class SponsorshipChange(Base):
    """A move of a sponsorship to another tier, or to a new price; at most one is on its way.

    ``effective_at`` is when the new tier holds: for an upgrade the beginning of the day it was
    asked on, else the end of a term. ``due_minor`` is the difference an upgrade costs, 0 otherwise;
    ``payment`` is what paid it.
    """

    __tablename__ = "sponsorship_changes"
    shown_publicly = False
    __table_args__ = (
        Index(
            "uq_sponsorship_changes_live",
            "sponsorship_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        CheckConstraint("due_minor >= 0", name="due_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    before_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"))
    after_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    kind: Mapped[ChangeKind] = mapped_column(choices(ChangeKind))
    state: Mapped[ChangeState] = mapped_column(choices(ChangeState))
    effective_at: Mapped[datetime] = mapped_column(Instant)
    due_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    processor_invoice_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    pay_url: Mapped[str] = mapped_column(String(2000), default="")
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), unique=True)
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str] = mapped_column(String(300), default="")

    sponsorship: Mapped[Sponsorship] = relationship()
    before: Mapped[TierVersion] = relationship(foreign_keys=[before_id])
    after: Mapped[TierVersion] = relationship(foreign_keys=[after_id])
    payment: Mapped[Payment | None] = relationship()


class TermReminder(Base):
    """One reminder of one term, planned when the term is known, so that a late run loses none.

    ``occasion_at`` is the end of the term, or the instant from which a payment failed.
    """

    __tablename__ = "term_reminders"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("sponsorship_id", "kind", "occasion_at", "days"),
        Index("ix_term_reminders_due", "due_at", sqlite_where=_TO_COME, postgresql_where=_TO_COME),
        CheckConstraint("sent_at IS NULL OR moot_at IS NULL", name="sent_or_moot"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"))
    kind: Mapped[ReminderKind] = mapped_column(choices(ReminderKind))
    occasion_at: Mapped[datetime] = mapped_column(Instant)
    days: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    moot_at: Mapped[datetime | None] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()
