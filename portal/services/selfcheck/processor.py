"""Checks against the processor: what it says was paid is what the ledger holds, and not more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import Refusal
from portal.domain.ledger import CASH, Cause
from portal.domain.money import Money
from portal.models.billing import Checkout
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import PaymentGateway, PaymentSeen
from portal.services.selfcheck.findings import Check, Circumstances, Finding, NotChecked
from portal.services.sponsorship.letters import amount_text

_CHECKOUTS = timedelta(days=35)


def _compare(circumstances: Circumstances) -> Iterator[Finding]:
    """Look at the new checkouts and at every renewal that has ever begun here."""
    gateway = circumstances.gateway
    if gateway is None:
        raise NotChecked("The processor was not asked.")
    for seen in gateway.list_checkouts(since=circumstances.now - _CHECKOUTS):
        if seen.payment is not None:
            project_id = _project_of(seen.reference)
            if project_id is not None:
                yield from _differences(gateway, project_id, [seen.payment])
    renewals = db.session.execute(
        select(Sponsorship.id, Sponsorship.project_id, Sponsorship.renewal_id)
        .where(Sponsorship.renewal_id.is_not(None), Sponsorship.processor == gateway.name)
        .order_by(Sponsorship.id)
    )
    for sponsorship_id, project_id, renewal_id in renewals.all():
        try:
            payments = gateway.list_payments(renewal_id or "")
        except Refusal:
            yield Finding(project_id, f"The processor does not know the renewal {renewal_id}.")
            continue
        yield from _differences(gateway, project_id, payments)
        yield from _unknown(gateway, sponsorship_id, project_id, payments)


def _project_of(reference: str | None) -> int | None:
    """The project of our own checkout; None for one that is not ours."""
    return db.session.scalar(
        select(Sponsorship.project_id)
        .join(Checkout, Checkout.sponsorship_id == Sponsorship.id)
        .where(Checkout.reference == reference)
    )


def _differences(
    gateway: PaymentGateway, project_id: int, payments: Sequence[PaymentSeen]
) -> Iterator[Finding]:
    """Payments at the processor that are not in the ledger, or with another amount."""
    keys = {f"payment:{gateway.name}:{seen.payment_id}": seen for seen in payments}
    rows = db.session.execute(
        select(
            LedgerTransaction.key, LedgerTransaction.currency, func.sum(LedgerEntry.amount_minor)
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(
            LedgerTransaction.key.in_(keys),
            LedgerTransaction.project_id == project_id,
            LedgerEntry.account.in_(CASH),
        )
        .group_by(LedgerTransaction.key, LedgerTransaction.currency)
    )
    posted = {key: Money(int(amount), currency) for key, currency, amount in rows}
    for key, seen in keys.items():
        if posted.get(key) != seen.money:
            held = amount_text(posted[key]) if key in posted else "nothing"
            yield Finding(
                project_id,
                f"The processor took {amount_text(seen.money)} as {seen.payment_id};"
                f" the ledger holds {held}.",
            )


def _unknown(
    gateway: PaymentGateway, sponsorship_id: int, project_id: int, payments: Sequence[PaymentSeen]
) -> Iterator[Finding]:
    """Payments of a renewal in the ledger that the processor does not know."""
    posted = db.session.scalars(
        select(LedgerTransaction.reference).where(
            LedgerTransaction.sponsorship_id == sponsorship_id,
            LedgerTransaction.cause == Cause.PAYMENT,
            LedgerTransaction.key.startswith(f"payment:{gateway.name}:", autoescape=True),
        )
    )
    known = {seen.payment_id for seen in payments}
    for payment_id in posted:
        if payment_id not in known and not _is_known(gateway, payment_id):
            yield Finding(project_id, f"The processor does not know the payment {payment_id}.")


def _is_known(gateway: PaymentGateway, payment_id: str) -> bool:
    """A payment outside the renewal: of an upgrade, or on a second page."""
    try:
        gateway.get_payment(payment_id)
    except Refusal:
        return False
    return True


PROCESSOR_CHECKS = (
    Check(
        "processor.payments",
        "What the processor says was paid stands in the ledger, and nothing else.",
        _compare,
    ),
)
