"""How a renewal is paid: card or invoice, without a gap (PRODUCT S4); the processor's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sponsorship import GOOD_STANDING, Collection
from portal.domain.text import clean_line
from portal.models.documents import SellerRow
from portal.services.sponsorship.sponsorships import find_sponsorship, note_event

_DAYS_TO_PAY = 30
_LONGEST_PO = 80


@dataclass(frozen=True, slots=True)
class CollectionWish:
    """A wish to pay otherwise from the next term on, as it is to be put to the processor."""

    renewal_id: str
    collection: Collection
    days_until_due: int | None
    po_number: str
    idempotency_key: str


def wish_collection(
    actor: Actor,
    organization_id: int,
    reference: str,
    collection: Collection,
    *,
    po_number: str = "",
    now: datetime,
) -> CollectionWish:
    """Note the wish to pay the next terms by card, or by an invoice with days to pay.

    The running term, its weight and its price stay as they are. Nothing has changed yet: the
    processor is asked next, and its answer is what counts. Refuses what does not renew at the
    processor, and the way that is taken already.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    if sponsorship.renewal_id is None or sponsorship.term not in GOOD_STANDING:
        raise Refusal("collection.none", "The card processor does not renew this sponsorship.")
    if sponsorship.collection is collection:
        raise Conflict("collection.same", "It is paid this way already.")
    invoiced = collection is Collection.INVOICE
    po_number = clean_line(po_number, max_length=_LONGEST_PO) if invoiced else ""
    event = note_event(
        sponsorship,
        "collection",
        sponsorship.collection,
        "asked",
        f"Asked to pay by {collection} from the next term on.",
        actor=actor,
        now=now,
    )
    if invoiced:
        sponsorship.po_number = po_number
    db.session.flush()
    days = db.session.scalar(
        select(SellerRow.net_days).where(SellerRow.project_id == sponsorship.project_id)
    )
    return CollectionWish(
        sponsorship.renewal_id,
        collection,
        (days or _DAYS_TO_PAY) if invoiced else None,
        po_number,
        f"{reference}-collection-{event.id}",
    )


def find_payer(actor: Actor, organization_id: int, reference: str) -> str:
    """The processor's id of whoever pays a sponsorship; refuses one it does not know."""
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    sponsorship = find_sponsorship(organization_id, reference)
    payer_id = sponsorship.organization.processor_payer_id
    if payer_id is None or sponsorship.renewal_id is None:
        raise Refusal("collection.none", "The card processor does not renew this sponsorship.")
    return payer_id
