"""Tiers and their versions; a version is what was bought, the tier snapshot."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.money import Money
from portal.domain.tiers import Audience, Interval, TierTerms, read_benefits
from portal.models.projects import Project


class Tier(Base):
    """Something a project sells; what it is stands in its versions."""

    __tablename__ = "tiers"
    __table_args__ = (UniqueConstraint("project_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    slug: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    archived_at: Mapped[datetime | None] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
    versions: Mapped[list[TierVersion]] = relationship(
        back_populates="tier", order_by="TierVersion.number"
    )


class TierVersion(Base):
    """One immutable version of a tier: price, weight, benefits and terms (PRODUCT S1).

    ``voting_weight`` is a whole number of units; ``benefits`` is a list of typed entitlements.
    """

    __tablename__ = "tier_versions"
    __table_args__ = (
        UniqueConstraint("tier_id", "number"),
        CheckConstraint("price_minor > 0", name="price_positive"),
        CheckConstraint("voting_weight >= 0", name="weight_not_negative"),
        CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tier_id: Mapped[int] = mapped_column(ForeignKey("tiers.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(600), default="")
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    interval: Mapped[Interval] = mapped_column(choices(Interval))
    voting_weight: Mapped[int]
    audience: Mapped[Audience] = mapped_column(choices(Audience))
    capacity: Mapped[int | None]
    sold_from: Mapped[date | None]
    sold_until: Mapped[date | None]
    benefits: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(Instant)

    tier: Mapped[Tier] = relationship(back_populates="versions")

    @property
    def terms(self) -> TierTerms:
        """What this version sells, as the rule book takes it."""
        return TierTerms(
            name=self.name,
            description=self.description,
            price=Money(self.price_minor, self.currency),
            interval=self.interval,
            voting_weight=self.voting_weight,
            audience=self.audience,
            capacity=self.capacity,
            sold_from=self.sold_from,
            sold_until=self.sold_until,
            benefits=read_benefits(self.benefits),
        )
