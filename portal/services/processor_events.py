"""The inbox of processor events: stored before they are handled, handled by looking again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.domain.errors import Refusal
from portal.models.billing import ProcessorEvent
from portal.ports.payments import (
    CheckoutSeen,
    EventSeen,
    PaymentGateway,
    PaymentSeen,
    RenewalSeen,
)
from portal.services.renewals import converge_renewal
from portal.services.settlement import converge_checkout

_MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What the processor says now of the objects that an event, or a sweep, points to."""

    checkout: CheckoutSeen | None = None
    renewal: RenewalSeen | None = None
    payments: tuple[PaymentSeen, ...] = ()


def store_event(source: str, event: EventSeen, *, livemode: bool, now: datetime) -> bool:
    """Put a verified event into the inbox; False if it is there already.

    Only ids are kept. Refuses an event of the other of test and live mode.
    """
    if event.livemode is not livemode:
        raise Refusal("webhook.livemode", "The event belongs to the other of test and live mode.")
    references = {"checkout": event.checkout_id, "renewal": event.renewal_id}
    row = ProcessorEvent(
        source=source,
        external_id=event.event_id,
        kind=event.kind,
        references={name: value for name, value in references.items() if value},
        received_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return False
    return True


def find_unhandled(*, now: datetime, limit: int = 200) -> list[tuple[int, dict[str, str]]]:
    """Events to handle now, oldest first, with the ids they point to; failures wait longer."""
    rows = db.session.scalars(
        select(ProcessorEvent)
        .where(ProcessorEvent.handled_at.is_(None), ProcessorEvent.attempts < _MOST_ATTEMPTS)
        .order_by(ProcessorEvent.id)
        .limit(limit)
    )
    return [
        (row.id, row.references)
        for row in rows
        if not row.attempts or row.received_at + timedelta(minutes=2**row.attempts) <= now
    ]


def look_at(gateway: PaymentGateway, references: dict[str, str]) -> Look:
    """Fetch the current objects from the processor; outside any transaction, since it may wait."""
    checkout = gateway.get_checkout(references["checkout"]) if "checkout" in references else None
    renewal_id = references.get("renewal")
    if checkout is not None and checkout.renewal is not None:
        renewal_id = checkout.renewal.renewal_id
    if renewal_id is None:
        return Look(checkout)
    # Payments after the renewal: a payment in between then counts for the term seen, or a later.
    renewal = gateway.get_renewal(renewal_id)
    return Look(checkout, renewal, tuple(gateway.list_payments(renewal_id)))


def converge(look: Look, *, site: str, now: datetime) -> None:
    """Bring our rows to what was seen: the checkout first, since it may begin the renewal."""
    if look.checkout is not None:
        converge_checkout(look.checkout, site=site, now=now)
    if look.renewal is not None:
        converge_renewal(look.renewal, look.payments, site=site, now=now)


def handle_event(event_id: int, look: Look, *, site: str, now: datetime) -> None:
    """Converge to what was seen and mark the event handled; once, whoever else tries."""
    row = _lock_event(event_id)
    if row is None or row.handled_at is not None:
        return
    converge(look, site=site, now=now)
    row.handled_at = now
    row.problem = ""


def note_failure(event_id: int, problem: str, *, now: datetime, final: bool = False) -> None:
    """Note why an event could not be handled; it is tried again, unless that is pointless."""
    row = _lock_event(event_id)
    if row is None or row.handled_at is not None:
        return
    row.attempts += 1
    row.problem = problem[:300]
    if final:
        row.handled_at = now


def _lock_event(event_id: int) -> ProcessorEvent | None:
    return db.session.get(
        ProcessorEvent, event_id, with_for_update={"skip_locked": True}, populate_existing=True
    )
