"""Votes, electors, ballots and stored outcomes."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, FractionText, Instant, choices
from portal.domain.charter import House
from portal.domain.votes import Method, VoteState
from portal.models.projects import Project
from portal.models.proposals import Proposal


class Vote(Base):
    """A vote on a proposal, frozen at opening: ``rules`` is what the fingerprint covers.

    ``rules`` holds the question, options, method, window, quorum, threshold, mode, privacy and
    the electorate as canonical JSON values.
    """

    __tablename__ = "votes"
    __table_args__ = (
        Index(
            "uq_votes_open",
            "proposal_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_votes_state_closes_at", "state", "closes_at"),
        Index("ix_votes_project_closes_at", "project_id", "closes_at"),
        CheckConstraint("closes_at > opens_at", name="window"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), index=True)
    question: Mapped[str] = mapped_column(String(300))
    method: Mapped[Method] = mapped_column(choices(Method))
    state: Mapped[VoteState] = mapped_column(choices(VoteState))
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    fingerprint: Mapped[str] = mapped_column(String(64))
    record_at: Mapped[datetime] = mapped_column(Instant)
    opens_at: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant)
    opened_by: Mapped[str] = mapped_column(String(120))

    project: Mapped[Project] = relationship()
    proposal: Mapped[Proposal] = relationship()
    electors: Mapped[list[Elector]] = relationship(back_populates="vote")


class Elector(Base):
    """An organization (with its related companies) or a person entitled in one vote.

    ``public_name`` is None where the name may not be shown. ``raw_weight`` is in units, ``weight``
    in integer thousandths, both frozen at the record date. ``banzhaf`` and ``shapley`` are the
    frozen power indices within the house, None in houses too large for them. ``voided_at`` is set
    when the payment behind the ballot was refunded before the close.
    """

    __tablename__ = "electors"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("vote_id", "house", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    house: Mapped[House] = mapped_column(choices(House))
    position: Mapped[int]
    public_name: Mapped[str | None] = mapped_column(String(120))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    raw_weight: Mapped[Fraction] = mapped_column(FractionText)
    weight: Mapped[int]
    banzhaf: Mapped[str | None] = mapped_column(String(2000))
    shapley: Mapped[str | None] = mapped_column(String(2000))
    voided_at: Mapped[datetime | None] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship(back_populates="electors")
    organizations: Mapped[list[ElectorOrganization]] = relationship()


class ElectorOrganization(Base):
    """Which organizations an elector speaks for: one elector per organization and vote."""

    __tablename__ = "elector_organizations"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("vote_id", "organization_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    elector_id: Mapped[int] = mapped_column(ForeignKey("electors.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"), index=True)


class Ballot(Base):
    """What an elector said; superseded ballots are kept, one is current.

    ``choice`` is the validated choice of the vote's method, or ``{"recused": true}``.
    """

    __tablename__ = "ballots"
    shown_publicly = False
    __table_args__ = (
        Index(
            "uq_ballots_current",
            "elector_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_ballots_vote_current", "vote_id", "superseded_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    elector_id: Mapped[int] = mapped_column(ForeignKey("electors.id"), index=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    choice: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(1000), default="")
    cast_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    cast_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)

    elector: Mapped[Elector] = relationship()


class Outcome(Base):
    """The stored outcome of a vote: counted once at the close, read by every page.

    ``carried`` is None when the quorum was missed; ``figures`` is what domain/outcomes.py wrote.
    """

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), unique=True)
    carried: Mapped[bool | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    tallied_at: Mapped[datetime] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id
