"""Keep what a renewal paid: terms, differences of upgrades, and what fits neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.database import db
from portal.domain.money import Money
from portal.domain.permissions import SYSTEM
from portal.models.billing import Payment
from portal.models.changes import SponsorshipChange
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import PaymentSeen, RenewalSeen
from portal.services.billing.online_invoices import find_billed
from portal.services.books.payment_postings import post_fees
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.open_changes import find_change_paid_by
from portal.services.sponsorship.sponsorships import add_payment, note_event

# A processor may take the money moments before it notes the start of the term it pays.
EARLY = timedelta(hours=1)


def keep_payments(
    sponsorship: Sponsorship,
    renewal: RenewalSeen,
    payments: Sequence[PaymentSeen],
    price: Money,
    *,
    now: datetime,
) -> list[Payment]:
    """Keep the payments that are new to us; returns those that match what was sold.

    Payments of invoices that we issued are kept with those.
    """
    known = set(
        db.session.scalars(
            select(Payment.processor_payment_id).where(
                Payment.processor == sponsorship.processor,
                Payment.processor_payment_id.in_([seen.payment_id for seen in payments]),
            )
        )
    )
    known |= find_billed(payments)
    kept = []
    for seen in (seen for seen in payments if seen.payment_id not in known):
        change = find_change_paid_by(sponsorship.id, seen.invoice_id, seen.money)
        if change is not None:
            kept += _keep_difference(sponsorship, change, seen, now=now)
            continue
        starts_at, ends_at = renewal.term_starts_at, renewal.term_ends_at
        if seen.paid_at < starts_at - EARLY:
            starts_at, ends_at = sponsorship.term_ends_at or starts_at, starts_at
        as_sold = seen.money == price
        row = add_payment(sponsorship, seen, starts_at, ends_at, now=now, as_sold=as_sold)
        if as_sold:
            kept.append(row)
        else:
            _note_mismatch(sponsorship, price, seen.money, "A renewal", now=now)
    post_fees(sponsorship, payments, now=now)
    db.session.flush()
    return kept


def _keep_difference(
    sponsorship: Sponsorship, change: SponsorshipChange, seen: PaymentSeen, *, now: datetime
) -> list[Payment]:
    """Keep the payment of an upgrade's difference, for what remains of the term."""
    due = Money(change.due_minor, change.currency)
    ends_at = sponsorship.term_ends_at or seen.paid_at
    as_sold = seen.money == due
    row = add_payment(
        sponsorship,
        seen,
        change.effective_at,
        ends_at,
        now=now,
        as_sold=as_sold,
        tier=change.after,
    )
    if not as_sold:
        _note_mismatch(sponsorship, due, seen.money, "A change of the tier", now=now)
        return []
    db.session.flush()
    change.payment_id = row.id
    return [row]


def _note_mismatch(
    sponsorship: Sponsorship, price: Money, paid: Money, what: str, *, now: datetime
) -> None:
    note_event(
        sponsorship,
        "problem",
        amount_text(price),
        amount_text(paid),
        f"{what} paid {amount_text(paid)}, but the price is {amount_text(price)}; it extends"
        " nothing.",
        actor=SYSTEM,
        now=now,
    )
