"""Buy by invoice: a quote, then the agreement accepted, then the invoice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.documents import (
    BANK,
    DocumentAction,
    DocumentKind,
    DocumentState,
    Line,
    next_document,
)
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import Actor, Permission, require
from portal.domain.sellers import buyer_data_obstacles
from portal.domain.sponsorship import Collection
from portal.domain.text import clean_line
from portal.models.billing import Checkout
from portal.models.documents import AgreementAcceptance, Document, DocumentStanding
from portal.models.identity import Person
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.services.audit import record_change
from portal.services.billing.invoices import Bill, issue_invoice
from portal.services.billing.issuing import Draft, issue_document, lock_document
from portal.services.billing.processor_bills import PROCESSOR
from portal.services.billing.sellers import billing_data, find_agreement, get_seller
from portal.services.sponsorship.checkouts import (
    LIVE,
    begin_quoted,
    find_running,
    get_current_version,
    is_taken,
    lock_tier,
    refuse_obstacles,
)
from portal.services.sponsorship.sponsorships import lock_organization

QUOTE_DAYS = 30
_LONGEST_PO = 80


def quote_tier(
    actor: Actor, project_id: int, tier_slug: str, organization_id: int, *, version: int,
    now: datetime,
) -> str:  # fmt: skip
    """Offer a tier to an organization in writing, valid for 30 days; returns the quote's reference.

    It reserves no place yet. A new quote takes the place of one that waits. Refuses a tier that
    changed since ``version`` was shown, every obstacle of a purchase, a person, a buyer without
    legal name, address or country, and a project that has not said who sells.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    organization = lock_organization(organization_id)
    tier = lock_tier(project_id, tier_slug)
    snapshot = get_current_version(tier.id)
    if snapshot.number != version:
        raise Conflict(
            "buy.version", "This tier was changed while you looked. See what it offers now."
        )
    _refuse_buyer(organization)
    running = find_running(organization_id, project_id)
    refuse_obstacles(actor, organization, tier, snapshot, running, now=now)
    _refuse_live_checkout(running)
    sponsorship = running or begin_quoted(organization, project_id, now=now, processor=BANK)
    if running is not None:
        _withdraw_quotes(running)
    sponsorship.tier_snapshot = snapshot
    db.session.add(sponsorship)
    db.session.flush()
    price = Money(snapshot.price_minor, snapshot.currency)
    quote = issue_document(
        sponsorship,
        Draft(
            DocumentKind.QUOTE,
            f"quote:{sponsorship.reference}:{now.timestamp()}",
            [Line(f"{sponsorship.project.name}: {snapshot.name}, sponsorship", 1, price)],
            due_on=now.date() + timedelta(days=QUOTE_DAYS),
            notes={"interval": snapshot.interval.value, "tier_version": snapshot.id},
        ),
        actor=actor,
        now=now,
    )
    return quote.reference


def accept_quote(
    actor: Actor,
    organization_id: int,
    reference: str,
    *,
    agreement: int | None,
    po_number: str,
    online: bool = False,
    site: str,
    now: datetime,
) -> str:
    """Accept a quote and the agreement, in the version shown; returns the invoice's reference.

    ``online`` asks for a page of the processor to pay it on.

    From here on the place is taken. Refuses an agreement left unaccepted (None) or changed since, a
    quote that no longer waits, a tier that changed or filled up, and malformed PO numbers.
    """
    require(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=organization_id)
    if actor.person_id is None:
        raise NotFound("person")
    quote = lock_document(reference, DocumentKind.QUOTE, organization_id=organization_id)
    tier = lock_tier(quote.project_id, _tier_slug(quote))
    _refuse_stale(actor, quote, tier, now=now)
    offered = find_agreement(quote.project_id)
    if offered is not None and agreement is None:
        raise Refusal("agreement.needed", "Accept the agreement first.", field="accepted")
    if offered is not None and agreement != offered.number:
        raise Conflict("agreement.changed", "The agreement was changed. Read the new version.")
    try:
        po_number = clean_line(po_number, max_length=_LONGEST_PO)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, field="po_number") from refusal
    quote.standing.state = next_document(quote.standing.state, DocumentAction.ACCEPT)
    if offered is not None:
        db.session.add(
            AgreementAcceptance(
                agreement=offered,
                quote_id=quote.id,
                person_id=actor.person_id,
                person_name=actor.name,
                accepted_at=now,
            )
        )
    record_change(
        "document:quote:accepted",
        f"{actor.name} accepted quote {quote.number}"
        + (f" and version {offered.number} of the agreement." if offered else "."),
        actor=actor,
        now=now,
        organization_id=organization_id,
        project_id=quote.project_id,
        details={"quote": quote.reference, "agreement": offered.number if offered else None},
    )
    sponsorship = quote.sponsorship
    sponsorship.po_number = po_number
    sponsorship.processor = PROCESSOR if online else BANK
    sponsorship.collection = Collection.INVOICE if online else Collection.CARD
    net_days = get_seller(quote.project_id).net_days
    person = db.session.get_one(Person, actor.person_id)
    accepted = (
        {"number": offered.number, "person": actor.name, "on": now.date().isoformat()}
        if offered
        else None
    )
    invoice = issue_invoice(
        sponsorship,
        Bill(
            occasion=f"order:{quote.reference}",
            due_on=now.date() + timedelta(days=net_days),
            po_number=po_number,
            quote=quote,
            agreement=accepted,
            online={"payer_email": person.email, "days": net_days} if online else None,
        ),
        actor=actor,
        site=site,
        now=now,
    )
    return invoice.reference


def _refuse_buyer(organization: Organization) -> None:
    if organization.kind is OrganizationKind.PERSON:
        raise Refusal("buy.invoice_person", "Invoices are for organizations; people pay by card.")
    for obstacle in buyer_data_obstacles(billing_data(organization)):
        raise Refusal(obstacle.code, obstacle.message)


def _refuse_live_checkout(running: Sponsorship | None) -> None:
    if running is None:
        return
    live = select(Checkout.id).where(
        Checkout.sponsorship_id == running.id, Checkout.status.in_(LIVE)
    )
    if db.session.scalar(live) is not None:
        raise Conflict(
            "buy.checkout",
            "A card payment is open in your organization. Finish it, or wait until it closes.",
        )


def _refuse_stale(actor: Actor, quote: Document, tier: Tier, *, now: datetime) -> None:
    """Refuse a quote that is over, or whose tier can no longer be bought as quoted."""
    over = quote.due_on is not None and quote.due_on < now.date()
    if quote.standing.state is DocumentState.OFFERED and over:
        raise Refusal("quote.over", "This quote is no longer valid. Ask for a new one.")
    next_document(quote.standing.state, DocumentAction.ACCEPT)
    sponsorship = quote.sponsorship
    snapshot = get_current_version(tier.id)
    if snapshot.id != quote.snapshot["tier_version"]:
        raise Conflict("quote.version", "The tier was changed since. Ask for a new quote.")
    if is_taken(sponsorship):
        raise Conflict("quote.taken", "This sponsorship was bought another way in the meantime.")
    _refuse_live_checkout(sponsorship)
    refuse_obstacles(actor, quote.organization, tier, snapshot, sponsorship, now=now)


def _withdraw_quotes(sponsorship: Sponsorship) -> None:
    waiting = db.session.scalars(
        select(DocumentStanding)
        .join(Document, Document.id == DocumentStanding.document_id)
        .where(
            Document.sponsorship_id == sponsorship.id,
            DocumentStanding.state == DocumentState.OFFERED,
        )
    )
    for standing in waiting:
        standing.state = next_document(standing.state, DocumentAction.EXPIRE)


def _tier_slug(quote: Document) -> str:
    version = db.session.get_one(TierVersion, quote.snapshot["tier_version"])
    return version.tier.slug
