"""Decision records, roadmap items and their updates."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.decisions import DecisionKind, ReviewFinding, RoadmapOwner, RoadmapState
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.votes import Vote


class DecisionRecord(Base):
    """What the maintainers decided on a proposal after a closed vote, and why.

    ``follows`` is derived from outcome and kind; None where there was no outcome to follow.
    ``vetoed`` marks a departure from a binding vote.
    """

    __tablename__ = "decision_records"
    __table_args__ = (
        UniqueConstraint("vote_id", "proposal_id"),
        CheckConstraint("reasons <> ''", name="reasons_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    kind: Mapped[DecisionKind] = mapped_column(choices(DecisionKind))
    follows: Mapped[bool | None]
    vetoed: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[str] = mapped_column(Text)
    responsible: Mapped[str] = mapped_column(String(120))
    review_on: Mapped[date]
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()
    proposal: Mapped[Proposal] = relationship()
    reviews: Mapped[list[DecisionReview]] = relationship(
        back_populates="decision", order_by="DecisionReview.id.desc()"
    )

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id


class DecisionReview(Base):
    """A dated look back at a decision, beside it for good; the decision is never rewritten.

    ``next_review_on`` None ends the reviews.
    """

    __tablename__ = "decision_reviews"
    __table_args__ = (CheckConstraint("text <> ''", name="text_given"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision_records.id"), index=True)
    finding: Mapped[ReviewFinding] = mapped_column(choices(ReviewFinding))
    text: Mapped[str] = mapped_column(Text)
    next_review_on: Mapped[date | None]
    reviewed_by: Mapped[str] = mapped_column(String(120))
    reviewed_at: Mapped[datetime] = mapped_column(Instant)

    decision: Mapped[DecisionRecord] = relationship(back_populates="reviews")

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.decision.project_id


class RoadmapItem(Base):
    """An accepted proposal on its way to shipped.

    ``owner`` credits somebody who is no maintainer, as they wish to be named; empty for roles.
    """

    __tablename__ = "roadmap_items"
    __table_args__ = (Index("ix_roadmap_items_project_state", "project_id", "state", "changed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), unique=True)
    state: Mapped[RoadmapState] = mapped_column(choices(RoadmapState))
    owner_role: Mapped[RoadmapOwner] = mapped_column(
        choices(RoadmapOwner), default=RoadmapOwner.MAINTAINERS
    )
    owner: Mapped[str] = mapped_column(String(120), default="")
    shipped_url: Mapped[str] = mapped_column(String(300), default="")
    changed_at: Mapped[datetime] = mapped_column(Instant)

    project: Mapped[Project] = relationship()
    proposal: Mapped[Proposal] = relationship()
    updates: Mapped[list[RoadmapUpdate]] = relationship(
        back_populates="item", order_by="RoadmapUpdate.id.desc()"
    )


class RoadmapUpdate(Base):
    """A progress note on a roadmap item."""

    __tablename__ = "roadmap_updates"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("roadmap_items.id"), index=True)
    text: Mapped[str] = mapped_column(String(1000))
    author: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Instant)

    item: Mapped[RoadmapItem] = relationship(back_populates="updates")

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.item.project_id
