"""What the page and the file of a document show; and an organization's list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.documents import OPEN_STATES, DocumentKind, DocumentState
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.sellers import Seller
from portal.domain.tax import Treatment
from portal.domain.tiers import Interval
from portal.models.documents import (
    AgreementAcceptance,
    AgreementVersion,
    Document,
    DocumentStanding,
    Settlement,
)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One position; ``amount`` contains the tax."""

    text: str
    quantity: int
    amount: Money


@dataclass(frozen=True, slots=True)
class BuyerShown:
    """The buyer as the document names it."""

    legal_name: str
    address: str
    country: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A document exactly as it was issued: everything its page and its file say."""

    kind: DocumentKind
    number: str
    language: str
    issued_at: datetime
    issued_on: date
    due_on: date | None
    seller: Seller
    buyer: BuyerShown
    project: str
    lines: tuple[SoldLine, ...]
    net: Money
    tax: Money
    total: Money
    tax_rate: int
    treatment: Treatment
    po_number: str
    payment_reference: str
    term_starts_at: datetime | None
    term_ends_at: datetime | None
    follows: str
    notes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in a list."""

    reference: str
    kind: DocumentKind
    number: str
    issued_on: date
    due_on: date | None
    total: Money
    open: Money
    state: str
    project: str
    project_slug: str
    organization: str
    organization_slug: str
    pay_url: str = ""


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A part of an invoice that was settled: when, how much, by what."""

    at: datetime
    amount: Money
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which version of the agreement was accepted, by whom and when."""

    number: int
    text: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A document with where it stands now, and what belongs to it.

    ``agreement`` is what a waiting quote would have to accept: its number and text, or None.
    """

    issued: Issued
    line: DocumentLine
    sponsorship_reference: str
    before: DocumentLine | None
    after: tuple[DocumentLine, ...]
    settled: tuple[SettledLine, ...]
    agreement: tuple[int, str] | None
    accepted: Accepted | None


def find_document_page(
    reference: str,
    *,
    organization_id: int | None = None,
    project_id: int | None = None,
    now: datetime,
) -> DocumentPage:
    """A document of an organization or of a project, in at most six statements."""
    criteria: list[ColumnElement[bool]] = [Document.reference == reference]
    if organization_id is not None:
        criteria.append(Document.organization_id == organization_id)
    if project_id is not None:
        criteria.append(Document.project_id == project_id)
    document = db.session.scalar(_with_names().where(*criteria))
    if document is None:
        raise NotFound("document")
    after = db.session.scalars(
        _with_names().where(Document.follows_id == document.id).order_by(Document.id)
    ).all()
    before = document.follows
    accepted = _accepted(document if document.kind is DocumentKind.QUOTE else before)
    waits = document.standing.state is DocumentState.OFFERED
    return DocumentPage(
        issued=read_issued(document),
        line=_line(document, now),
        sponsorship_reference=document.sponsorship.reference,
        before=_line(before, now) if before else None,
        after=tuple(_line(each, now) for each in after),
        settled=_settled(document) if document.kind is DocumentKind.INVOICE else (),
        agreement=_offered(document.project_id) if waits else None,
        accepted=accepted,
    )


def list_documents(
    *,
    now: datetime,
    organization_id: int | None = None,
    project_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[tuple[DocumentLine, ...], int | None]:
    """Documents, the newest first, and the id to go on from if there are more."""
    query = _with_names().order_by(Document.id.desc()).limit(limit + 1)
    if organization_id is not None:
        query = query.where(Document.organization_id == organization_id)
    if project_id is not None:
        query = query.where(Document.project_id == project_id)
    if before is not None:
        query = query.where(Document.id < before)
    found = db.session.scalars(query).all()
    more = found[limit - 1].id if len(found) > limit else None
    return tuple(_line(each, now) for each in found[:limit]), more


def list_open_invoices(
    *, now: datetime, project_id: int | None = None, organization_id: int | None = None
) -> tuple[DocumentLine, ...]:
    """Invoices that wait for money, the longest due first."""
    query = (
        _with_names()
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .where(DocumentStanding.state.in_(OPEN_STATES))
        .order_by(DocumentStanding.due_on, Document.id)
        .limit(500)
    )
    if project_id is not None:
        query = query.where(Document.project_id == project_id)
    if organization_id is not None:
        query = query.where(Document.organization_id == organization_id)
    return tuple(_line(each, now) for each in db.session.scalars(query))


def read_issued(document: Document) -> Issued:
    """A document from its row and its snapshot, nothing of it from elsewhere."""
    said, currency = document.snapshot, document.currency
    return Issued(
        kind=document.kind,
        number=document.number,
        language=said["language"],
        issued_at=document.issued_at,
        issued_on=document.issued_on,
        due_on=document.due_on,
        seller=Seller(**said["seller"]),
        buyer=BuyerShown(**said["buyer"]),
        project=said["project"],
        lines=tuple(
            SoldLine(line["text"], line["quantity"], Money(line["amount_minor"], currency))
            for line in said["lines"]
        ),
        net=Money(document.net_minor, currency),
        tax=Money(document.tax_minor, currency),
        total=Money(document.total_minor, currency),
        tax_rate=document.tax_rate,
        treatment=document.treatment,
        po_number=document.po_number,
        payment_reference=document.payment_reference,
        term_starts_at=document.term_starts_at,
        term_ends_at=document.term_ends_at,
        follows=said["follows"],
        notes=said,
    )


def interval_of(issued: Issued) -> Interval | None:
    """The interval of the tier that a quote or an invoice is about."""
    value = issued.notes.get("interval")
    return Interval(value) if value else None


def _with_names() -> Any:  # noqa: ANN401 - a select of documents
    return select(Document).options(
        joinedload(Document.standing),
        joinedload(Document.project),
        joinedload(Document.organization),
        joinedload(Document.follows),
    )


def _line(document: Document, now: datetime) -> DocumentLine:
    standing = document.standing
    overdue = (
        standing.state in OPEN_STATES
        and document.due_on is not None
        and document.due_on < now.date()
    )
    over = (
        standing.state is DocumentState.OFFERED
        and document.due_on is not None
        and document.due_on < now.date()
    )
    state = "overdue" if overdue else "expired" if over else standing.state.value
    return DocumentLine(
        reference=document.reference,
        kind=document.kind,
        number=document.number,
        issued_on=document.issued_on,
        due_on=document.due_on,
        total=Money(document.total_minor, document.currency),
        open=Money(standing.open_minor, document.currency),
        state=state,
        project=document.project.name,
        project_slug=document.project.slug,
        organization=document.organization.name,
        organization_slug=document.organization.slug,
        pay_url=standing.hosted_url if standing.state in OPEN_STATES else "",
    )


def _settled(invoice: Document) -> tuple[SettledLine, ...]:
    rows: Sequence[Settlement] = (
        db.session.scalars(
            select(Settlement)
            .options(joinedload(Settlement.payment))
            .where(Settlement.invoice_id == invoice.id)
            .order_by(Settlement.id)
        )
        .unique()
        .all()
    )
    return tuple(
        SettledLine(
            row.at,
            Money(row.amount_minor, invoice.currency),
            row.payment.processor
            if row.payment
            else ("credit_note" if row.credit_note_id else "credit"),
            row.by,
        )
        for row in rows
    )


def _offered(project_id: int) -> tuple[int, str] | None:
    row = db.session.execute(
        select(AgreementVersion.number, AgreementVersion.text)
        .where(AgreementVersion.project_id == project_id)
        .order_by(AgreementVersion.number.desc())
        .limit(1)
    ).one_or_none()
    return (row.number, row.text) if row else None


def _accepted(quote: Document | None) -> Accepted | None:
    if quote is None or quote.kind is not DocumentKind.QUOTE:
        return None
    row = db.session.scalar(
        select(AgreementAcceptance)
        .options(joinedload(AgreementAcceptance.agreement))
        .where(AgreementAcceptance.quote_id == quote.id)
    )
    if row is None:
        return None
    return Accepted(row.agreement.number, row.agreement.text, row.person_name, row.accepted_at)
