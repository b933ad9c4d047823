"""Refunds, and payments that a payer's bank disputes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.money_back import DisputeStanding, RefundStanding
from portal.models.billing import Payment
from portal.models.sponsorship import Sponsorship


class Refund(Base):
    """Money of one payment on its way back; ``asked`` is committed before the call out."""

    __tablename__ = "refunds"
    shown_publicly = False
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[RefundStanding] = mapped_column(choices(RefundStanding), index=True)
    reason: Mapped[str] = mapped_column(String(300))
    processor_refund_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str] = mapped_column(String(300), default="")

    payment: Mapped[Payment] = relationship()


class Dispute(Base):
    """A payment that the payer's bank questions; while it is open, its sponsor has no weight."""

    __tablename__ = "disputes"
    __table_args__ = (Index("ix_disputes_sponsorship", "sponsorship_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    processor_dispute_id: Mapped[str] = mapped_column(String(120), unique=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    fee_minor: Mapped[int] = mapped_column(default=0)
    state: Mapped[DisputeStanding] = mapped_column(choices(DisputeStanding))
    reason: Mapped[str] = mapped_column(String(120), default="")
    opened_at: Mapped[datetime] = mapped_column(Instant)
    answer_until: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()
    payment: Mapped[Payment] = relationship()
