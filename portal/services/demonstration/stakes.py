"""The demonstration's sponsorships, with their terms and payments in the past."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.database import db
from portal.domain.sponsorship import Commercial, Publication, Term, add_terms
from portal.models.billing import Payment
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.services.demonstration.cast import SponsorSeed

_PROCESSOR = "elsewhere"
_GRACE = timedelta(days=21)


def add_stake(
    organization: Organization, tier: TierVersion, seed: SponsorSeed, *, now: datetime
) -> Sponsorship:
    """A sponsorship paid by bank transfer year after year, up to where the seed says it stands."""
    began = now - timedelta(days=seed.days_ago)
    terms = [(began, add_terms(began, tier.interval))]
    over = now if seed.ending != "ended" else terms[0][1]
    while terms[-1][1] < over and seed.ending != "grace":
        terms.append((terms[-1][1], add_terms(terms[-1][1], tier.interval)))
    shown = seed.ending not in {"in review", "private"}
    sponsorship = Sponsorship(
        reference=f"demo-{organization.slug}",
        organization=organization,
        organization_id=organization.id,
        project_id=tier.tier.project_id,
        tier_snapshot=tier,
        commercial=Commercial.PAID,
        term={"ended": Term.ENDED, "grace": Term.GRACE}.get(seed.ending, Term.ACTIVE),
        publication=_publication(seed.ending),
        is_private=seed.ending == "private",
        approved_name=organization.name if shown else None,
        approved_website=organization.website if shown else None,
        approved_picture=organization.picture if shown else None,
        active_since=began,
        term_starts_at=terms[-1][0],
        term_ends_at=terms[-1][1],
        grace_ends_at=terms[-1][1] + _GRACE if seed.ending == "grace" else None,
        ended_at=terms[-1][1] if seed.ending == "ended" else None,
        processor=_PROCESSOR,
        created_at=began,
    )
    db.session.add(sponsorship)
    db.session.flush()
    for number, (starts_at, ends_at) in enumerate(terms, start=1):
        _add_payment(sponsorship, tier, number, starts_at, ends_at)
    return sponsorship


def _publication(ending: str) -> Publication:
    return {"in review": Publication.IN_REVIEW, "private": Publication.HIDDEN}.get(
        ending, Publication.PUBLISHED
    )


def _add_payment(
    sponsorship: Sponsorship, tier: TierVersion, number: int, starts_at: datetime, ends_at: datetime
) -> None:
    db.session.add(
        Payment(
            sponsorship=sponsorship,
            tier_snapshot=tier,
            tier_snapshot_id=tier.id,
            term_starts_at=starts_at,
            term_ends_at=ends_at,
            amount_minor=tier.price_minor,
            currency=tier.currency,
            processor=_PROCESSOR,
            processor_payment_id=f"{sponsorship.reference}-{number}",
            paid_at=starts_at,
        )
    )
