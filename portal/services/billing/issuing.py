"""Issue documents: number, sums and a snapshot of both sides, written once and never changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import (
    FIRST_STATES,
    DocumentKind,
    DocumentState,
    Line,
    add_up,
    number_text,
    payment_reference,
)
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor
from portal.domain.sellers import BillingData, Seller
from portal.domain.tax import Party, TaxCharge, charge_tax
from portal.models.documents import Document, DocumentStanding
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.services.audit import record_change
from portal.services.billing.sellers import billing_data, get_seller
from portal.services.books.numbering import take_number
from portal.services.sponsorship.checkouts import new_reference
from portal.services.sponsorship.sponsorships import lock_sponsorship


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be issued; ``occasion`` names it once and for all.

    ``follows`` is the document that this one belongs to: its seller, buyer and tax hold again.
    """

    kind: DocumentKind
    occasion: str
    lines: list[Line]
    due_on: date | None = None
    po_number: str = ""
    term: tuple[datetime, datetime] | None = None
    follows: Document | None = None
    notes: dict[str, Any] = field(default_factory=dict)


def issue_document(
    sponsorship: Sponsorship, draft: Draft, *, actor: Actor, now: datetime
) -> Document:
    """Write a document with the next number of its series; the occasion issues it once.

    Refuses while the project has not said who sells.
    """
    seller = get_seller(sponsorship.project_id)
    sides, charge = _sides(sponsorship.organization, seller, draft)
    sums = add_up(draft.lines, charge)
    # Taken late and last: the series stays locked until the commit.
    number = take_number(sponsorship.project_id, draft.kind)
    text = number_text(seller.prefix, draft.kind, number)
    document = Document(
        reference=new_reference("doc"),
        occasion=draft.occasion,
        project_id=sponsorship.project_id,
        organization_id=sponsorship.organization_id,
        sponsorship_id=sponsorship.id,
        follows_id=draft.follows.id if draft.follows else None,
        kind=draft.kind,
        series_number=number,
        number=text,
        issued_at=now,
        issued_on=now.date(),
        due_on=draft.due_on,
        currency=sums.total.currency,
        net_minor=sums.net.amount_minor,
        tax_minor=sums.tax.amount_minor,
        total_minor=sums.total.amount_minor,
        tax_rate=charge.rate,
        treatment=charge.treatment,
        po_number=draft.po_number,
        payment_reference=payment_reference(text) if draft.kind is DocumentKind.INVOICE else "",
        term_starts_at=draft.term[0] if draft.term else None,
        term_ends_at=draft.term[1] if draft.term else None,
        snapshot={
            "language": "en",
            **sides,
            "project": sponsorship.project.name,
            "lines": [_line(line) for line in draft.lines],
            "follows": draft.follows.number if draft.follows else "",
            **draft.notes,
        },
    )
    document.standing = DocumentStanding(
        state=FIRST_STATES[draft.kind],
        open_minor=sums.total.amount_minor if draft.kind is DocumentKind.INVOICE else 0,
        due_on=draft.due_on,
    )
    db.session.add(document)
    db.session.flush()
    record_change(
        f"document:{draft.kind}:issued",
        f"Issued {text} to {sponsorship.organization.name}.",
        actor=actor,
        now=now,
        organization_id=sponsorship.organization_id,
        project_id=sponsorship.project_id,
        details={"document": document.reference, "total": sums.total.amount_minor},
    )
    return document


def lock_document(
    reference: str,
    kind: DocumentKind,
    *,
    project_id: int | None = None,
    organization_id: int | None = None,
) -> Document:
    """A document by its reference, its sponsorship locked; refuses one of somebody else."""
    query = select(Document).where(Document.reference == reference, Document.kind == kind)
    if project_id is not None:
        query = query.where(Document.project_id == project_id)
    if organization_id is not None:
        query = query.where(Document.organization_id == organization_id)
    document = db.session.scalar(query)
    if document is None:
        raise NotFound("document")
    lock_sponsorship(document.sponsorship_id)
    db.session.refresh(document.standing)
    return document


def open_amount(invoice: Document) -> Money:
    """What of an invoice is still to be paid."""
    return Money(invoice.standing.open_minor, invoice.currency)


def is_open(invoice: Document) -> bool:
    """Whether an invoice still waits for money."""
    return invoice.standing.state in {DocumentState.UNPAID, DocumentState.PART_PAID}


def _sides(
    organization: Organization, seller: Seller, draft: Draft
) -> tuple[dict[str, Any], TaxCharge]:
    """Seller, buyer and tax: as they are now, or as the document before had them."""
    if draft.follows is not None and draft.follows.kind is DocumentKind.INVOICE:
        before = draft.follows
        sides = {key: before.snapshot[key] for key in ("seller", "buyer")}
        return sides, TaxCharge(before.treatment, before.tax_rate)
    buyer = billing_data(organization)
    charge = charge_tax(
        Party(seller.country, seller.tax_id),
        Party(buyer.country, buyer.tax_id, organization.kind is OrganizationKind.COMPANY),
        charges=seller.charges_tax,
        rate=seller.tax_rate,
    )
    return {"seller": asdict(seller), "buyer": _buyer(organization, buyer)}, charge


def _buyer(organization: Organization, data: BillingData) -> dict[str, str]:
    values = asdict(data)
    return {**values, "legal_name": data.legal_name or organization.name}


def _line(line: Line) -> dict[str, Any]:
    return {"text": line.text, "quantity": line.quantity, "amount_minor": line.amount.amount_minor}
