"""Settle a checkout: keep what the processor answers, and bring our rows to what it says.

``converge_checkout`` is the one way in, whoever asks: the payer's return, an event, a sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.domain.sponsorship import (
    Term,
)
from portal.domain.tiers import Interval
from portal.models.billing import Checkout, CheckoutStatus, Payment
from portal.ports.payments import CheckoutOpened, CheckoutSeen, CheckoutState, PaymentSeen
from portal.services.audit import record_change
from portal.services.books.payment_postings import post_fees, post_stray, post_unmatched
from portal.services.sponsorship.checkouts import LIVE, StartedCheckout, as_started
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.payment_mail import mail_mismatch
from portal.services.sponsorship.sponsorships import activate, lock_sponsorship

# Processors forget idempotency keys after a day: later, a repeated call could open a second page.
_KEY_LIVES = timedelta(hours=23)


def record_opened(reference: str, opened: CheckoutOpened) -> str:
    """Keep the processor's page; returns its address, also if an event was quicker."""
    checkout = _lock_checkout(Checkout.reference == reference)
    if checkout is None:
        raise NotFound("checkout")
    if checkout.status is CheckoutStatus.STARTED:
        checkout.status = CheckoutStatus.OPEN
    if checkout.processor_checkout_id in (None, opened.checkout_id):
        checkout.processor_checkout_id = opened.checkout_id
        checkout.url, checkout.expires_at = opened.url, opened.expires_at
    return opened.url


def abandon_checkout(reference: str, problem: str, *, now: datetime) -> None:
    """Close a checkout that never got a page, because the processor refused it for good."""
    checkout = _lock_checkout(Checkout.reference == reference)
    if checkout is not None and checkout.status is CheckoutStatus.STARTED:
        _close(checkout, CheckoutStatus.EXPIRED, problem, now=now)


def converge_checkout(seen: CheckoutSeen, *, site: str, now: datetime) -> bool:
    """Bring our rows to what the processor says of a checkout; harmless when repeated.

    Activates once the payment is there and equals the tier snapshot in amount and currency; what
    differs is kept as mismatched, audited and told to the treasurer. False if it is not ours.
    """
    checkout = _lock_checkout(
        (Checkout.processor_checkout_id == seen.checkout_id)
        if seen.reference is None
        else (Checkout.reference == seen.reference)
    )
    if checkout is None:
        return False
    if checkout.processor_checkout_id is None:
        checkout.processor_checkout_id = seen.checkout_id
    if checkout.status in (CheckoutStatus.COMPLETED, CheckoutStatus.MISMATCHED):
        if seen.payment is not None:
            post_stray(checkout.sponsorship, seen.payment, now=now)
        return True
    if seen.state is CheckoutState.EXPIRED and checkout.status in LIVE:
        _close(checkout, CheckoutStatus.EXPIRED, "The page was left without paying.", now=now)
    elif seen.state is CheckoutState.COMPLETE and seen.payment is not None:
        problem = _mismatch(checkout, seen)
        if problem:
            _close(checkout, CheckoutStatus.MISMATCHED, problem, now=now)
            post_unmatched(checkout.sponsorship, seen.payment, now=now)
            mail_mismatch(checkout, site=site, now=now)
        else:
            checkout.status = CheckoutStatus.COMPLETED
            # Before anything is read again: the live checkout makes room for what follows.
            db.session.flush()
            activate(checkout.sponsorship, seen, seen.payment, site=site, now=now)
    return True


def converge_payment(seen: PaymentSeen, *, now: datetime) -> bool:
    """Post the fee of a payment as soon as the processor names it; False if it is not known yet.

    A payment becomes known by its checkout, renewal or invoice, which say what it was for.
    """
    row = db.session.scalar(select(Payment).where(Payment.processor_payment_id == seen.payment_id))
    if row is None:
        return False
    post_fees(lock_sponsorship(row.sponsorship_id), [seen], now=now)
    return True


def find_unsettled(seen: Sequence[CheckoutSeen]) -> list[str]:
    """Processor's ids of checkouts that were paid there and that we hold to be unpaid."""
    paid = {one.reference: one.checkout_id for one in seen if one.payment and one.reference}
    rows = db.session.scalars(
        select(Checkout.reference).where(
            Checkout.reference.in_(paid),
            Checkout.status.not_in((CheckoutStatus.COMPLETED, CheckoutStatus.MISMATCHED)),
        )
    )
    return [paid[reference] for reference in rows]


def find_unanswered(*, site: str, now: datetime, age: timedelta) -> list[StartedCheckout]:
    """Checkouts older than ``age`` whose call was never answered, while its key still holds."""
    return [
        as_started(checkout, site)
        for checkout in _live(CheckoutStatus.STARTED)
        if now - _KEY_LIVES < checkout.started_at <= now - age
    ]


def find_forgotten(*, now: datetime) -> list[str]:
    """References of checkouts that never got an answer and are too old to ask again."""
    return [
        checkout.reference
        for checkout in _live(CheckoutStatus.STARTED)
        if checkout.started_at <= now - _KEY_LIVES
    ]


def find_open(*, now: datetime, age: timedelta) -> list[tuple[str, bool]]:
    """Processor's ids of open checkouts older than ``age``, and whether each is still wanted.

    One is unwanted when its sponsorship has begun through another: nobody shall pay twice.
    """
    return [
        (checkout.processor_checkout_id, checkout.sponsorship.term is Term.PENDING)
        for checkout in _live(CheckoutStatus.OPEN)
        if checkout.processor_checkout_id is not None and checkout.started_at <= now - age
    ]


def _mismatch(checkout: Checkout, seen: CheckoutSeen) -> str:
    """What is wrong with a paid checkout, in a sentence; empty if all is as sold."""
    snapshot = checkout.tier_snapshot
    price = Money(snapshot.price_minor, snapshot.currency)
    if seen.payment is not None and seen.payment.money != price:
        return f"{amount_text(seen.payment.money)} was paid, {amount_text(price)} is the price."
    if (seen.renewal is None) is not (snapshot.interval is Interval.ONE_TIME):
        return "What was paid does not renew as the tier does."
    if seen.renewal is not None and seen.renewal.price != price:
        return f"It renews at {amount_text(seen.renewal.price)}, not at {amount_text(price)}."
    if checkout.processor_checkout_id != seen.checkout_id:
        return f"It was paid on a second page of the processor, {seen.checkout_id}."
    if checkout.sponsorship.term is not Term.PENDING:
        return "The sponsorship had begun by another payment: this one is paid twice."
    return ""


def _close(checkout: Checkout, status: CheckoutStatus, problem: str, *, now: datetime) -> None:
    checkout.status, checkout.problem = status, problem[:300]
    sponsorship = checkout.sponsorship
    record_change(
        f"checkout:payment:{status}",
        f"Checkout of {sponsorship.organization.name} for {checkout.tier_snapshot.name}: {problem}",
        actor=SYSTEM,
        now=now,
        organization_id=sponsorship.organization_id,
        project_id=sponsorship.project_id,
        details={"checkout": checkout.reference, "processor": checkout.processor_checkout_id},
    )


def _lock_checkout(criterion: ColumnElement[bool]) -> Checkout | None:
    """Lock a checkout by its sponsorship, which all of a purchase shares."""
    query = select(Checkout).where(criterion)
    found = db.session.scalar(query)
    if found is None:
        return None
    lock_sponsorship(found.sponsorship_id)
    return db.session.scalar(query, execution_options={"populate_existing": True})


def _live(status: CheckoutStatus) -> Sequence[Checkout]:
    return db.session.scalars(
        select(Checkout).where(Checkout.status == status).order_by(Checkout.id)
    ).all()
