"""What maintainers see of their sponsors: names to review, standing, payments in trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.money import Money
from portal.domain.sponsorship import (
    GOOD_STANDING,
    Commercial,
    Publication,
    Term,
    publication_seal,
)
from portal.models.billing import Checkout, CheckoutStatus
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship


@dataclass(frozen=True, slots=True)
class Review:
    """What a sponsor wants shown, and the ``seal`` that a decision on exactly this carries."""

    reference: str
    name: str
    website: str
    picture: str | None
    tier_name: str
    seal: str
    approved_name: str | None
    approved_website: str | None


@dataclass(frozen=True, slots=True)
class SponsorLine:
    """One sponsor on the maintainers' desk."""

    reference: str
    name: str
    tier_name: str
    price: Money
    commercial: Commercial
    term: Term
    publication: Publication
    is_private: bool
    term_ends_at: datetime | None
    grace_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A checkout whose money does not match, for the treasurer to settle."""

    reference: str
    name: str
    tier_name: str
    problem: str
    processor_checkout_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class SponsorsDesk:
    """The sponsors of a project: what waits for review, who they are, what went wrong."""

    reviews: tuple[Review, ...]
    sponsors: tuple[SponsorLine, ...]
    troubles: tuple[Trouble, ...]


def find_sponsors_desk(project_id: int) -> SponsorsDesk:
    """All sponsors of a project with what waits for somebody, in two statements."""
    rows = db.session.scalars(
        select(Sponsorship)
        .options(
            joinedload(Sponsorship.organization).joinedload(Organization.picture),
            joinedload(Sponsorship.tier_snapshot),
        )
        .where(Sponsorship.project_id == project_id, Sponsorship.term != Term.PENDING)
        .order_by(Sponsorship.id.desc())
    ).all()
    troubles = db.session.scalars(
        select(Checkout)
        .join(Sponsorship, Sponsorship.id == Checkout.sponsorship_id)
        .options(
            joinedload(Checkout.sponsorship).joinedload(Sponsorship.organization),
            joinedload(Checkout.tier_snapshot),
        )
        .where(Sponsorship.project_id == project_id, Checkout.status == CheckoutStatus.MISMATCHED)
        .order_by(Checkout.id.desc())
    )
    return SponsorsDesk(
        reviews=tuple(
            _review(row)
            for row in reversed(rows)
            if row.publication is Publication.IN_REVIEW and row.term in GOOD_STANDING
        ),
        sponsors=tuple(_sponsor(row) for row in rows),
        troubles=tuple(
            Trouble(
                reference=row.reference,
                name=row.sponsorship.organization.name,
                tier_name=row.tier_snapshot.name,
                problem=row.problem,
                processor_checkout_id=row.processor_checkout_id or "",
                started_at=row.started_at,
            )
            for row in troubles
        ),
    )


def _review(row: Sponsorship) -> Review:
    sponsor = row.organization
    return Review(
        reference=row.reference,
        name=sponsor.name,
        website=sponsor.website,
        picture=sponsor.picture.sha256 if sponsor.picture else None,
        tier_name=row.tier_snapshot.name,
        seal=publication_seal(sponsor.name, sponsor.website, sponsor.picture_id),
        approved_name=row.approved_name,
        approved_website=row.approved_website,
    )


def _sponsor(row: Sponsorship) -> SponsorLine:
    return SponsorLine(
        reference=row.reference,
        name=row.organization.name,
        tier_name=row.tier_snapshot.name,
        price=Money(row.tier_snapshot.price_minor, row.tier_snapshot.currency),
        commercial=row.commercial,
        term=row.term,
        publication=row.publication,
        is_private=row.is_private,
        term_ends_at=row.term_ends_at,
        grace_ends_at=row.grace_ends_at,
    )
