"""What the pages of a change show: the tiers one could move to, and what moving does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select

from portal.database import db
from portal.domain.changes import (
    LIVE_CHANGE,
    ChangeKind,
    ChangeState,
    Proration,
    Standing,
    change_obstacles,
    kind_of_change,
    prorate,
)
from portal.domain.documents import BILLED_CHANGE, OPEN_STATES
from portal.domain.errors import NotFound, Obstacle
from portal.domain.money import Money
from portal.domain.permissions import Actor, Permission, may
from portal.domain.sponsorship import GOOD_STANDING, Offer, offer_obstacles
from portal.domain.tiers import TierTerms
from portal.models.changes import SponsorshipChange
from portal.models.documents import Document, DocumentStanding, next_invoice
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import Tier, TierVersion
from portal.queries.sponsorship.sponsorships import (
    SponsorshipPage,
    find_sponsorship_page,
    is_disputed,
)
from portal.queries.weights.electorate import find_share_with


@dataclass(frozen=True, slots=True)
class LiveChange:
    """A change that is on its way.

    What it still costs stands on ``invoice``, the reference of ours, or else at ``pay_url``.
    """

    kind: ChangeKind
    state: ChangeState
    tier_name: str
    price: Money
    voting_weight: int
    effective_at: datetime
    due: Money
    pay_url: str
    invoice: str | None


@dataclass(frozen=True, slots=True)
class ChangeChoice:
    """A tier one could move to, which way, and why not."""

    slug: str
    version: int
    terms: TierTerms
    kind: ChangeKind
    current: bool
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A running sponsorship with all the tiers of its project."""

    sponsorship: SponsorshipPage
    choices: tuple[ChangeChoice, ...]
    live: LiveChange | None


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What moving to one tier does: in money, and in share of the vote.

    ``proration`` is None where the change begins with the next term, on ``effective_at``.
    """

    sponsorship: SponsorshipPage
    choice: ChangeChoice
    proration: Proration | None
    effective_at: datetime
    share_now: Fraction
    share_then: Fraction


def find_change_page(
    actor: Actor, organization_id: int, reference: str, *, now: datetime
) -> ChangePage:
    """The tiers a sponsorship could move to; refuses another organization's sponsorship."""
    page = find_sponsorship_page(actor, organization_id, reference, now=now)
    row, live = _get(reference)
    standing = _standing(actor, row, live)
    versions = db.session.execute(
        select(TierVersion, Tier)
        .join(Tier, Tier.id == TierVersion.tier_id)
        .where(
            Tier.project_id == row.project_id,
            Tier.archived_at.is_(None),
            TierVersion.number
            == select(func.max(TierVersion.number))
            .where(TierVersion.tier_id == Tier.id)
            .correlate(Tier)
            .scalar_subquery(),
        )
        .order_by(Tier.position)
    ).all()
    choices = tuple(
        _choice(standing, row, version, tier, now=now)
        for version, tier in versions
        if version.audience is row.tier_snapshot.audience
    )
    return ChangePage(page, choices, _live(live))


def find_change_preview(
    actor: Actor, organization_id: int, reference: str, tier_slug: str, *, now: datetime
) -> ChangePreview:
    """What moving to one tier does; refuses a tier that is not among the choices."""
    page = find_change_page(actor, organization_id, reference, now=now)
    choice = next((each for each in page.choices if each.slug == tier_slug), None)
    row, _live_change = _get(reference)
    starts_at, ends_at = row.term_starts_at, row.term_ends_at
    if choice is None or starts_at is None or ends_at is None:
        raise NotFound("tier")
    upgrade = choice.kind is ChangeKind.UPGRADE and starts_at <= now < ends_at
    proration = None
    if upgrade and choice.terms.price.currency == page.sponsorship.terms.price.currency:
        proration = prorate(
            page.sponsorship.terms.price,
            choice.terms.price,
            term_starts_at=starts_at,
            term_ends_at=ends_at,
            at=now,
            by_card=page.sponsorship.charged,
        )
    share = find_share_with(
        row.project_id,
        organization_id,
        voting_weight=choice.terms.voting_weight,
        audience=choice.terms.audience,
        now=now,
    )
    return ChangePreview(
        sponsorship=page.sponsorship,
        choice=choice,
        proration=proration,
        effective_at=now if proration else ends_at,
        share_now=share.now,
        share_then=share.then,
    )


def find_live_change(reference: str) -> LiveChange | None:
    """The change of a sponsorship that is on its way, for its page."""
    return _live(_get(reference)[1])


def _get(reference: str) -> tuple[Sponsorship, SponsorshipChange | None]:
    row = db.session.scalar(select(Sponsorship).where(Sponsorship.reference == reference))
    if row is None:
        raise NotFound("sponsorship")
    live = db.session.scalar(
        select(SponsorshipChange).where(
            SponsorshipChange.sponsorship_id == row.id, SponsorshipChange.state.in_(LIVE_CHANGE)
        )
    )
    return row, live


def _standing(actor: Actor, row: Sponsorship, live: SponsorshipChange | None) -> Standing:
    blocks = live is not None and live.kind is not ChangeKind.REPRICE
    return Standing(
        may_change=may(
            actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, organization_id=row.organization_id
        ),
        term=row.term,
        terms=row.tier_snapshot.terms,
        renews=row.renews,
        ends=row.cancel_at_term_end,
        disputed=is_disputed(row.id),
        billed=db.session.scalar(next_invoice(row)) is not None,
        live=f"A change to {live.after.name} is on its way." if live and blocks else None,
    )


def _choice(
    standing: Standing, row: Sponsorship, version: TierVersion, tier: Tier, *, now: datetime
) -> ChangeChoice:
    terms, snapshot = version.terms, row.tier_snapshot
    current = version.id == snapshot.id
    offer = Offer(
        audience=terms.audience,
        capacity=terms.capacity,
        taken=0 if terms.capacity is None else _count_taken(tier.id, besides=row.id),
        sold_from=terms.sold_from,
        sold_until=terms.sold_until,
        archived=tier.archived_at is not None,
    )
    return ChangeChoice(
        slug=tier.slug,
        version=version.number,
        terms=terms,
        kind=kind_of_change(snapshot.terms, terms),
        current=current,
        obstacles=()
        if current
        else (
            *change_obstacles(standing, terms, same_tier=snapshot.tier_id == tier.id),
            *offer_obstacles(offer, today=now.date()),
        ),
    )


def _count_taken(tier_id: int, *, besides: int) -> int:
    """Places held by others: running, or on their way by a change."""
    moving = (
        select(SponsorshipChange.sponsorship_id)
        .join(TierVersion, TierVersion.id == SponsorshipChange.after_id)
        .where(SponsorshipChange.state.in_(LIVE_CHANGE), TierVersion.tier_id == tier_id)
    )
    versions = select(TierVersion.id).where(TierVersion.tier_id == tier_id)
    count = db.session.scalar(
        select(func.count())
        .select_from(Sponsorship)
        .where(
            Sponsorship.id != besides,
            Sponsorship.term.in_(GOOD_STANDING),
            Sponsorship.tier_snapshot_id.in_(versions) | Sponsorship.id.in_(moving),
        )
    )
    return count or 0


def _live(row: SponsorshipChange | None) -> LiveChange | None:
    """What is to be told of a change; nothing, where only the processor has to follow."""
    if row is None or row.after_id == row.sponsorship.tier_snapshot_id:
        return None
    return LiveChange(
        kind=row.kind,
        state=row.state,
        tier_name=row.after.name,
        price=Money(row.after.price_minor, row.after.currency),
        voting_weight=row.after.voting_weight,
        effective_at=row.effective_at,
        due=Money(row.due_minor, row.currency),
        pay_url=row.pay_url if row.state is ChangeState.WAITING else "",
        invoice=db.session.scalar(
            select(Document.reference)
            .join(DocumentStanding, DocumentStanding.document_id == Document.id)
            .where(
                Document.occasion == f"{BILLED_CHANGE}{row.reference}",
                DocumentStanding.state.in_(OPEN_STATES),
            )
        ),
    )
