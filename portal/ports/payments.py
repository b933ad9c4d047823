"""What the portal needs of a payment processor: hosted checkout, renewals, signed events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.domain.money import Money
from portal.domain.tiers import Interval as Interval  # noqa: PLC0414 - part of the messages


class CheckoutState(StrEnum):
    """Where a hosted checkout stands at the processor."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class RenewalState(StrEnum):
    """Where a recurring charge stands at the processor."""

    INCOMPLETE = "incomplete"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What to sell to whom.

    ``reference`` is our checkout's public id; it travels in the processor's metadata, so that the
    reconciler can match objects both ways. ``payer_id`` is the processor's id of a known payer.
    """

    reference: str
    project: str
    tier_reference: str
    tier_name: str
    price: Money
    interval: Interval
    payer_name: str
    payer_email: str
    payer_reference: str
    payer_id: str | None
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class CheckoutOpened:
    """A hosted page the payer can be sent to."""

    checkout_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as the processor reports it; ``payment_id`` is unique at the processor."""

    payment_id: str
    money: Money
    paid_at: datetime
    receipt_url: str | None


@dataclass(frozen=True, slots=True)
class RenewalSeen:
    """A recurring charge as the processor reports it now."""

    renewal_id: str
    reference: str | None
    state: RenewalState
    price: Money
    term_starts_at: datetime
    term_ends_at: datetime
    cancel_at_term_end: bool


@dataclass(frozen=True, slots=True)
class CheckoutSeen:
    """A checkout as the processor reports it now, with what it led to.

    ``payment`` is set once money was taken, ``renewal`` if the tier recurs.
    """

    checkout_id: str
    reference: str | None
    state: CheckoutState
    payer_id: str | None
    payment: PaymentSeen | None
    renewal: RenewalSeen | None


@dataclass(frozen=True, slots=True)
class EventSeen:
    """A signed event; only ids are taken from it, the current object is fetched afterwards.

    ``checkout_id`` and ``renewal_id`` name the objects to look at again; both may be missing for
    event types that do not concern us.
    """

    event_id: str
    kind: str
    livemode: bool
    created_at: datetime
    checkout_id: str | None
    renewal_id: str | None


class SignatureInvalid(Exception):
    """The event's signature does not match its bytes, or it is too old."""


class PaymentGateway(Protocol):
    """A payment processor.

    Every method may raise ``ProcessorUnavailable``. Calls that change something take an
    idempotency key derived from our own row: repeating a call with its key has no further effect.
    """

    name: str
    livemode: bool

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        """Open a hosted checkout for one tier."""
        ...

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        """Fetch a checkout with its payment and renewal as they are now."""
        ...

    def list_checkouts(self, *, since: datetime) -> list[CheckoutSeen]:
        """All checkouts created since an instant: what the reconciler compares with our rows."""
        ...

    def expire_checkout(self, checkout_id: str) -> None:
        """Close an open checkout so that it can no longer be paid; harmless if already closed."""
        ...

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        """Fetch a recurring charge as it is now."""
        ...

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        """Every succeeded payment of a recurring charge, oldest first."""
        ...

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        """Stop, or resume, a recurring charge at the end of the paid term."""
        ...

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        """Verify a webhook's signature over its raw bytes and read it.

        Refuses a wrong, missing or stale signature with ``SignatureInvalid``.
        """
        ...
