"""What the portal needs of a payment processor: sales, renewals, invoices, refunds, events."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from portal.domain.money import Money
from portal.ports.payment_messages import (
    ChangePreview,
    ChangeRequest,
    ChangeSeen,
    CheckoutOpened,
    CheckoutRequest,
    CheckoutSeen,
    CheckoutState,
    Collection,
    DisputeSeen,
    DisputeState,
    EventSeen,
    Interval,
    InvoicedOpened,
    InvoicedRequest,
    InvoicePurpose,
    InvoiceSeen,
    InvoiceState,
    PaymentSeen,
    RefundRequest,
    RefundSeen,
    RefundState,
    RenewalSeen,
    RenewalState,
    ScheduledChange,
)

__all__ = [
    "ChangePreview",
    "ChangeRequest",
    "ChangeSeen",
    "CheckoutOpened",
    "CheckoutRequest",
    "CheckoutSeen",
    "CheckoutState",
    "Collection",
    "DisputeSeen",
    "DisputeState",
    "EventSeen",
    "Interval",
    "InvoicePurpose",
    "InvoiceSeen",
    "InvoiceState",
    "InvoicedOpened",
    "InvoicedRequest",
    "PaymentGateway",
    "PaymentSeen",
    "RefundRequest",
    "RefundSeen",
    "RefundState",
    "RenewalSeen",
    "RenewalState",
    "ScheduledChange",
    "SignatureInvalid",
]


class SignatureInvalid(Exception):
    """The event's signature does not match its bytes, or it is too old."""


class PaymentGateway(Protocol):
    """A payment processor.

    Every method may raise ``ProcessorUnavailable``, and ``Refusal`` with a code ``processor.*``
    where the processor says no. Calls that change something take an idempotency key derived from
    our own row: repeating a call with its key has no further effect.
    """

    name: str
    livemode: bool

    # Hosted checkout

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        """Open a hosted checkout for one tier."""
        ...

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        """Fetch a checkout with its payment (and fee) and renewal as they are now."""
        ...

    def list_checkouts(self, *, since: datetime) -> list[CheckoutSeen]:
        """All checkouts created since an instant; their payments without fees."""
        ...

    def expire_checkout(self, checkout_id: str) -> None:
        """Close an open checkout so that it can no longer be paid; harmless if already closed."""
        ...

    # Renewals

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        """Fetch a recurring charge as it is now."""
        ...

    def list_renewals(self, *, since: datetime) -> list[RenewalSeen]:
        """All recurring charges begun since an instant, the ended ones too."""
        ...

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        """Every succeeded payment of a recurring charge, oldest first."""
        ...

    def get_payment(self, payment_id: str) -> PaymentSeen:
        """Fetch one succeeded payment, with its fee and what was refunded of it."""
        ...

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        """Stop, or resume, a recurring charge at the end of the paid term.

        A change that was scheduled for that day is released first: what ends is not changed.
        """
        ...

    def end_renewal(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        """End a recurring charge now, without money back; harmless if it has ended."""
        ...

    def preview_change(self, request: ChangeRequest, *, at: datetime) -> ChangePreview:
        """What a change to another tier would cost if it were made at ``at``; changes nothing."""
        ...

    def change_renewal(
        self, request: ChangeRequest, *, at: datetime, idempotency_key: str
    ) -> ChangeSeen:
        """Move a recurring charge to another tier now and invoice the difference at once.

        ``at`` is the previewed instant, so that the amounts are the previewed ones. Collected by
        card, the change is only made once its invoice is paid: until then ``change_pending`` is
        set, and the invoice's page lets the payer take another card. Sent as invoice, it is made.
        A change that was scheduled is released first.
        """
        ...

    def schedule_change(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        """Move a recurring charge to another tier when the paid term ends; replaces another."""
        ...

    def restore_tier(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        """Charge another tier from the next term on, holding at once and without any money.

        For a difference that was given back. A change that was scheduled is released first.
        """
        ...

    def release_change(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        """Forget a change that was scheduled; harmless if there is none."""
        ...

    def open_invoiced_renewal(
        self, request: InvoicedRequest, *, idempotency_key: str
    ) -> InvoicedOpened:
        """Begin a recurring charge whose invoices are sent and paid within some days.

        A one-time tier gets one invoice and no renewal. The first invoice is issued at once.
        """
        ...

    def set_collection(
        self,
        renewal_id: str,
        collection: Collection,
        *,
        days_until_due: int | None = None,
        po_number: str = "",
        idempotency_key: str,
    ) -> RenewalSeen:
        """Charge the payer's card from the next term on, or send an invoice; the term goes on.

        ``days_until_due`` and ``po_number`` belong to invoices. Refuses with ``processor.no_card``
        if there is no card on file to charge.
        """
        ...

    # Invoices

    def get_invoice(self, invoice_id: str) -> InvoiceSeen:
        """Fetch an invoice of the processor with its payments as they are now."""
        ...

    def list_invoices(
        self, *, since: datetime | None = None, renewal_id: str | None = None
    ) -> list[InvoiceSeen]:
        """Issued invoices since an instant or of one renewal, oldest first; payments without fees.

        Drafts are left out: they are not issued yet.
        """
        ...

    def settle_invoice_outside(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        """Note that an open invoice was paid past the processor, e.g. by bank transfer."""
        ...

    def ask_rest(self, invoice_id: str, rest: Money, *, idempotency_key: str) -> InvoiceSeen:
        """Ask no more than ``rest`` of an open invoice: the remainder was settled past it.

        Nothing left settles it as paid outside. Harmless where no more is asked, or it is closed.
        """
        ...

    def void_invoice(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        """Withdraw an open invoice for good; harmless if it is void."""
        ...

    # Money back

    def refund(self, request: RefundRequest, *, idempotency_key: str) -> RefundSeen:
        """Give back a payment in full or in part; refuses more than is left of it."""
        ...

    def get_refund(self, refund_id: str) -> RefundSeen:
        """Fetch a refund as it is now."""
        ...

    def list_refunds(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[RefundSeen]:
        """Refunds since an instant or of one payment, oldest first."""
        ...

    def get_dispute(self, dispute_id: str) -> DisputeSeen:
        """Fetch a dispute as it is now."""
        ...

    def list_disputes(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[DisputeSeen]:
        """Disputes since an instant or of one payment, oldest first."""
        ...

    # The payer's own page, and events

    def open_billing_portal(self, payer_id: str, *, return_url: str) -> str:
        """The address of a page where the payer changes cards and sees invoices; soon stale."""
        ...

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        """Verify a webhook's signature over its raw bytes and read it.

        Refuses a wrong, missing or stale signature with ``SignatureInvalid``.
        """
        ...
