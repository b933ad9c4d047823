"""Write payments that a processor reports, and its fees, into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.database import db
from portal.domain.ledger import Cause, Posting, card_payment, payment_on_credit, processor_fee
from portal.domain.permissions import SYSTEM
from portal.models.ledger import LedgerTransaction
from portal.models.sponsorship import Sponsorship
from portal.models.tiers import TierVersion
from portal.ports.payments import PaymentSeen
from portal.services.books.ledger import Occasion, find_transaction, post_transaction

_BY_PROCESSOR = "stripe"


def post_sale(
    sponsorship: Sponsorship, tier: TierVersion, seen: PaymentSeen, *, now: datetime
) -> None:
    """A tier was paid at once, as it was sold; harmless when repeated."""
    _post_payment(sponsorship, seen, card_payment(seen.money, tier_id=tier.tier_id), now=now)


def post_unmatched(sponsorship: Sponsorship, seen: PaymentSeen, *, now: datetime) -> None:
    """Money arrived that pays nothing as it was sold: the payer's credit until it is matched."""
    posting = payment_on_credit(seen.money, sponsorship.organization_id)
    _post_payment(sponsorship, seen, posting, now=now)


def post_stray(sponsorship: Sponsorship, seen: PaymentSeen, *, now: datetime) -> None:
    """A payment seen on a settled checkout: its fees if it is posted, else it is a second one."""
    if find_transaction(_key("payment", sponsorship, seen)) is None:
        post_unmatched(sponsorship, seen, now=now)
    else:
        post_fees(sponsorship, [seen], now=now)


def find_payer(payment_id: str) -> Sponsorship | None:
    """The sponsorship under which a processor's payment stands in the ledger."""
    return db.session.scalar(
        select(Sponsorship)
        .join(LedgerTransaction, LedgerTransaction.sponsorship_id == Sponsorship.id)
        .where(LedgerTransaction.key == f"payment:{_BY_PROCESSOR}:{payment_id}")
    )


def post_fees(sponsorship: Sponsorship, payments: Sequence[PaymentSeen], *, now: datetime) -> None:
    """Post the fees that are known by now and not posted yet; a processor may name them late."""
    fees = {_key("fee", sponsorship, seen): seen for seen in payments if seen.fee is not None}
    if not fees:
        return
    posted = db.session.scalars(
        select(LedgerTransaction.key).where(LedgerTransaction.key.in_(fees))
    ).all()
    for key, seen in fees.items():
        if seen.fee is not None and seen.fee.amount_minor and key not in posted:
            post_transaction(
                sponsorship.project_id,
                processor_fee(seen.fee),
                key=key,
                cause=Cause.FEE,
                actor=SYSTEM,
                now=now,
                occasion=_occasion(sponsorship, seen),
            )


def _post_payment(
    sponsorship: Sponsorship, seen: PaymentSeen, posting: Posting, *, now: datetime
) -> None:
    post_transaction(
        sponsorship.project_id,
        posting,
        key=_key("payment", sponsorship, seen),
        cause=Cause.PAYMENT,
        actor=SYSTEM,
        now=now,
        occasion=_occasion(sponsorship, seen),
    )
    post_fees(sponsorship, [seen], now=now)


def _key(event: str, sponsorship: Sponsorship, seen: PaymentSeen) -> str:
    return f"{event}:{sponsorship.processor}:{seen.payment_id}"


def _occasion(sponsorship: Sponsorship, seen: PaymentSeen) -> Occasion:
    return Occasion(at=seen.paid_at, reference=seen.payment_id, sponsorship_id=sponsorship.id)
