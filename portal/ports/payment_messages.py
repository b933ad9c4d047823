"""What is said to and heard from a payment processor, in the portal's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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


class Collection(StrEnum):
    """How a recurring charge is collected: the card on file, or an invoice with days to pay."""

    CARD = "card"
    INVOICE = "invoice"


class InvoiceState(StrEnum):
    """Where an invoice stands at the processor."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class InvoicePurpose(StrEnum):
    """What an invoice asks money for."""

    FIRST_TERM = "first_term"
    RENEWAL = "renewal"
    CHANGE = "change"
    OTHER = "other"


class RefundState(StrEnum):
    """Where money on its way back stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeState(StrEnum):
    """Where a payment that the payer's bank questions stands; warned means no money has moved."""

    WARNED = "warned"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


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
class InvoicedRequest:
    """What to sell to whom on an invoice that is due ``days_until_due`` days after its issue.

    ``rest`` is what the first invoice asks, where credit has paid a part of the price.
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
    days_until_due: int
    po_number: str = ""
    rest: Money | None = None


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """The tier that a recurring charge is to move to; ``reference`` is our row's."""

    reference: str
    renewal_id: str
    project: str
    tier_reference: str
    tier_name: str
    price: Money
    interval: Interval


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to give back of which payment; ``reference`` is our refund's."""

    reference: str
    payment_id: str
    money: Money


@dataclass(frozen=True, slots=True)
class CheckoutOpened:
    """A hosted page the payer can be sent to."""

    checkout_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as the processor reports it; ``payment_id`` is unique at the processor.

    ``fee`` is what the processor keeps, in the currency it settles in; None while it is not
    known. ``refunded_minor`` is what was given back so far, in the payment's currency; ``disputed``
    says whether the payer's bank ever questioned it.
    ``invoice_id`` is None where no invoice asked for the payment.
    """

    payment_id: str
    money: Money
    paid_at: datetime
    receipt_url: str | None
    fee: Money | None = None
    invoice_id: str | None = None
    refunded_minor: int = 0
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """A change of tier that the processor will make by itself."""

    tier_reference: str | None
    price: Money
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class RenewalSeen:
    """A recurring charge as the processor reports it now.

    ``reference`` is the one it was begun with, ``tier_reference`` and ``price`` what it charges
    now, ``scheduled`` what it will charge from a later day. ``change_pending`` says that a change
    waits for its invoice to be paid.
    """

    renewal_id: str
    reference: str | None
    state: RenewalState
    price: Money
    term_starts_at: datetime
    term_ends_at: datetime
    cancel_at_term_end: bool
    tier_reference: str | None = None
    payer_id: str | None = None
    collection: Collection = Collection.CARD
    days_until_due: int | None = None
    scheduled: ScheduledChange | None = None
    change_pending: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    """An invoice of the processor as it is now.

    ``reference`` is that of its renewal, or of the invoiced sale. ``paid_outside`` says that it
    was settled past the processor: then there are no payments. The term is what it asks money
    for. ``url`` is a page of the processor where it can be paid while it is open.
    """

    invoice_id: str
    number: str
    reference: str | None
    renewal_id: str | None
    purpose: InvoicePurpose
    state: InvoiceState
    total: Money
    paid_minor: int
    issued_at: datetime
    due_at: datetime | None
    paid_at: datetime | None
    term_starts_at: datetime
    term_ends_at: datetime
    po_number: str = ""
    url: str | None = None
    pdf_url: str | None = None
    paid_outside: bool = False
    payments: tuple[PaymentSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoicedOpened:
    """An invoiced sale: its first invoice, and the renewal unless the tier is one-time."""

    invoice: InvoiceSeen
    renewal: RenewalSeen | None


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would cost at an instant.

    ``due`` is ``charged`` (the new tier for what remains of the term) less ``credited`` (what
    remains unused of the old one), and may be negative; the term ends at ``term_ends_at``.
    """

    charged: Money
    credited: Money
    due: Money
    term_ends_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """A change that was asked for: the renewal as it is now, and the invoice of the difference."""

    renewal: RenewalSeen
    invoice: InvoiceSeen | None


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """Money on its way back; ``reference`` is ours, None if it was begun at the processor."""

    refund_id: str
    payment_id: str
    reference: str | None
    money: Money
    state: RefundState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """A payment that the payer's bank questions.

    While open and when lost, ``money`` and ``fee`` are taken from us; when won they have come
    back, except a fee the processor keeps, which ``fee`` then still names.
    """

    dispute_id: str
    payment_id: str
    money: Money
    state: DisputeState
    reason: str
    opened_at: datetime
    fee: Money | None = None
    answer_until: datetime | None = None


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
    """A signed event; only ids are taken from it, the current objects are fetched afterwards.

    The ids name the objects to look at again; all may be missing for event types that do not
    concern us.
    """

    event_id: str
    kind: str
    livemode: bool
    created_at: datetime
    checkout_id: str | None = None
    renewal_id: str | None = None
    invoice_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None
    dispute_id: str | None = None
