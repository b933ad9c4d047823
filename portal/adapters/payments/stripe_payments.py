"""Payments at Stripe with their fees, what was given back of them, and what is disputed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from portal.adapters.payments.stripe_amounts import to_stripe
from portal.adapters.payments.stripe_calls import PAGE, translated
from portal.adapters.payments.stripe_catalog import StripeCatalog
from portal.adapters.payments.stripe_messages import (
    dispute_seen,
    fee_of,
    id_of,
    instant,
    intent_payment,
    payments_of,
    refund_seen,
    refunded_of,
)
from portal.domain.errors import Refusal
from portal.ports.payments import DisputeSeen, PaymentSeen, RefundRequest, RefundSeen

if TYPE_CHECKING:
    import stripe
    from stripe.params import DisputeListParams, RefundListParams

_CHARGE = "latest_charge.balance_transaction"


class StripePayments(StripeCatalog):
    """Looking at payments, giving them back, and following disputes."""

    def get_payment(self, payment_id: str) -> PaymentSeen:
        """Fetch one succeeded payment; refuses one that took no money with ``processor.unpaid``."""
        with translated():
            seen = intent_payment(self._intent(payment_id))
            if seen is None:
                raise Refusal("processor.unpaid", "Nothing was paid under this payment.")
            ties = self._v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": payment_id}, "limit": 1}
            ).data
        return replace(seen, invoice_id=id_of(ties[0].invoice) if ties else None)

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        """Every succeeded payment of a recurring charge, oldest first.

        Fees stand on charges, which an invoice does not reach: they are listed once per payer.
        """
        with translated():
            page = self._v1.invoices.list(
                {"subscription": renewal_id, "limit": PAGE, "expand": ["data.payments"]}
            )
            invoices = list(page.auto_paging_iter())
            payers = {payer for invoice in invoices if (payer := id_of(invoice.customer))}
            charges = {
                id_of(charge.payment_intent): charge
                for payer in sorted(payers)
                for charge in self._charges_of(payer)
                if charge.paid
            }
        payments = [
            _charged(payment, charges.get(payment.payment_id))
            for invoice in invoices
            for payment in payments_of(invoice)
        ]
        return sorted(payments, key=lambda payment: payment.paid_at)

    def refund(self, request: RefundRequest, *, idempotency_key: str) -> RefundSeen:
        """Give back a payment in full or in part; refuses more than is left of it."""
        amount, currency = to_stripe(request.money)
        with translated():
            intent = self._v1.payment_intents.retrieve(request.payment_id)
            if intent.currency != currency:
                raise Refusal("refund.currency", "A refund keeps the currency of the payment.")
            refund = self._v1.refunds.create(
                {
                    "payment_intent": request.payment_id,
                    "amount": amount,
                    "reason": "requested_by_customer",
                    "metadata": {"reference": request.reference},
                },
                {"idempotency_key": idempotency_key},
            )
        return refund_seen(refund)

    def get_refund(self, refund_id: str) -> RefundSeen:
        """Fetch a refund as it is now."""
        with translated():
            return refund_seen(self._v1.refunds.retrieve(refund_id))

    def list_refunds(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[RefundSeen]:
        """Refunds since an instant or of one payment, oldest first."""
        params: RefundListParams = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if payment_id is not None:
            params["payment_intent"] = payment_id
        with translated():
            found = [refund_seen(one) for one in self._v1.refunds.list(params).auto_paging_iter()]
        return found[::-1]

    def get_dispute(self, dispute_id: str) -> DisputeSeen:
        """Fetch a dispute as it is now."""
        with translated():
            return dispute_seen(self._v1.disputes.retrieve(dispute_id))

    def list_disputes(
        self, *, since: datetime | None = None, payment_id: str | None = None
    ) -> list[DisputeSeen]:
        """Disputes since an instant or of one payment, oldest first."""
        params: DisputeListParams = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if payment_id is not None:
            params["payment_intent"] = payment_id
        with translated():
            found = [dispute_seen(one) for one in self._v1.disputes.list(params).auto_paging_iter()]
        return found[::-1]

    def open_billing_portal(self, payer_id: str, *, return_url: str) -> str:
        """The address of Stripe's page where the payer changes cards and sees invoices."""
        with translated():
            return self._v1.billing_portal.sessions.create(
                {"customer": payer_id, "return_url": return_url}
            ).url

    def _intent(self, payment_id: str) -> stripe.PaymentIntent:
        return self._v1.payment_intents.retrieve(payment_id, {"expand": [_CHARGE]})

    def _with_charge(self, payment: PaymentSeen) -> PaymentSeen:
        """A payment with what only its charge knows: fee and refunds."""
        charge = self._intent(payment.payment_id).latest_charge
        return payment if isinstance(charge, str) else _charged(payment, charge)

    def _charges_of(self, payer: str) -> list[stripe.Charge]:
        page = self._v1.charges.list(
            {"customer": payer, "limit": PAGE, "expand": ["data.balance_transaction"]}
        )
        return list(page.auto_paging_iter())


def _charged(payment: PaymentSeen, charge: stripe.Charge | None) -> PaymentSeen:
    if charge is None:
        return payment
    return replace(
        payment,
        paid_at=instant(charge.created),
        fee=fee_of(charge),
        refunded_minor=refunded_of(charge),
        disputed=charge.disputed,
    )
