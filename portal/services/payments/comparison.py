"""What does not match between the processor's lists and our rows, kind by kind; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.database import db
from portal.domain.changes import LIVE_CHANGE
from portal.domain.ledger import Account, Cause
from portal.domain.money_back import RefundStanding
from portal.domain.reconciliation import FindingKind
from portal.domain.sponsorship import GOOD_STANDING, Term
from portal.models.billing import Checkout, CheckoutStatus, Payment, ProcessorEvent
from portal.models.changes import SponsorshipChange
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.money_back import Dispute, Refund
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import (
    CheckoutSeen,
    CheckoutState,
    DisputeSeen,
    DisputeState,
    InvoiceSeen,
    PaymentSeen,
    RefundSeen,
    RefundState,
    RenewalSeen,
    RenewalState,
)
from portal.services.books.payment_postings import find_payer
from portal.services.payments.processor_events import MOST_ATTEMPTS
from portal.services.sponsorship.letters import amount_text
from portal.services.sponsorship.sponsorships import price_of

_BY_PROCESSOR = "stripe"
# Younger objects may be on their way to us, and at the rim of a list clocks differ.
_FRESH = timedelta(hours=1)
_RIM = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not match; the tier's reference tells the project where we cannot."""

    kind: FindingKind
    key: str
    sentence: str
    project_id: int | None = None
    tier_reference: str | None = None


def compare_checkouts(seen: Sequence[CheckoutSeen]) -> Iterator[Mismatch]:
    """Paid checkouts that we never opened, and those that were not paid as sold."""
    paid = {one.reference or one.checkout_id: one for one in seen if one.payment is not None}
    known = set(db.session.scalars(select(Checkout.reference).where(Checkout.reference.in_(paid))))
    for reference, one in paid.items():
        if reference not in known and one.state is CheckoutState.COMPLETE and one.payment:
            yield Mismatch(
                FindingKind.CHECKOUT_UNKNOWN,
                one.checkout_id,
                f"{amount_text(one.payment.money)} was paid by checkout {one.checkout_id}, which"
                " this portal did not open.",
                tier_reference=one.renewal.tier_reference if one.renewal else None,
            )
    wrong = select(Checkout).where(Checkout.status == CheckoutStatus.MISMATCHED)
    for row in db.session.scalars(wrong):
        if not _has_credit(row.sponsorship):
            continue
        yield Mismatch(
            FindingKind.CHECKOUT_NOT_AS_SOLD,
            row.reference,
            f"{row.sponsorship.organization.name}: {row.problem}",
            row.sponsorship.project_id,
        )


def compare_renewals(seen: Sequence[RenewalSeen], *, now: datetime) -> Iterator[Mismatch]:
    """Charges without a sponsorship, sponsorships without a charge, and other prices."""
    del now
    rows = {
        row.renewal_id: row
        for row in db.session.scalars(
            select(Sponsorship).where(
                Sponsorship.renewal_id.is_not(None), Sponsorship.processor == _BY_PROCESSOR
            )
        )
    }
    changing = set(
        db.session.scalars(
            select(SponsorshipChange.sponsorship_id).where(SponsorshipChange.state.in_(LIVE_CHANGE))
        )
    )
    charging = {one.renewal_id: one for one in seen if one.state is not RenewalState.ENDED}
    for renewal_id, one in charging.items():
        row = rows.get(renewal_id)
        if row is None:
            yield _of_renewal(
                FindingKind.RENEWAL_UNKNOWN, one, "belongs to no sponsorship here", None
            )
        elif row.term not in (*GOOD_STANDING, Term.PENDING) and not one.cancel_at_term_end:
            yield _of_renewal(
                FindingKind.RENEWAL_STILL_CHARGED, one, f"goes on, but {_name(row)} is over", row
            )
        elif one.price != price_of(row) and row.id not in changing:
            yield _of_renewal(
                FindingKind.RENEWAL_OTHER_PRICE,
                one,
                f"is not {amount_text(price_of(row))}, the price of {_name(row)}",
                row,
            )
    for row in rows.values():
        lost = row.renewal_id not in charging and not row.cancel_at_term_end
        if row.term in GOOD_STANDING and lost:
            yield Mismatch(
                FindingKind.RENEWAL_NOT_CHARGED,
                row.renewal_id or "",
                f"{_name(row)} is to renew, but the processor no longer charges for it.",
                row.project_id,
            )


def compare_payments(
    checkouts: Sequence[CheckoutSeen],
    invoices: Sequence[InvoiceSeen],
    *,
    since: datetime,
    now: datetime,
) -> Iterator[Mismatch]:
    """Money that the processor took and we do not know, and money we know that it did not take."""
    taken: dict[str, PaymentSeen] = {}
    for one in checkouts:
        if one.payment is not None:
            taken[one.payment.payment_id] = one.payment
    for invoice in invoices:
        taken |= {payment.payment_id: payment for payment in invoice.payments}
    ours = {
        row.processor_payment_id: row
        for row in db.session.scalars(
            select(Payment).where(
                Payment.processor == _BY_PROCESSOR,
                Payment.paid_at >= since - _RIM,
            )
        )
    }
    posted = _posted(Cause.PAYMENT, taken)
    for payment_id, payment in taken.items():
        fresh = payment.paid_at > now - _FRESH
        if payment_id not in ours and payment_id not in posted and not fresh:
            yield Mismatch(
                FindingKind.PAYMENT_UNKNOWN,
                payment_id,
                f"{amount_text(payment.money)} came in at the processor as {payment_id}, and is"
                " not in the ledger.",
            )
    for payment_id, row in ours.items():
        if payment_id not in taken and row.paid_at >= since + _RIM:
            yield Mismatch(
                FindingKind.PAYMENT_MISSING,
                payment_id,
                f"The processor does not list {payment_id}, which {_name(row.sponsorship)} is said"
                " to have paid.",
                row.sponsorship.project_id,
            )


def compare_refunds(
    seen: Sequence[RefundSeen], *, since: datetime, now: datetime
) -> Iterator[Mismatch]:
    """Money that went back there and not here, and the other way round."""
    del now
    gone = {one.refund_id: one for one in seen if one.state is RefundState.SUCCEEDED}
    known = set(
        db.session.scalars(
            select(Refund.processor_refund_id).where(Refund.processor_refund_id.in_(gone))
        )
    )
    posted = _posted(Cause.REFUND, gone)
    for refund_id, one in gone.items():
        if refund_id not in known and refund_id not in posted:
            yield Mismatch(
                FindingKind.REFUND_UNKNOWN,
                refund_id,
                f"{amount_text(one.money)} of {one.payment_id} went back at the processor, and is"
                " not in the ledger.",
            )
    done = select(Refund).where(
        Refund.state == RefundStanding.DONE,
        Refund.processor_refund_id.is_not(None),
        Refund.settled_at >= since + _RIM,
    )
    for row in db.session.scalars(done):
        if row.processor_refund_id not in gone:
            yield Mismatch(
                FindingKind.REFUND_MISSING,
                row.reference,
                f"The processor does not list the refund {row.reference} of"
                f" {_name(row.payment.sponsorship)}.",
                row.payment.sponsorship.project_id,
            )


def compare_disputes(seen: Sequence[DisputeSeen]) -> Iterator[Mismatch]:
    """Money that a bank took back from us, of payments we do not know."""
    taken = {
        one.dispute_id: one for one in seen if one.state in (DisputeState.OPEN, DisputeState.LOST)
    }
    known = set(
        db.session.scalars(
            select(Dispute.processor_dispute_id).where(Dispute.processor_dispute_id.in_(taken))
        )
    )
    for dispute_id, one in taken.items():
        if dispute_id in known:
            continue
        payer = find_payer(one.payment_id)
        if payer is not None and one.state is DisputeState.OPEN:
            yield Mismatch(
                FindingKind.DISPUTE_UNKNOWN,
                dispute_id,
                f"{payer.organization.name}: {amount_text(one.money)} of {one.payment_id}, a"
                " payment that bought nothing, is disputed.",
                payer.project_id,
            )
        elif payer is None:
            yield Mismatch(
                FindingKind.DISPUTE_UNKNOWN,
                dispute_id,
                f"{amount_text(one.money)} of {one.payment_id} is disputed, and is not in the"
                " ledger.",
            )


def find_given_up(*, since: datetime) -> Iterator[Mismatch]:
    """Events that could not be handled however often they were tried."""
    rows = db.session.scalars(
        select(ProcessorEvent).where(
            ProcessorEvent.received_at >= since,
            ProcessorEvent.problem != "",
            ProcessorEvent.handled_at.is_not(None) | (ProcessorEvent.attempts >= MOST_ATTEMPTS),
        )
    )
    for row in rows:
        yield Mismatch(
            FindingKind.EVENT_GIVEN_UP,
            row.external_id,
            f"The event {row.kind} could not be handled: {row.problem}",
        )


def _has_credit(row: Sponsorship) -> bool:
    """Whether the payer still has credit: what did not match was neither used nor given back."""
    balances = (
        select(func.sum(LedgerEntry.amount_minor))
        .where(
            LedgerEntry.project_id == row.project_id,
            LedgerEntry.account == Account.CREDIT,
            LedgerEntry.organization_id == row.organization_id,
        )
        .group_by(LedgerEntry.currency)
    )
    return any(balance < 0 for balance in db.session.scalars(balances))


def _of_renewal(
    kind: FindingKind, one: RenewalSeen, what: str, row: Sponsorship | None
) -> Mismatch:
    return Mismatch(
        kind,
        one.renewal_id,
        f"The charge of {amount_text(one.price)} under {one.renewal_id} {what}.",
        row.project_id if row else None,
        one.tier_reference,
    )


def _posted(cause: Cause, ids: dict[str, PaymentSeen] | dict[str, RefundSeen]) -> set[str]:
    """Which of the processor's ids stand in the ledger by themselves."""
    keys = {f"{cause}:{_BY_PROCESSOR}:{each}": each for each in ids}
    found = db.session.scalars(select(LedgerTransaction.key).where(LedgerTransaction.key.in_(keys)))
    return {keys[key] for key in found}


def _name(row: Sponsorship) -> str:
    return f"{row.organization.name}'s sponsorship"
