"""What an organization sees of its sponsorships: states, payments, receipts, what ending does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.database import db
from portal.domain.documents import OPEN_STATES
from portal.domain.errors import NotFound, Obstacle
from portal.domain.money import Money
from portal.domain.money_back import DisputeStanding, RefundStanding
from portal.domain.permissions import Actor, Permission, may
from portal.domain.sponsorship import (
    GOOD_STANDING,
    Collection,
    Commercial,
    Publication,
    Term,
    seasoned_at,
    voting_obstacles,
)
from portal.domain.tiers import Interval, TierTerms
from portal.models.billing import Checkout, CheckoutStatus, Payment
from portal.models.documents import Document, DocumentStanding, next_invoice
from portal.models.money_back import Dispute, Refund
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.models.tiers import TierVersion
from portal.queries.weights.electorate import disputed_now, find_share_with, get_charter

_SHOWN_EVENTS = 60


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What went back of a payment, and when: by a refund, or to the bank by a lost dispute."""

    money: Money
    at: datetime
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment with the term it paid, and what of it was given back."""

    id: int
    money: Money
    paid_at: datetime
    term_starts_at: datetime
    term_ends_at: datetime
    processor: str
    processor_payment_id: str
    tier_name: str
    given_back: tuple[GivenBack, ...]

    @property
    def gone(self) -> bool:
        """Whether all of it went back."""
        return sum(each.money.amount_minor for each in self.given_back) >= self.money.amount_minor


@dataclass(frozen=True, slots=True)
class EventLine:
    """One change of a state, as the history tells it."""

    at: datetime
    dimension: str
    after: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """A checkout that waits for its payment, or one that went wrong."""

    reference: str
    status: CheckoutStatus
    problem: str
    started_by: str
    started_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SponsorshipPage:
    """One sponsorship with its four states, what is paid, and what its reader may do.

    ``payments`` is None where the reader may not see them. ``voting`` lists why it carries no
    weight; empty means it does. ``weight_from`` is when seasoning is over, ``charged`` says that a
    processor renews it, ``owed_invoice`` is the reference of the one that a term in grace lacks.
    """

    reference: str
    organization_slug: str
    organization_name: str
    project_slug: str
    project_name: str
    tier_slug: str
    terms: TierTerms
    commercial: Commercial
    term: Term
    publication: Publication
    is_private: bool
    approved_name: str | None
    review_note: str
    voting: tuple[Obstacle, ...]
    weight_from: datetime | None
    term_starts_at: datetime | None
    term_ends_at: datetime | None
    grace_ends_at: datetime | None
    renews: bool
    cancel_at_term_end: bool
    checkout: OpenCheckout | None
    payments: tuple[PaymentLine, ...] | None
    events: tuple[EventLine, ...]
    may_cancel: bool
    may_edit: bool
    may_buy: bool
    collection: Collection = Collection.CARD
    charged: bool = False
    owed_invoice: str | None = None

    @property
    def next_payment_at(self) -> datetime | None:
        """When the card is charged again; None if it is not."""
        charged = self.renews and not self.cancel_at_term_end and self.term in GOOD_STANDING
        return self.term_ends_at if charged else None


@dataclass(frozen=True, slots=True)
class CancelPage:
    """What ending a sponsorship with its term takes away, and when."""

    sponsorship: SponsorshipPage
    share_now: Fraction
    share_then: Fraction


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """One payment with both parties, as a printable receipt shows them."""

    payment: PaymentLine
    reference: str
    project_name: str
    project_slug: str
    buyer_name: str
    buyer_slug: str
    buyer_address: str
    buyer_country: str
    buyer_tax_id: str
    interval: Interval


def find_sponsorship_page(
    actor: Actor, organization_id: int, reference: str, *, now: datetime
) -> SponsorshipPage:
    """One sponsorship of an organization; refuses another organization's.

    It takes six statements, and in grace a seventh.
    """
    row = _get(organization_id, reference)
    checkout = db.session.scalar(
        select(Checkout)
        .where(Checkout.sponsorship_id == row.id)
        .order_by(Checkout.id.desc())
        .limit(1)
    )
    events = db.session.scalars(
        select(SponsorshipEvent)
        .where(SponsorshipEvent.sponsorship_id == row.id)
        .order_by(SponsorshipEvent.id.desc())
        .limit(_SHOWN_EVENTS)
    )
    days = get_charter(row.project_id).seasoning_days
    terms, scope = row.tier_snapshot.terms, {"organization_id": organization_id}
    sees_payments = may(actor, Permission.ORGANIZATION_PAYMENTS_READ, **scope)
    return SponsorshipPage(
        reference=row.reference,
        organization_slug=row.organization.slug,
        organization_name=row.organization.name,
        project_slug=row.project.slug,
        project_name=row.project.name,
        tier_slug=row.tier_snapshot.tier.slug,
        terms=terms,
        commercial=row.commercial,
        term=row.term,
        publication=row.publication,
        is_private=row.is_private,
        approved_name=row.approved_name,
        review_note=row.review_note,
        voting=tuple(
            voting_obstacles(
                commercial=row.commercial,
                term=row.term,
                active_since=row.active_since,
                voting_weight=terms.voting_weight,
                seasoning_days=days,
                at=now,
                disputed=is_disputed(row.id),
            )
        ),
        weight_from=None if row.active_since is None else seasoned_at(row.active_since, days),
        term_starts_at=row.term_starts_at,
        term_ends_at=row.term_ends_at,
        grace_ends_at=row.grace_ends_at,
        renews=row.renews,
        cancel_at_term_end=row.cancel_at_term_end,
        checkout=None if checkout is None else _checkout(checkout),
        payments=_payments(row.id) if sees_payments else None,
        events=tuple(
            EventLine(event.at, event.dimension, event.after, event.reason, event.actor)
            for event in events
        ),
        may_cancel=may(actor, Permission.ORGANIZATION_SPONSORSHIP_CANCEL, **scope),
        may_edit=may(actor, Permission.ORGANIZATION_PROFILE_EDIT, **scope),
        may_buy=may(actor, Permission.ORGANIZATION_SPONSORSHIP_BUY, **scope),
        collection=row.collection,
        charged=row.renewal_id is not None,
        owed_invoice=_owed_invoice(row) if row.term is Term.GRACE else None,
    )


def find_cancel_page(
    actor: Actor, organization_id: int, reference: str, *, now: datetime
) -> CancelPage:
    """What ending a sponsorship with its term does to the organization's share of the vote."""
    page = find_sponsorship_page(actor, organization_id, reference, now=now)
    share = find_share_with(
        _get(organization_id, reference).project_id,
        organization_id,
        voting_weight=0,
        audience=page.terms.audience,
        now=now,
    )
    return CancelPage(page, share.now, share.then)


def find_receipt_page(organization_id: int, reference: str, payment_id: int) -> ReceiptPage:
    """One payment of an organization's sponsorship; refuses any other with ``NotFound``."""
    row = _get(organization_id, reference)
    payment = next((line for line in _payments(row.id) if line.id == payment_id), None)
    if payment is None:
        raise NotFound("receipt")
    buyer = row.organization
    return ReceiptPage(
        payment=payment,
        reference=row.reference,
        project_name=row.project.name,
        project_slug=row.project.slug,
        buyer_name=buyer.legal_name or buyer.name,
        buyer_slug=buyer.slug,
        buyer_address=buyer.address,
        buyer_country=buyer.country,
        buyer_tax_id=buyer.tax_id,
        interval=row.tier_snapshot.interval,
    )


def find_payer_return(organization_id: int, reference: str, checkout_reference: str) -> str | None:
    """The processor's id of the checkout that a payer comes back from; None if there is none."""
    return db.session.scalar(
        select(Checkout.processor_checkout_id)
        .join(Sponsorship, Sponsorship.id == Checkout.sponsorship_id)
        .where(
            Checkout.reference == checkout_reference,
            Sponsorship.reference == reference,
            Sponsorship.organization_id == organization_id,
        )
    )


def _owed_invoice(row: Sponsorship) -> str | None:
    open_ones = next_invoice(row).where(DocumentStanding.state.in_(OPEN_STATES))
    return db.session.scalar(open_ones.with_only_columns(Document.reference).limit(1))


def _get(organization_id: int, reference: str) -> Sponsorship:
    row = db.session.scalar(
        select(Sponsorship)
        .options(
            joinedload(Sponsorship.organization),
            joinedload(Sponsorship.project),
            joinedload(Sponsorship.tier_snapshot).joinedload(TierVersion.tier),
        )
        .where(Sponsorship.organization_id == organization_id, Sponsorship.reference == reference)
    )
    if row is None:
        raise NotFound("sponsorship")
    return row


def is_disputed(sponsorship_id: int) -> bool:
    """Whether a payment of a sponsorship is disputed and undecided."""
    found = select(Sponsorship.id).where(Sponsorship.id == sponsorship_id, disputed_now())
    return db.session.scalar(found) is not None


def _payments(sponsorship_id: int) -> tuple[PaymentLine, ...]:
    rows: Sequence[Payment] = db.session.scalars(
        select(Payment)
        .options(joinedload(Payment.tier_snapshot))
        .where(Payment.sponsorship_id == sponsorship_id)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
    ).all()
    given_back = _given_back(sponsorship_id)
    return tuple(
        PaymentLine(
            id=row.id,
            money=Money(row.amount_minor, row.currency),
            paid_at=row.paid_at,
            term_starts_at=row.term_starts_at,
            term_ends_at=row.term_ends_at,
            processor=row.processor,
            processor_payment_id=row.processor_payment_id,
            tier_name=row.tier_snapshot.name,
            given_back=tuple(given_back.get(row.id, ())),
        )
        for row in rows
    )


def _given_back(sponsorship_id: int) -> dict[int, list[GivenBack]]:
    refunds = db.session.scalars(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.sponsorship_id == sponsorship_id, Refund.state == RefundStanding.DONE)
        .order_by(Refund.id)
    )
    disputes = db.session.scalars(
        select(Dispute)
        .where(Dispute.sponsorship_id == sponsorship_id, Dispute.state == DisputeStanding.LOST)
        .order_by(Dispute.id)
    )
    found: dict[int, list[GivenBack]] = {}
    for row in refunds:
        back = GivenBack(Money(row.amount_minor, row.currency), row.settled_at or row.asked_at)
        found.setdefault(row.payment_id, []).append(back)
    for lost in disputes:
        taken = Money(lost.amount_minor, lost.currency)
        back = GivenBack(taken, lost.settled_at or lost.opened_at, disputed=True)
        found.setdefault(lost.payment_id, []).append(back)
    return found


def _checkout(row: Checkout) -> OpenCheckout:
    return OpenCheckout(
        row.reference, row.status, row.problem, row.started_by, row.started_at, row.expires_at
    )
