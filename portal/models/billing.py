"""Checkouts, payments and the inbox of processor events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion


class CheckoutStatus(StrEnum):
    """Where our side of a checkout stands; ``started`` is committed before the call out."""

    STARTED = "started"
    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"
    MISMATCHED = "mismatched"


class Checkout(Base):
    """One attempt to buy a tier on the processor's hosted page; at most one is live."""

    __tablename__ = "checkouts"
    shown_publicly = False
    __table_args__ = (
        Index(
            "uq_checkouts_live",
            "sponsorship_id",
            unique=True,
            sqlite_where=text("status IN ('started', 'open')"),
            postgresql_where=text("status IN ('started', 'open')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    tier_snapshot_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"))
    status: Mapped[CheckoutStatus] = mapped_column(choices(CheckoutStatus))
    processor_checkout_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    url: Mapped[str] = mapped_column(String(2000), default="")
    problem: Mapped[str] = mapped_column(String(300), default="")
    started_by: Mapped[str] = mapped_column(String(120))
    payer_email: Mapped[str] = mapped_column(String(254))
    started_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()
    tier_snapshot: Mapped[TierVersion] = relationship()


class Payment(Base):
    """Money received for a term of a sponsorship; unique by the processor's id."""

    __tablename__ = "payments"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("processor", "processor_payment_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    tier_snapshot_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"))
    term_starts_at: Mapped[datetime] = mapped_column(Instant)
    term_ends_at: Mapped[datetime] = mapped_column(Instant)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    processor: Mapped[str] = mapped_column(String(20))
    processor_payment_id: Mapped[str] = mapped_column(String(120))
    receipt_url: Mapped[str] = mapped_column(String(2000), default="")
    paid_at: Mapped[datetime] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()
    tier_snapshot: Mapped[TierVersion] = relationship()


class ProcessorEvent(Base):
    """An event from a processor, stored before it is handled; a replay finds its row."""

    __tablename__ = "processor_events"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(80))
    references: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    received_at: Mapped[datetime] = mapped_column(Instant)
    handled_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(String(300), default="")
