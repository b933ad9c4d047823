"""A payment gateway without a processor: a test moves its objects by hand, and plays the payer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.sponsorship import add_terms
from portal.domain.tiers import Interval
from portal.ports.payments import (
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

_Answer = TypeVar("_Answer")


class ScriptedGateway:
    """Every call answers from dictionaries that a test may change; keys make calls idempotent.

    ``now`` is the instant of what a call makes; ``declines`` lets changes by card wait unpaid.
    """

    name = "stripe"
    livemode = False

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.now = datetime.now(UTC)
        self.declines = False
        self.cards: set[str] = set()
        self.checkouts: dict[str, CheckoutSeen] = {}
        self.requests: dict[str, CheckoutRequest] = {}
        self.renewals: dict[str, RenewalSeen] = {}
        self.intervals: dict[str, Interval] = {}
        self.payments: dict[str, list[PaymentSeen]] = {}
        self.invoices: dict[str, InvoiceSeen] = {}
        self.rests: dict[str, Money] = {}
        self.refunds: dict[str, RefundSeen] = {}
        self.disputes: dict[str, DisputeSeen] = {}
        self.events: dict[bytes, EventSeen] = {}
        self._by_key: dict[str, object] = {}
        self._pending: dict[str, ChangeRequest] = {}

    # What the payer, the bank and the clock do

    def pay(self, checkout_id: str, *, at: datetime) -> CheckoutSeen:
        """Play the payer who completes the hosted page."""
        request = self.requests[checkout_id]
        payment = PaymentSeen(f"pi_{checkout_id}", request.price, at, None, fee_of(request.price))
        payer_id = f"cus_{request.payer_reference}"
        self.cards.add(payer_id)
        renewal = None
        if request.interval is not Interval.ONE_TIME:
            renewal = self._begin(f"sub_{checkout_id}", request, payer_id, at=at)
            self.payments[renewal.renewal_id] = [payment]
        else:
            self.payments[checkout_id] = [payment]
        seen = replace(
            self.checkouts[checkout_id],
            state=CheckoutState.COMPLETE,
            payer_id=payer_id,
            payment=payment,
            renewal=renewal,
        )
        self.checkouts[checkout_id] = seen
        return seen

    def renew(self, renewal_id: str, *, paid: bool = True) -> InvoiceSeen:
        """Let the paid term end: the next begins, and is charged or invoiced."""
        renewal = self.renewals[renewal_id]
        price, tier = renewal.price, renewal.tier_reference
        if renewal.scheduled is not None:
            price, tier = renewal.scheduled.price, renewal.scheduled.tier_reference
        starts_at = renewal.term_ends_at
        self.renewals[renewal_id] = replace(
            renewal,
            price=price,
            tier_reference=tier,
            scheduled=None,
            term_starts_at=starts_at,
            term_ends_at=add_terms(starts_at, self.intervals[renewal_id]),
        )
        invoice = self._invoice(renewal_id, InvoicePurpose.RENEWAL, price, at=starts_at)
        if renewal.collection is Collection.INVOICE:
            return invoice
        if paid:
            return self.pay_invoice(invoice.invoice_id, at=starts_at)
        self._move(renewal_id, state=RenewalState.PAST_DUE)
        return invoice

    def pay_invoice(self, invoice_id: str, *, at: datetime) -> InvoiceSeen:
        """Play the payer who pays an open invoice by card."""
        invoice = self.invoices[invoice_id]
        money = self.rests.get(invoice_id, invoice.total)
        payment = PaymentSeen(f"pi_{invoice_id}", money, at, invoice.url, fee_of(money), invoice_id)
        self.payments.setdefault(invoice.renewal_id or invoice_id, []).append(payment)
        self.invoices[invoice_id] = paid = replace(
            invoice,
            state=InvoiceState.PAID,
            paid_minor=invoice.total.amount_minor,
            paid_at=at,
            payments=(payment,),
        )
        if invoice.renewal_id is not None:
            self._move(invoice.renewal_id, state=RenewalState.ACTIVE)
            if (change := self._pending.pop(invoice.renewal_id, None)) is not None:
                self._apply(change)
        return paid

    def miss_due_date(self, invoice_id: str) -> None:
        """Let the last day to pay an invoice go by."""
        renewal_id = self.invoices[invoice_id].renewal_id
        if renewal_id is not None:
            self._move(renewal_id, state=RenewalState.PAST_DUE)

    def dispute(self, payment_id: str, *, at: datetime) -> DisputeSeen:
        """Play the payer's bank."""
        seen = DisputeSeen(
            f"dp_{len(self.disputes) + 1}", payment_id, self.get_payment(payment_id).money,
            DisputeState.OPEN, "fraudulent", at, Money(1500, "EUR"), at + timedelta(days=10),
        )  # fmt: skip
        self.disputes[seen.dispute_id] = seen
        return seen

    def close_dispute(self, dispute_id: str, *, won: bool) -> DisputeSeen:
        """Let the bank decide."""
        seen = self.disputes[dispute_id]
        self.disputes[dispute_id] = replace(
            seen,
            state=DisputeState.WON if won else DisputeState.LOST,
            fee=Money(0, "EUR") if won else seen.fee,
        )
        return self.disputes[dispute_id]

    # The port

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        def make() -> CheckoutOpened:
            checkout_id = f"cs_{len(self.checkouts) + 1}"
            self.requests[checkout_id] = request
            self.checkouts[checkout_id] = CheckoutSeen(
                checkout_id, request.reference, CheckoutState.OPEN, None, None, None
            )
            url = f"http://localhost:1/pay/{checkout_id}"
            return CheckoutOpened(checkout_id, url, datetime.now(UTC) + timedelta(hours=24))

        return self._once(idempotency_key, make)

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        return self.checkouts[checkout_id]

    def list_checkouts(self, *, since: datetime) -> list[CheckoutSeen]:
        del since
        return list(self.checkouts.values())

    def expire_checkout(self, checkout_id: str) -> None:
        seen = self.checkouts[checkout_id]
        if seen.state is CheckoutState.OPEN:
            self.checkouts[checkout_id] = replace(seen, state=CheckoutState.EXPIRED)

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        return self.renewals[renewal_id]

    def list_renewals(self, *, since: datetime) -> list[RenewalSeen]:
        del since
        return list(self.renewals.values())

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        return [self.get_payment(one.payment_id) for one in self.payments.get(renewal_id, [])]

    def get_payment(self, payment_id: str) -> PaymentSeen:
        every = [one for paid in self.payments.values() for one in paid]
        seen = next((one for one in every if one.payment_id == payment_id), None)
        if seen is None:
            raise Refusal("processor.missing", "The payment processor does not know this object.")
        given_back = [
            refund.money.amount_minor
            for refund in self.refunds.values()
            if refund.payment_id == payment_id and refund.state is not RefundState.FAILED
        ]
        disputed = any(one.payment_id == payment_id for one in self.disputes.values())
        return replace(seen, refunded_minor=sum(given_back), disputed=disputed)

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        del idempotency_key
        return self._move(renewal_id, cancel_at_term_end=cancel) if not cancel else self._move(
            renewal_id, cancel_at_term_end=True, scheduled=None
        )  # fmt: skip

    def end_renewal(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        del idempotency_key
        return self._move(renewal_id, state=RenewalState.ENDED)

    def preview_change(self, request: ChangeRequest, *, at: datetime) -> ChangePreview:
        renewal = self.renewals[request.renewal_id]
        whole = int((renewal.term_ends_at - renewal.term_starts_at).total_seconds())
        left = int((renewal.term_ends_at - at).total_seconds())
        charged = request.price.amount_minor * left // whole
        credited = renewal.price.amount_minor * left // whole
        currency = request.price.currency
        return ChangePreview(
            Money(charged, currency),
            Money(credited, currency),
            Money(charged - credited, currency),
            renewal.term_ends_at,
            at,
        )

    def change_renewal(
        self, request: ChangeRequest, *, at: datetime, idempotency_key: str
    ) -> ChangeSeen:
        def make() -> ChangeSeen:
            due = self.preview_change(request, at=at).due
            invoice = self._invoice(request.renewal_id, InvoicePurpose.CHANGE, due, at=at)
            self._move(request.renewal_id, scheduled=None)
            if self.renewals[request.renewal_id].collection is Collection.INVOICE:
                self._apply(request)
            else:
                self._pending[request.renewal_id] = request
                self._move(request.renewal_id, change_pending=True)
                if not self.declines:
                    invoice = self.pay_invoice(invoice.invoice_id, at=at)
            return ChangeSeen(self.renewals[request.renewal_id], invoice)

        return self._once(idempotency_key, make)

    def restore_tier(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        del idempotency_key
        self._move(request.renewal_id, scheduled=None)
        self._apply(request)
        return self.renewals[request.renewal_id]

    def schedule_change(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        del idempotency_key
        starts_at = self.renewals[request.renewal_id].term_ends_at
        self.intervals[request.renewal_id] = request.interval
        scheduled = ScheduledChange(request.tier_reference, request.price, starts_at)
        return self._move(request.renewal_id, scheduled=scheduled)

    def release_change(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        del idempotency_key
        return self._move(renewal_id, scheduled=None)

    def open_invoiced_renewal(
        self, request: InvoicedRequest, *, idempotency_key: str
    ) -> InvoicedOpened:
        def make() -> InvoicedOpened:
            number = len(self._by_key) + 1
            due_at = self.now + timedelta(days=request.days_until_due)
            renewal = None
            if request.interval is not Interval.ONE_TIME:
                payer_id = request.payer_id or f"cus_{request.payer_reference}"
                renewal = self._begin(f"sub_{number}", request, payer_id, at=self.now)
                renewal = self._move(
                    renewal.renewal_id,
                    collection=Collection.INVOICE,
                    days_until_due=request.days_until_due,
                )
            invoice = self._invoice(
                renewal.renewal_id if renewal else None,
                InvoicePurpose.FIRST_TERM if renewal else InvoicePurpose.OTHER,
                request.price,
                at=self.now,
            )
            invoice = replace(
                invoice, reference=request.reference, po_number=request.po_number, due_at=due_at
            )
            self.invoices[invoice.invoice_id] = invoice
            return InvoicedOpened(invoice, renewal)

        return self._once(idempotency_key, make)

    def set_collection(
        self,
        renewal_id: str,
        collection: Collection,
        *,
        days_until_due: int | None = None,
        po_number: str = "",
        idempotency_key: str,
    ) -> RenewalSeen:
        del po_number, idempotency_key
        if collection is Collection.CARD and self.renewals[renewal_id].payer_id not in self.cards:
            raise Refusal("processor.no_card", "There is no card on file; add one first.")
        days = (days_until_due or 30) if collection is Collection.INVOICE else None
        return self._move(renewal_id, collection=collection, days_until_due=days)

    def get_invoice(self, invoice_id: str) -> InvoiceSeen:
        return self.invoices[invoice_id]

    def list_invoices(
        self, *, since: datetime | None = None, renewal_id: str | None = None
    ) -> list[InvoiceSeen]:
        return [
            seen
            for seen in self.invoices.values()
            if (renewal_id is None or seen.renewal_id == renewal_id)
            and (since is None or seen.issued_at >= since)
        ]

    def ask_rest(self, invoice_id: str, rest: Money, *, idempotency_key: str) -> InvoiceSeen:
        if rest.amount_minor == 0:
            return self.settle_invoice_outside(invoice_id, idempotency_key=idempotency_key)
        self.rests[invoice_id] = rest
        return self.invoices[invoice_id]

    def settle_invoice_outside(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        del idempotency_key
        seen = self.invoices[invoice_id]
        if seen.state is InvoiceState.OPEN:
            self.invoices[invoice_id] = replace(
                seen,
                state=InvoiceState.PAID,
                paid_minor=seen.total.amount_minor,
                paid_at=self.now,
                paid_outside=True,
            )
            if seen.renewal_id is not None:
                self._move(seen.renewal_id, state=RenewalState.ACTIVE)
        return self.invoices[invoice_id]

    def void_invoice(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        del idempotency_key
        seen = self.invoices[invoice_id]
        if seen.state not in (InvoiceState.OPEN, InvoiceState.VOID):
            raise Refusal("processor.refused", "The payment processor refused this request.")
        self.invoices[invoice_id] = replace(seen, state=InvoiceState.VOID)
        return self.invoices[invoice_id]

    def refund(self, request: RefundRequest, *, idempotency_key: str) -> RefundSeen:
        def make() -> RefundSeen:
            payment = self.get_payment(request.payment_id)
            left = payment.money.amount_minor - payment.refunded_minor
            if request.money.amount_minor > left:
                raise Refusal("processor.refused", "The payment processor refused this request.")
            seen = RefundSeen(
                f"re_{len(self.refunds) + 1}", request.payment_id, request.reference,
                request.money, RefundState.SUCCEEDED, self.now,
            )  # fmt: skip
            self.refunds[seen.refund_id] = seen
            return seen

        return self._once(idempotency_key, make)

    def get_refund(self, refund_id: str) -> RefundSeen:
        return self.refunds[refund_id]

    def list_refunds(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[RefundSeen]:
        return [
            seen
            for seen in self.refunds.values()
            if (payment_id is None or seen.payment_id == payment_id)
            and (since is None or seen.created_at >= since)
        ]

    def get_dispute(self, dispute_id: str) -> DisputeSeen:
        return self.disputes[dispute_id]

    def list_disputes(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[DisputeSeen]:
        return [
            seen
            for seen in self.disputes.values()
            if (payment_id is None or seen.payment_id == payment_id)
            and (since is None or seen.opened_at >= since)
        ]

    def open_billing_portal(self, payer_id: str, *, return_url: str) -> str:
        del return_url
        return f"http://localhost:1/portal/{payer_id}"

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        del signature
        return self.events[payload]

    # How it is done

    def _once(self, key: str, make: Callable[[], _Answer]) -> _Answer:
        if key not in self._by_key:
            self._by_key[key] = make()
        return self._by_key[key]  # type: ignore[return-value]

    def _move(self, renewal_id: str, **changes: object) -> RenewalSeen:
        moved = replace(self.renewals[renewal_id], **changes)  # type: ignore[arg-type]
        self.renewals[renewal_id] = moved
        return moved

    def _apply(self, change: ChangeRequest) -> None:
        self.intervals[change.renewal_id] = change.interval
        self._move(
            change.renewal_id,
            price=change.price,
            tier_reference=change.tier_reference,
            change_pending=False,
        )

    def _begin(
        self,
        renewal_id: str,
        request: CheckoutRequest | InvoicedRequest,
        payer_id: str,
        *,
        at: datetime,
    ) -> RenewalSeen:
        renewal = RenewalSeen(
            renewal_id,
            request.reference,
            RenewalState.ACTIVE,
            request.price,
            at,
            add_terms(at, request.interval),
            cancel_at_term_end=False,
            tier_reference=request.tier_reference,
            payer_id=payer_id,
        )
        self.renewals[renewal_id] = renewal
        self.intervals[renewal_id] = request.interval
        self.payments[renewal_id] = []
        return renewal

    def _invoice(
        self, renewal_id: str | None, purpose: InvoicePurpose, total: Money, *, at: datetime
    ) -> InvoiceSeen:
        renewal = self.renewals[renewal_id] if renewal_id else None
        days = renewal.days_until_due if renewal else None
        number = len(self.invoices) + 1
        invoice = InvoiceSeen(
            f"in_{number}", f"S-{number:04}", renewal.reference if renewal else None, renewal_id,
            purpose, InvoiceState.OPEN, total, 0, at, at + timedelta(days=days) if days else None,
            None, renewal.term_starts_at if renewal else at, renewal.term_ends_at if renewal else at,
            url=f"http://localhost:1/invoice/in_{number}",
        )  # fmt: skip
        self.invoices[invoice.invoice_id] = invoice
        return invoice


def fee_of(money: Money) -> Money:
    """What this processor keeps: 1.5 per cent and 25 minor units, rounded down."""
    return Money(money.amount_minor * 15 // 1000 + 25, money.currency)
