"""Invitations by e-mail to a role in an organization or a project."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant
from portal.models.organizations import Organization
from portal.models.projects import Project


class Invitation(Base):
    """One role offered to one e-mail address; the token is stored as its SHA-256 only.

    ``role`` is an OrganizationRole or a ProjectRole, as the target says, or ``contributor``, who is
    invited for their ``work``.
    """

    __tablename__ = "invitations"
    shown_publicly = False
    __table_args__ = (
        CheckConstraint(
            "(organization_id IS NULL) <> (project_id IS NULL)", name="exactly_one_target"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(254), index=True)
    role: Mapped[str] = mapped_column(String(40))
    work: Mapped[str] = mapped_column(String(200), default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str] = mapped_column(String(120))
    invited_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)

    organization: Mapped[Organization | None] = relationship()
    project: Mapped[Project | None] = relationship()
