"""Find changes: the one on its way, the one the processor made, those that wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.changes import LIVE_CHANGE, ChangeKind, ChangeState
from portal.domain.documents import BILLED_CHANGE
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, Settlement
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.ports.payments import ChangeRequest, RenewalSeen
from portal.services.sponsorship.checkouts import tier_reference
from portal.services.sponsorship.sponsorships import lock_sponsorship

# Processors forget idempotency keys after a day.
_KEY_LIVES = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class AskedChange:
    """A change as it is put to the processor; ``at`` is None where it waits for the next term.

    ``restores`` says that the tier holds with us already, and the processor only has to follow.
    """

    request: ChangeRequest
    at: datetime | None
    restores: bool = False


def find_matching_change(
    sponsorship: Sponsorship, renewal: RenewalSeen
) -> SponsorshipChange | None:
    """The change that the processor shows as made, though we have not noted it yet."""
    if renewal.tier_reference is None:
        return None
    if renewal.tier_reference == tier_reference(sponsorship.tier_snapshot):
        return None
    changes = db.session.scalars(
        select(SponsorshipChange)
        .where(
            SponsorshipChange.sponsorship_id == sponsorship.id,
            SponsorshipChange.state.in_((*LIVE_CHANGE, ChangeState.FAILED)),
        )
        .order_by(SponsorshipChange.id.desc())
    )
    return next(
        (each for each in changes if tier_reference(each.after) == renewal.tier_reference), None
    )


def find_change_paid_by(
    sponsorship_id: int, invoice_id: str | None, money: Money
) -> SponsorshipChange | None:
    """The upgrade whose difference a payment pays: by its invoice, or by its exact amount.

    The amount decides only while the processor's answer, which names the invoice, is missing.
    """
    upgrades = db.session.scalars(
        select(SponsorshipChange)
        .where(
            SponsorshipChange.sponsorship_id == sponsorship_id,
            SponsorshipChange.kind == ChangeKind.UPGRADE,
            SponsorshipChange.payment_id.is_(None),
        )
        .order_by(SponsorshipChange.id.desc())
    ).all()
    for each in upgrades:
        if invoice_id is not None and each.processor_invoice_id == invoice_id:
            return each
    for each in upgrades:
        if (
            each.processor_invoice_id is None
            and each.state in LIVE_CHANGE
            and Money(each.due_minor, each.currency) == money
        ):
            return each
    return None


def find_upgrade_paid_by(payment: Payment) -> SponsorshipChange | None:
    """The upgrade whose difference a payment paid, by itself or as a part of its invoice."""
    invoice = (
        select(Document.occasion)
        .join(Settlement, Settlement.invoice_id == Document.id)
        .where(Settlement.payment_id == payment.id)
    )
    occasions = [text.removeprefix(BILLED_CHANGE) for text in db.session.scalars(invoice)]
    return db.session.scalar(
        select(SponsorshipChange).where(
            SponsorshipChange.kind == ChangeKind.UPGRADE,
            (SponsorshipChange.payment_id == payment.id)
            | SponsorshipChange.reference.in_(occasions),
        )
    )


def find_billed_change(invoice: Document) -> SponsorshipChange | None:
    """The upgrade whose difference one of our own invoices asks for."""
    if not invoice.occasion.startswith(BILLED_CHANGE):
        return None
    return db.session.scalar(
        select(SponsorshipChange).where(
            SponsorshipChange.reference == invoice.occasion.removeprefix(BILLED_CHANGE)
        )
    )


def find_unanswered_changes(*, now: datetime, age: timedelta) -> list[AskedChange]:
    """Changes whose call was never answered, once their own term has come to its last lap."""
    rows = db.session.scalars(
        select(SponsorshipChange)
        .join(Sponsorship, Sponsorship.id == SponsorshipChange.sponsorship_id)
        .where(
            SponsorshipChange.state == ChangeState.ASKED,
            SponsorshipChange.asked_at <= now - age,
            Sponsorship.renewal_id.is_not(None),
            (SponsorshipChange.kind == ChangeKind.UPGRADE)
            | (SponsorshipChange.effective_at == Sponsorship.term_ends_at)
            | (SponsorshipChange.after_id == Sponsorship.tier_snapshot_id),
        )
        .order_by(SponsorshipChange.id)
    ).all()
    return [
        as_asked(row)
        for row in rows
        if row.kind is not ChangeKind.UPGRADE or row.asked_at > now - _KEY_LIVES
    ]


def find_forgotten_changes(*, now: datetime) -> list[str]:
    """Upgrades that never got an answer and are too old to ask again."""
    return list(
        db.session.scalars(
            select(SponsorshipChange.reference).where(
                SponsorshipChange.state == ChangeState.ASKED,
                SponsorshipChange.kind == ChangeKind.UPGRADE,
                SponsorshipChange.asked_at <= now - _KEY_LIVES,
            )
        )
    )


def find_due_changes(*, now: datetime) -> list[str]:
    """Scheduled changes that no processor makes, and whose day has come."""
    return list(
        db.session.scalars(
            select(SponsorshipChange.reference)
            .join(Sponsorship, Sponsorship.id == SponsorshipChange.sponsorship_id)
            .where(
                SponsorshipChange.state == ChangeState.SCHEDULED,
                SponsorshipChange.effective_at <= now,
                Sponsorship.renewal_id.is_(None),
            )
        )
    )


def find_unreleased(*, age: datetime) -> list[tuple[str, str]]:
    """Changes taken back that the processor may not have forgotten yet, with their renewals."""
    newer = select(SponsorshipChange.id).where(SponsorshipChange.state.in_(LIVE_CHANGE))
    rows = db.session.execute(
        select(SponsorshipChange.reference, Sponsorship.renewal_id, Sponsorship.id)
        .join(Sponsorship, Sponsorship.id == SponsorshipChange.sponsorship_id)
        .where(
            SponsorshipChange.state == ChangeState.WITHDRAWN,
            SponsorshipChange.settled_at.is_(None),
            SponsorshipChange.asked_at <= age,
            Sponsorship.renewal_id.is_not(None),
        )
    ).all()
    return [
        (row.reference, row.renewal_id)
        for row in rows
        if db.session.scalar(newer.where(SponsorshipChange.sponsorship_id == row.id)) is None
    ]


def as_asked(change: SponsorshipChange) -> AskedChange:
    """A change as it is put to the processor, the same at every attempt."""
    request = as_request(change.sponsorship, change.after, change.reference)
    at = change.effective_at if change.kind is ChangeKind.UPGRADE else None
    return AskedChange(request, at, restores=is_step_back(change))


def is_step_back(change: SponsorshipChange) -> bool:
    """Whether a live change holds with us already: only the processor still has to follow."""
    return change.state in LIVE_CHANGE and change.after_id == change.sponsorship.tier_snapshot_id


def as_request(sponsorship: Sponsorship, after: TierVersion, reference: str) -> ChangeRequest:
    """The tier that a sponsorship is to move to, in the processor's terms."""
    project = sponsorship.project
    return ChangeRequest(
        reference=reference,
        renewal_id=sponsorship.renewal_id or "",
        project=project.slug,
        tier_reference=tier_reference(after),
        tier_name=f"{project.name}: {after.name}",
        price=Money(after.price_minor, after.currency),
        interval=after.interval,
    )


def find_live_change(sponsorship_id: int) -> SponsorshipChange | None:
    """The one change of a sponsorship that is on its way, if there is one."""
    return db.session.scalar(
        select(SponsorshipChange).where(
            SponsorshipChange.sponsorship_id == sponsorship_id,
            SponsorshipChange.state.in_(LIVE_CHANGE),
        )
    )


def lock_change(reference: str) -> SponsorshipChange:
    """A change, locked by its sponsorship, as everything that moves one is."""
    query = select(SponsorshipChange).where(SponsorshipChange.reference == reference)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("change")
    lock_sponsorship(found.sponsorship_id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()
