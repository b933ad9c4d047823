"""The demonstration's sponsorships, with their terms, payments and fees in the past."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.ledger import (
    Account,
    Cause,
    Posting,
    card_payment,
    processor_fee,
    transfer_to_bank,
)
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sponsorship import Commercial, Publication, Term, add_terms
from portal.models.billing import Payment
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.services.books.ledger import Occasion, post_transaction
from portal.services.demonstration.cast import SponsorSeed
from portal.services.sponsorship.sponsorships import price_of

_PROCESSOR = "elsewhere"
_GRACE = timedelta(days=21)
# Up to this price companies paid by card; a processor kept 1.5 percent and 25 cents.
_CARD_UP_TO = 240_000
_FEE_PER_MILLE, _FEE_FIXED = 15, 25
_HANDED_OVER = timedelta(days=7)


def tiers_by_name(project_id: int) -> dict[str, TierVersion]:
    """The tiers on sale, by name."""
    versions = db.session.scalars(
        select(TierVersion).join(Tier).where(Tier.project_id == project_id)
    )
    return {version.name: version for version in versions}


def add_stake(
    organization: Organization, tier: TierVersion, seed: SponsorSeed, *, now: datetime
) -> Sponsorship:
    """A sponsorship paid year after year, up to where the seed says it stands."""
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
    _post_payment(sponsorship, tier, number, starts_at)


def _post_payment(
    sponsorship: Sponsorship, tier: TierVersion, number: int, paid_at: datetime
) -> None:
    """To the bank at once; or by card, less a fee, and handed over to the bank later."""
    money = price_of(sponsorship)
    by_card = tier.price_minor <= _CARD_UP_TO
    into = Account.CARD_CLEARING if by_card else Account.BANK
    events: list[tuple[Cause, Posting, datetime]] = [
        (Cause.PAYMENT, card_payment(money, tier_id=tier.tier_id, into=into), paid_at)
    ]
    if by_card:
        fee = Money(money.amount_minor * _FEE_PER_MILLE // 1000 + _FEE_FIXED, money.currency)
        rest = Money(money.amount_minor - fee.amount_minor, money.currency)
        events += [
            (Cause.FEE, processor_fee(fee), paid_at),
            (Cause.TRANSFER, transfer_to_bank(rest), paid_at + _HANDED_OVER),
        ]
    payment = f"{sponsorship.reference}-{number}"
    for cause, posting, at in events:
        post_transaction(
            sponsorship.project_id,
            posting,
            key=f"{cause}:{_PROCESSOR}:{payment}",
            cause=cause,
            actor=SYSTEM,
            now=at,
            occasion=Occasion(reference=payment, sponsorship_id=sponsorship.id),
        )
