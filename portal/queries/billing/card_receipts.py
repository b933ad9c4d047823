"""Receipts of payments that no invoice asked for: by card, or recorded from another platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.money import Money
from portal.models.billing import Payment
from portal.models.documents import Settlement
from portal.models.projects import Project
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CardReceipt:
    """A payment with a receipt of its own; the receipt stands with the sponsorship."""

    payment_id: int
    sponsorship: str
    paid_at: datetime
    project: str
    tier: str
    money: Money


def list_card_receipts(organization_id: int) -> tuple[CardReceipt, ...]:
    """The newest fifty of an organization, in one statement; what settled an invoice is left out.

    Older ones stand with their sponsorship.
    """
    invoiced = select(Settlement.id).where(Settlement.payment_id == Payment.id).exists()
    rows = db.session.execute(
        select(
            Payment.id,
            Payment.paid_at,
            Payment.amount_minor,
            Payment.currency,
            Sponsorship.reference,
            Project.name.label("project"),
            TierVersion.name.label("tier"),
        )
        .join(Sponsorship, Sponsorship.id == Payment.sponsorship_id)
        .join(Project, Project.id == Sponsorship.project_id)
        .join(TierVersion, TierVersion.id == Payment.tier_snapshot_id)
        .where(Sponsorship.organization_id == organization_id, ~invoiced)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
        .limit(_SHOWN)
    )
    return tuple(
        CardReceipt(
            payment_id=row.id,
            sponsorship=row.reference,
            paid_at=row.paid_at,
            project=row.project,
            tier=row.tier,
            money=Money(row.amount_minor, row.currency),
        )
        for row in rows
    )
