"""Votes, electors, ballots and stored outcomes."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, FractionText, Instant, choices
from portal.domain.charter import House
from portal.domain.votes import Method, VoteState
from portal.models.projects import Project
from portal.models.proposals import Proposal


class Vote(Base):
    """A vote on a proposal, frozen at opening: ``rules`` is what the fingerprint covers.

    ``terms`` holds the question, options, method, window, quorum, threshold, mode and privacy as
    canonical JSON values, ``electorate`` the rest of the rules: it names every elector, so it is
    read only where it is asked for. ``closes_at`` is the close that was frozen, or the one of the
    window's extension.
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
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    fingerprint: Mapped[str] = mapped_column(String(64))
    record_at: Mapped[datetime] = mapped_column(Instant)
    opens_at: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant)
    opened_by: Mapped[str] = mapped_column(String(120))
    # Last in its row: SQLite walks through a long value to reach what stands behind it.
    electorate: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)

    project: Mapped[Project] = relationship()
    proposal: Mapped[Proposal] = relationship()
    electors: Mapped[list[Elector]] = relationship(back_populates="vote")

    @property
    def rules(self) -> dict[str, Any]:
        """All that froze, as ``freeze_rules`` wrote it."""
        return self.terms | {"electorate": self.electorate}


# A proposal may be rewritten after its vote; the rules keep the title that was voted on.
VOTED_TITLE = Vote.terms[("proposal", "title")].as_string()


class WindowExtension(Base):
    """The one extension that a vote's window may have, made before its close (VOTING 3)."""

    __tablename__ = "window_extensions"
    __table_args__ = (
        CheckConstraint("closes_at > closed_before", name="later"),
        CheckConstraint("extended_at < closed_before", name="before_the_close"),
        CheckConstraint("reason <> ''", name="reason_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), unique=True)
    closed_before: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(String(500))
    extended_by: Mapped[str] = mapped_column(String(120))
    extended_at: Mapped[datetime] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id


class VoteProposal(Base):
    """A proposal that a vote is about: the one it was opened from, and others that stand in it.

    ``carried`` says whether the outcome asks for this proposal; None before the tally and without a
    quorum.
    """

    __tablename__ = "vote_proposals"

    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), primary_key=True)
    proposal_id: Mapped[int] = mapped_column(
        ForeignKey("proposals.id"), primary_key=True, index=True
    )
    carried: Mapped[bool | None]

    vote: Mapped[Vote] = relationship()
    proposal: Mapped[Proposal] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id


class Elector(Base):
    """An organization (with its related companies) or a person entitled in one vote.

    ``public_name`` is None where the name may not be shown. ``raw_weight`` is in units, ``weight``
    in integer thousandths, both frozen at the record date. ``banzhaf`` and ``shapley`` are the
    frozen power indices within the house, None in houses too large for them. ``voided_at`` is set
    when the payment behind the ballot was refunded before the close. ``present`` says that the
    elector had voted by the last full hour, never in secret votes.
    """

    __tablename__ = "electors"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("vote_id", "house", "position"),
        Index(
            "ix_electors_present",
            "vote_id",
            "id",
            sqlite_where=text("present"),
            postgresql_where=text("present"),
        ),
    )

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
    present: Mapped[bool] = mapped_column(default=False)

    vote: Mapped[Vote] = relationship(back_populates="electors")
    organizations: Mapped[list[ElectorOrganization]] = relationship()


class HouseTurnout(Base):
    """How many of a house had voted by the last full hour, as pages show it.

    Counted once an hour, so that no page says when somebody voted. Weights are in integer
    thousandths; ``needed`` is what the quorum asks for. ``present_weight`` stays None in secret
    votes, where a weight could tell who it was.
    """

    __tablename__ = "house_turnouts"
    __table_args__ = (UniqueConstraint("vote_id", "house"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    house: Mapped[House] = mapped_column(choices(House))
    electors: Mapped[int]
    weight: Mapped[int] = mapped_column(BigInteger)
    needed: Mapped[int]
    needed_weight: Mapped[int] = mapped_column(BigInteger)
    present: Mapped[int]
    present_weight: Mapped[int | None] = mapped_column(BigInteger)
    counted_to: Mapped[datetime] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id


class VoteReminder(Base):
    """A reminder that electors who have not voted are owed at an instant of the window."""

    __tablename__ = "vote_reminders"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("vote_id", "due_at"),
        Index(
            "ix_vote_reminders_due",
            "due_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
    due_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


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

    ``choice`` is the validated choice of the vote's method, or ``{"recused": true}``; ``conflict``
    states a conflict of interest. All three are sealed until the close. ``nonce`` is what hides
    them in the public record until then; ballots older than the record have none.
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
    conflict: Mapped[str] = mapped_column(String(1000), default="")
    cast_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    cast_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    elector: Mapped[Elector] = relationship()


class VoteClosing(Base):
    """How far the closing of a vote has come: ballots read, then electors told.

    ``told_to`` is the id of the last elector who was told; ``finished_at`` is set when all were.
    """

    __tablename__ = "vote_closings"
    __table_args__ = (
        Index(
            "ix_vote_closings_unfinished",
            "vote_id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), unique=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    ballots: Mapped[int]
    ballots_read: Mapped[int] = mapped_column(default=0)
    told_to: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id


class Outcome(Base):
    """The stored outcome of a vote: counted once at the close, read by every page.

    ``carried`` is None when the quorum was missed; votes over options carry if they choose any.
    ``figures`` and ``roll`` are what domain/stored_figures.py wrote; secret votes have no roll.
    """

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), unique=True)
    carried: Mapped[bool | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    roll: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True
    )
    tallied_at: Mapped[datetime] = mapped_column(Instant)

    vote: Mapped[Vote] = relationship()

    @property
    def project_id(self) -> int:
        """The project whose pages show it."""
        return self.vote.project_id
