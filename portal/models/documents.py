"""Sellers, agreements, documents with their standings, and what settles them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Instant, choices
from portal.domain.documents import DocumentKind, DocumentState
from portal.domain.sellers import Seller
from portal.domain.tax import Treatment
from portal.models.billing import Payment
from portal.models.guards import keep_as_written
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship


class SellerRow(Base):
    """What a project says about itself on documents to come."""

    __tablename__ = "sellers"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), unique=True)
    legal_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(500))
    country: Mapped[str] = mapped_column(String(2))
    tax_id: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    account_holder: Mapped[str] = mapped_column(String(200), default="")
    iban: Mapped[str] = mapped_column(String(34), default="")
    bic: Mapped[str] = mapped_column(String(11), default="")
    bank_note: Mapped[str] = mapped_column(String(300), default="")
    charges_tax: Mapped[bool] = mapped_column(default=False)
    tax_name: Mapped[str] = mapped_column(String(20), default="VAT")
    tax_rate: Mapped[int] = mapped_column(default=0)
    prefix: Mapped[str] = mapped_column(String(8))
    net_days: Mapped[int] = mapped_column(default=30)

    @property
    def seller(self) -> Seller:
        """The seller as the rule book takes it."""
        return Seller(**{key: getattr(self, key) for key in Seller.__slots__})


class AgreementVersion(Base):
    """One version of the terms that a buyer accepts; the newest is offered."""

    __tablename__ = "agreement_versions"
    shown_publicly = False
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(String(120))
    written_at: Mapped[datetime] = mapped_column(Instant)


class NumberSeries(Base):
    """The last number given in a project's series; it moves in the transaction that uses it."""

    __tablename__ = "number_series"
    shown_publicly = False

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    kind: Mapped[DocumentKind] = mapped_column(choices(DocumentKind), primary_key=True)
    last_number: Mapped[int]


class Document(Base):
    """A document as it was issued; it never changes, and the database refuses any attempt.

    ``snapshot`` holds seller, buyer, lines and terms as they were. ``follows_id`` leads from an
    invoice to its quote, from a credit note or receipt to its invoice. ``occasion`` makes one
    occasion issue one document.
    """

    __tablename__ = "documents"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "series_number"),
        UniqueConstraint("project_id", "number"),
        CheckConstraint("total_minor > 0", name="total_positive"),
        CheckConstraint("net_minor + tax_minor = total_minor", name="sums"),
        CheckConstraint("kind IN ('quote', 'invoice') OR follows_id IS NOT NULL", name="follows"),
        Index("ix_documents_organization", "organization_id", "id"),
        Index("ix_documents_project_kind", "project_id", "kind", "issued_on"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    occasion: Mapped[str] = mapped_column(String(120), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorships.id"), index=True)
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"), index=True)
    kind: Mapped[DocumentKind] = mapped_column(choices(DocumentKind))
    series_number: Mapped[int]
    number: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[datetime] = mapped_column(Instant)
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(String(3))
    net_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[int]
    treatment: Mapped[Treatment] = mapped_column(choices(Treatment))
    po_number: Mapped[str] = mapped_column(String(80), default="")
    payment_reference: Mapped[str] = mapped_column(String(25), default="", index=True)
    term_starts_at: Mapped[datetime | None] = mapped_column(Instant)
    term_ends_at: Mapped[datetime | None] = mapped_column(Instant)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)

    project: Mapped[Project] = relationship()
    organization: Mapped[Organization] = relationship()
    sponsorship: Mapped[Sponsorship] = relationship()
    follows: Mapped[Document | None] = relationship(remote_side=[id])
    standing: Mapped[DocumentStanding] = relationship(back_populates="document")


class DocumentStanding(Base):
    """Where a document stands now: its state, and what of an invoice is still open."""

    __tablename__ = "document_standings"
    shown_publicly = False
    __table_args__ = (
        CheckConstraint("open_minor >= 0", name="open_not_negative"),
        Index("ix_document_standings_open", "due_on",
              sqlite_where=text("open_minor > 0"), postgresql_where=text("open_minor > 0")),
    )  # fmt: skip

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    state: Mapped[DocumentState] = mapped_column(choices(DocumentState))
    open_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    due_on: Mapped[date | None]
    hosted_url: Mapped[str] = mapped_column(String(2000), default="")
    processor_invoice_id: Mapped[str | None] = mapped_column(String(120), unique=True)

    document: Mapped[Document] = relationship(back_populates="standing")


class AgreementAcceptance(Base):
    """Who accepted which version of the terms, with which quote, and when."""

    __tablename__ = "agreement_acceptances"
    shown_publicly = False

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_version_id: Mapped[int] = mapped_column(ForeignKey("agreement_versions.id"))
    quote_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    person_name: Mapped[str] = mapped_column(String(120))
    accepted_at: Mapped[datetime] = mapped_column(Instant)

    agreement: Mapped[AgreementVersion] = relationship()


class Settlement(Base):
    """A part of an invoice that was settled: by a payment, a credit note, or else by credit."""

    __tablename__ = "settlements"
    shown_publicly = False
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), index=True)
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"), index=True)
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Instant)

    payment: Mapped[Payment | None] = relationship()


class InvoiceReminder(Base):
    """A reminder of an invoice, due on a day, so that a missed run loses none."""

    __tablename__ = "invoice_reminders"
    shown_publicly = False
    __table_args__ = (
        UniqueConstraint("invoice_id", "remind_on"),
        Index("ix_invoice_reminders_due", "remind_on",
              sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    remind_on: Mapped[date]
    sent_at: Mapped[datetime | None] = mapped_column(Instant)

    invoice: Mapped[Document] = relationship()


for _kept in (Document, AgreementVersion, AgreementAcceptance, Settlement):
    if isinstance(_kept.__table__, Table):
        keep_as_written(_kept.__table__)


def next_invoice(sponsorship: Sponsorship) -> Select[int]:
    """Finds the ids of our own invoices that stand for the term after the one that runs."""
    return (
        select(Document.id)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(
            Document.sponsorship_id == sponsorship.id,
            Document.kind == DocumentKind.INVOICE,
            Document.term_starts_at == sponsorship.term_ends_at,
            DocumentStanding.state != DocumentState.CREDITED,
        )
    )
