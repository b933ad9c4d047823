"""Sponsorships and the events that moved their states."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.documents import BANK
from portal.domain.sponsorship import Collection, Commercial, Publication, Term
from portal.models.organizations import Organization, Picture
from portal.models.projects import Project
from portal.models.tiers import TierVersion

_RUNNING = text("term IN ('pending', 'active', 'grace')")
ON_WALL = text("term IN ('active', 'grace') AND approved_name IS NOT NULL AND NOT is_private")
AMONG_PAST = text("term IN ('lapsed', 'ended') AND approved_name IS NOT NULL AND NOT is_private")


class Sponsorship(Base):
    """One organization's stake in one project, with four separate states (PRODUCT S2).

    The voting state is computed from the others, never stored. ``active_since`` starts the
    seasoning. The approved name, website and picture are what the public sees, also while an edit
    waits for review; whoever rejects or hides a sponsor empties them. ``ends_renewal`` says that
    the processor is still to be told to charge no more.
    """

    __tablename__ = "sponsorships"
    __table_args__ = (
        Index(
            "uq_sponsorships_running",
            "organization_id",
            "project_id",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index("ix_sponsorships_project_term", "project_id", "term"),
        Index(
            "ix_sponsorships_wall",
            "tier_snapshot_id",
            "active_since",
            "id",
            sqlite_where=ON_WALL,
            postgresql_where=ON_WALL,
        ),
        Index(
            "ix_sponsorships_past",
            "project_id",
            "ended_at",
            "id",
            sqlite_where=AMONG_PAST,
            postgresql_where=AMONG_PAST,
        ),
        CheckConstraint(
            "(term = 'pending') = (active_since IS NULL)", name="active_since_with_term"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    tier_snapshot_id: Mapped[int] = mapped_column(ForeignKey("tier_versions.id"), index=True)
    commercial: Mapped[Commercial] = mapped_column(choices(Commercial))
    term: Mapped[Term] = mapped_column(choices(Term))
    publication: Mapped[Publication] = mapped_column(choices(Publication))
    is_private: Mapped[bool] = mapped_column(default=False)
    approved_name: Mapped[str | None] = mapped_column(String(120))
    approved_website: Mapped[str | None] = mapped_column(String(300))
    approved_picture_id: Mapped[int | None] = mapped_column(ForeignKey("pictures.id"), index=True)
    review_note: Mapped[str] = mapped_column(String(300), default="")
    active_since: Mapped[datetime | None] = mapped_column(Instant)
    term_starts_at: Mapped[datetime | None] = mapped_column(Instant)
    term_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    grace_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_at_term_end: Mapped[bool] = mapped_column(default=False)
    processor: Mapped[str] = mapped_column(String(20), default="")
    po_number: Mapped[str] = mapped_column(String(80), default="", server_default="")
    renewal_id: Mapped[str | None] = mapped_column(String(80), unique=True)
    ends_renewal: Mapped[bool] = mapped_column(default=False)
    collection: Mapped[Collection] = mapped_column(choices(Collection), default=Collection.CARD)
    created_at: Mapped[datetime] = mapped_column(Instant)

    organization: Mapped[Organization] = relationship()
    project: Mapped[Project] = relationship()
    tier_snapshot: Mapped[TierVersion] = relationship()
    approved_picture: Mapped[Picture | None] = relationship()

    @property
    def renews(self) -> bool:
        """Whether another term may follow: the processor charges it, or our own invoice does."""
        return self.renewal_id is not None or self.processor == BANK


class SponsorshipEvent(Base):
    """One change of a sponsorship's state: which, from, to, by whom and why."""

    __tablename__ = "sponsorship_events"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    dimension: Mapped[str] = mapped_column(String(20))
    before: Mapped[str] = mapped_column(String(40))
    after: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(300))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Instant)
