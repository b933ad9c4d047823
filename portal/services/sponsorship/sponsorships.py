"""Move a sponsorship through its states: what every verb uses, activation, lapse and end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from portal.database import db
from portal.domain.documents import BANK
from portal.domain.errors import Conflict, NotFound
from portal.domain.money import Money
from portal.domain.money_back import DisputeStanding
from portal.domain.permissions import SYSTEM, Actor
from portal.domain.sponsorship import (
    CommercialAction,
    Publication,
    PublicationAction,
    Term,
    TermAction,
    add_terms,
    next_commercial,
    next_publication,
    next_term,
    seasoned_at,
)
from portal.models.billing import Payment
from portal.models.money_back import Dispute
from portal.models.organizations import Organization
from portal.models.projects import CharterVersion
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.models.tiers import TierVersion
from portal.ports.payments import CheckoutSeen, PaymentSeen
from portal.services.audit import record_change
from portal.services.books.payment_postings import post_sale, post_unmatched
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.payment_mail import mail_receipt
from portal.services.sponsorship.sponsorship_mail import mail_lapse, mail_new_sponsor
from portal.services.sponsorship.term_reminders import drop_reminders, plan_reminders


def lock_organization(organization_id: int) -> Organization:
    """Lock a buyer before anything of it is moved: others may refer to the row, not change it."""
    return db.session.get_one(
        Organization, organization_id, with_for_update={"key_share": True}, populate_existing=True
    )


def lock_sponsorship(sponsorship_id: int) -> Sponsorship:
    """Read a sponsorship as it is now, and keep others from moving it until the commit.

    Its organization is locked first: everybody locks in this order, so nobody waits in a circle.
    """
    owner = select(Sponsorship.organization_id).where(Sponsorship.id == sponsorship_id)
    lock_organization(db.session.scalars(owner).one())
    return db.session.get_one(
        Sponsorship, sponsorship_id, with_for_update=True, populate_existing=True
    )


def find_sponsorship(organization_id: int, reference: str) -> Sponsorship:
    """Lock an organization's sponsorship by its reference; refuses another organization's."""
    found = db.session.scalar(
        select(Sponsorship.id).where(
            Sponsorship.reference == reference, Sponsorship.organization_id == organization_id
        )
    )
    if found is None:
        raise NotFound("sponsorship")
    return lock_sponsorship(found)


def note_event(
    sponsorship: Sponsorship,
    dimension: str,
    before: str,
    after: str,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> SponsorshipEvent:
    """Keep one change of a sponsorship in its history, and in the audit list of both sides."""
    event = SponsorshipEvent(
        sponsorship_id=sponsorship.id,
        dimension=dimension,
        before=before,
        after=after,
        reason=reason[:300],
        actor=actor.name or "visitor",
        at=now,
    )
    db.session.add(event)
    record_change(
        f"sponsorship:{dimension}:{after}",
        f"{sponsorship.organization.name} at {sponsorship.project.name}: {reason}",
        actor=actor,
        now=now,
        organization_id=sponsorship.organization_id,
        project_id=sponsorship.project_id,
        details={"reference": sponsorship.reference, "before": before, "after": after},
    )
    return event


def activate(
    sponsorship: Sponsorship, seen: CheckoutSeen, payment: PaymentSeen, *, site: str, now: datetime
) -> None:
    """Begin the term that a completed checkout paid; the caller compared price and tier.

    Refuses by the state tables whatever is not pending, so that it happens once.
    """
    tier = sponsorship.tier_snapshot
    if seen.renewal is None:
        starts_at, ends_at = payment.paid_at, add_terms(payment.paid_at, tier.interval)
    else:
        starts_at, ends_at = seen.renewal.term_starts_at, seen.renewal.term_ends_at
    sponsorship.active_since = payment.paid_at
    sponsorship.term_starts_at, sponsorship.term_ends_at = starts_at, ends_at
    sponsorship.renewal_id = seen.renewal.renewal_id if seen.renewal else None
    move_term(sponsorship, TermAction.ACTIVATE, f"The term of {tier.name} has begun.", now=now)
    if sponsorship.organization.processor_payer_id is None:
        sponsorship.organization.processor_payer_id = seen.payer_id
    row = add_payment(sponsorship, payment, starts_at, ends_at, now=now)
    move_money(sponsorship, CommercialAction.PAY, f"Paid {_paid(payment)}.", now=now)
    if not sponsorship.is_private and sponsorship.publication is Publication.HIDDEN:
        move_publication(
            sponsorship,
            PublicationAction.SUBMIT,
            "Name, link and logo wait for approval.",
            actor=SYSTEM,
            now=now,
        )
    db.session.flush()
    plan_reminders(sponsorship, now=now)
    _stop_lapsed(sponsorship)
    mail_receipt(sponsorship, row, weight_from=weight_from(sponsorship), site=site, now=now)
    mail_new_sponsor(sponsorship, site=site, now=now)


def _stop_lapsed(sponsorship: Sponsorship) -> None:
    """Whoever comes back by a new purchase is not charged for the lapsed one as well."""
    lapsed = db.session.scalars(
        select(Sponsorship).where(
            Sponsorship.organization_id == sponsorship.organization_id,
            Sponsorship.project_id == sponsorship.project_id,
            Sponsorship.term == Term.LAPSED,
            Sponsorship.renewal_id.is_not(None),
        )
    )
    for each in lapsed:
        each.ends_renewal = True


def find_grace_over(*, now: datetime) -> list[int]:
    """Ids of sponsorships whose days of grace have run out."""
    return _ids(Sponsorship.term == Term.GRACE, Sponsorship.grace_ends_at <= now)


def lapse(sponsorship_id: int, *, site: str, now: datetime) -> None:
    """Let a sponsorship lapse once its grace is over; anything else stays as it is."""
    sponsorship = lock_sponsorship(sponsorship_id)
    over = sponsorship.grace_ends_at is not None and sponsorship.grace_ends_at <= now
    if sponsorship.term is not Term.GRACE or not over:
        return
    sponsorship.ended_at = sponsorship.grace_ends_at
    move_term(sponsorship, TermAction.LAPSE, "No payment arrived within the grace.", now=now)
    drop_reminders(sponsorship, now=now)
    mail_lapse(sponsorship, site=site, now=now)


def find_terms_over(*, now: datetime) -> list[int]:
    """Ids of active sponsorships that do not renew and whose term has passed."""
    return _ids(
        Sponsorship.term == Term.ACTIVE,
        Sponsorship.term_ends_at <= now,
        or_(
            Sponsorship.cancel_at_term_end,
            and_(Sponsorship.renewal_id.is_(None), Sponsorship.processor != BANK),
        ),
    )


def end_term(sponsorship_id: int, *, now: datetime) -> None:
    """End a sponsorship that does not renew once its term has passed; else nothing."""
    sponsorship = lock_sponsorship(sponsorship_id)
    renews = sponsorship.renews and not sponsorship.cancel_at_term_end
    over = sponsorship.term_ends_at is not None and sponsorship.term_ends_at <= now
    if sponsorship.term is not Term.ACTIVE or renews or not over:
        return
    sponsorship.ended_at = sponsorship.term_ends_at
    move_term(sponsorship, TermAction.END, "The paid term is over.", now=now)
    drop_reminders(sponsorship, now=now)


def move_publication(
    sponsorship: Sponsorship, action: PublicationAction, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Move the publication state by its table, and note why."""
    before = sponsorship.publication
    sponsorship.publication = next_publication(before, action)
    note_event(
        sponsorship, "publication", before, sponsorship.publication, reason, actor=actor, now=now
    )


def add_payment(
    sponsorship: Sponsorship,
    seen: PaymentSeen,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    as_sold: bool = True,
    tier: TierVersion | None = None,
) -> Payment:
    """Keep a payment as the processor reports it, with the term and tier it pays, and post it.

    What was not paid as it was sold becomes the payer's credit.
    """
    tier = tier or sponsorship.tier_snapshot
    row = Payment(
        sponsorship_id=sponsorship.id,
        tier_snapshot=tier,
        term_starts_at=starts_at,
        term_ends_at=ends_at,
        amount_minor=seen.money.amount_minor,
        currency=seen.money.currency,
        processor=sponsorship.processor,
        processor_payment_id=seen.payment_id,
        receipt_url=seen.receipt_url or "",
        paid_at=seen.paid_at,
    )
    db.session.add(row)
    if as_sold:
        post_sale(sponsorship, tier, seen, now=now)
    else:
        post_unmatched(sponsorship, seen, now=now)
    return row


def move_term(
    sponsorship: Sponsorship,
    action: TermAction,
    reason: str,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Move the term by its table, and note why."""
    before = sponsorship.term
    sponsorship.term = next_term(before, action)
    note_event(sponsorship, "term", before, sponsorship.term, reason, actor=actor, now=now)


def move_money(
    sponsorship: Sponsorship,
    action: CommercialAction,
    reason: str,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Move the commercial state by its table, and note why."""
    before = sponsorship.commercial
    sponsorship.commercial = next_commercial(before, action)
    note_event(
        sponsorship, "commercial", before, sponsorship.commercial, reason, actor=actor, now=now
    )


def get_charter(project_id: int) -> CharterVersion:
    """The charter in force: the version with the highest number."""
    return db.session.scalars(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    ).one()


def is_disputed(sponsorship_id: int) -> bool:
    """Whether a payment of a sponsorship is disputed and undecided."""
    found = select(Dispute.id).where(
        Dispute.sponsorship_id == sponsorship_id, Dispute.state == DisputeStanding.OPEN
    )
    return db.session.scalar(found.limit(1)) is not None


def weight_from(sponsorship: Sponsorship) -> datetime:
    """The instant from which a begun sponsorship carries weight, by today's charter."""
    since = sponsorship.active_since
    if since is None:
        raise Conflict("sponsorship.pending", "This sponsorship has not begun yet.")
    return seasoned_at(since, get_charter(sponsorship.project_id).seasoning_days)


def price_of(sponsorship: Sponsorship) -> Money:
    """What one term costs, by the tier snapshot."""
    tier = sponsorship.tier_snapshot
    return Money(tier.price_minor, tier.currency)


def _paid(payment: PaymentSeen) -> str:
    return amount_text(payment.money)


def _ids(*criteria: ColumnElement[bool]) -> list[int]:
    query = select(Sponsorship.id).where(*criteria).order_by(Sponsorship.id)
    return list(db.session.scalars(query))
