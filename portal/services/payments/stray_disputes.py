"""Disputes about money that bought nothing: the payer's credit, on which no standing rests."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from portal.domain.ledger import (
    Cause,
    correction,
    credit_disputed,
    dispute_opened,
    dispute_won,
    processor_fee,
)
from portal.domain.permissions import SYSTEM
from portal.ports.payments import DisputeSeen, DisputeState
from portal.services.billing.invoices import credit_of
from portal.services.books.ledger import Occasion, find_transaction, post_transaction, read_posting
from portal.services.books.payment_postings import find_payer
from portal.services.sponsorship.payment_mail import mail_stray_dispute
from portal.services.sponsorship.sponsorships import lock_sponsorship


def converge_stray_dispute(seen: DisputeSeen, *, site: str, now: datetime) -> bool:
    """Post a dispute of a payment that stands in the ledger alone; harmless when repeated.

    Lost, the money is no longer owed to the payer: the credit goes, as far as it is left. False
    if the ledger does not know the payment.
    """
    payer = find_payer(seen.payment_id)
    if payer is None:
        return False
    lock_sponsorship(payer.id)
    key = f"dispute:{seen.dispute_id}"
    post = partial(
        post_transaction,
        payer.project_id,
        actor=SYSTEM,
        now=now,
        occasion=Occasion(reference=seen.dispute_id, sponsorship_id=payer.id),
    )
    known = find_transaction(f"{key}:opened") is not None
    if not known and seen.state in (DisputeState.OPEN, DisputeState.LOST):
        post(dispute_opened(seen.money), key=f"{key}:opened", cause=Cause.DISPUTE)
        if seen.fee is not None and seen.fee.amount_minor:
            post(processor_fee(seen.fee), key=f"{key}:fee", cause=Cause.FEE)
        mail_stray_dispute(payer, seen.dispute_id, seen.money, site=site, now=now)
    if known and seen.state is DisputeState.WON:
        post(dispute_won(seen.money), key=f"{key}:won", cause=Cause.DISPUTE)
        fee = find_transaction(f"{key}:fee")
        if fee is not None and seen.fee is None:
            back = correction(read_posting(fee))
            post(back, key=f"{key}:fee_back", cause=Cause.CORRECTION)
    if seen.state is DisputeState.LOST and find_transaction(f"{key}:lost") is None:
        credit = credit_of(payer.project_id, payer.organization_id, seen.money.currency)
        gone = min(credit, seen.money, key=lambda money: money.amount_minor)
        if gone.amount_minor:
            lost = credit_disputed(gone, payer.organization_id)
            post(lost, key=f"{key}:lost", cause=Cause.DISPUTE)
    return True
