"""Organizations, their members and their pictures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import OrganizationRole
from portal.models.identity import Person


class Picture(Base):
    """A re-encoded picture, addressed by the SHA-256 of its bytes."""

    __tablename__ = "pictures"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Organization(Base):
    """A company, or an organization of one person, that can sponsor projects.

    ``parent_id`` holds once the parent's owner has agreed; until then ``parent_asked_id`` does.
    """

    __tablename__ = "organizations"
    shown_when_new = False

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[OrganizationKind] = mapped_column(choices(OrganizationKind))
    name: Mapped[str] = mapped_column(String(120))
    legal_name: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    tax_id: Mapped[str] = mapped_column(String(40), default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    about: Mapped[str] = mapped_column(String(600), default="")
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("pictures.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    parent_asked_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    processor_payer_id: Mapped[str | None] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)

    picture: Mapped[Picture | None] = relationship()
    parent: Mapped[Organization | None] = relationship(remote_side=[id], foreign_keys=[parent_id])
    parent_asked: Mapped[Organization | None] = relationship(
        remote_side=[id], foreign_keys=[parent_asked_id]
    )
    memberships: Mapped[list[Membership]] = relationship(back_populates="organization")


class Membership(Base):
    """One role of one person in one organization; representative and deputy are held once."""

    __tablename__ = "memberships"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("organization_id", "person_id", "role"),
        Index(
            "uq_memberships_seat",
            "organization_id",
            "role",
            unique=True,
            sqlite_where=text("role IN ('representative', 'deputy')"),
            postgresql_where=text("role IN ('representative', 'deputy')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[OrganizationRole] = mapped_column(choices(OrganizationRole))
    since: Mapped[datetime] = mapped_column(Instant)

    organization: Mapped[Organization] = relationship(back_populates="memberships")
    person: Mapped[Person] = relationship()
