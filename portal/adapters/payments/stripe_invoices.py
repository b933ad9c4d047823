"""Invoices at Stripe, and the sales that are paid by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from portal.adapters.payments.stripe_amounts import from_stripe, most_for_stripe
from portal.adapters.payments.stripe_calls import PAGE, translated
from portal.adapters.payments.stripe_messages import id_of, invoice_seen, renewal_seen
from portal.adapters.payments.stripe_params import invoiced_params, one_invoice_params
from portal.adapters.payments.stripe_payments import StripePayments
from portal.domain.money import Money
from portal.domain.tiers import Interval
from portal.ports.payments import (
    InvoicedOpened,
    InvoicedRequest,
    InvoiceSeen,
    InvoiceState,
    RenewalSeen,
)

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params import InvoiceListParams

_SETTLED = "Settled by credit or transfer; our own invoice is unchanged."
_SCHEDULED_PRICES = "schedule.phases.items.price"


class StripeInvoices(StripePayments):
    """Sent invoices: opened, looked at, settled outside, withdrawn."""

    def open_invoiced_renewal(
        self, request: InvoicedRequest, *, idempotency_key: str
    ) -> InvoicedOpened:
        """Begin a subscription that is paid by invoice, or send one invoice for a one-time tier.

        Stripe would hold a first invoice back for an hour; it is issued at once. Repeated after a
        crash, each step finds what the last attempt left.
        """
        with translated():
            price = self._price_of(request)
            payer = self._payer_of(request)
            if request.interval is Interval.ONE_TIME:
                invoice_id = self._one_invoice(request, price, payer, idempotency_key)
                return InvoicedOpened(self._first(request, invoice_id, idempotency_key), None)
            subscription = self._v1.subscriptions.create(
                invoiced_params(request, price, payer), {"idempotency_key": idempotency_key}
            )
            latest = id_of(subscription.latest_invoice) or ""
            invoice = self._first(request, latest, idempotency_key)
            return InvoicedOpened(invoice, self._renewal(subscription.id))

    def get_invoice(self, invoice_id: str) -> InvoiceSeen:
        """Fetch an invoice with its payments and their fees."""
        with translated():
            return self._invoice(invoice_id)

    def list_invoices(
        self, *, since: datetime | None = None, renewal_id: str | None = None
    ) -> list[InvoiceSeen]:
        """Issued invoices since an instant or of one renewal, oldest first."""
        params: InvoiceListParams = {"limit": PAGE, "expand": ["data.payments"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        if renewal_id is not None:
            params["subscription"] = renewal_id
        with translated():
            found = [invoice_seen(one) for one in self._v1.invoices.list(params).auto_paging_iter()]
        return [seen for seen in reversed(found) if seen.state is not InvoiceState.DRAFT]

    def settle_invoice_outside(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        """Note that an open invoice was paid past Stripe; harmless if it is paid."""
        with translated():
            seen = self._invoice(invoice_id)
            if seen.state is InvoiceState.PAID:
                return seen
            self._v1.invoices.pay(
                invoice_id, {"paid_out_of_band": True}, {"idempotency_key": idempotency_key}
            )
            return self._invoice(invoice_id)

    def ask_rest(self, invoice_id: str, rest: Money, *, idempotency_key: str) -> InvoiceSeen:
        """Ask no more than ``rest``: by a credit note of Stripe's, or paid outside if it is all."""
        with translated():
            return self._ask_rest(invoice_id, rest, idempotency_key)

    def void_invoice(self, invoice_id: str, *, idempotency_key: str) -> InvoiceSeen:
        """Withdraw an open invoice for good; harmless if it is void."""
        with translated():
            seen = self._invoice(invoice_id)
            if seen.state is InvoiceState.VOID:
                return seen
            self._v1.invoices.void_invoice(invoice_id, {}, {"idempotency_key": idempotency_key})
            return self._invoice(invoice_id)

    def _invoice(self, invoice_id: str) -> InvoiceSeen:
        seen = invoice_seen(self._v1.invoices.retrieve(invoice_id, {"expand": ["payments"]}))
        payments = tuple(self._with_charge(payment) for payment in seen.payments)
        return replace(seen, payments=payments)

    def _first(
        self, request: InvoicedRequest, invoice_id: str, idempotency_key: str
    ) -> InvoiceSeen:
        """The first invoice, issued; credit is off before anybody knows its page."""
        seen = self._issued(invoice_id, idempotency_key)
        if request.rest is None:
            return seen
        return self._ask_rest(invoice_id, request.rest, f"{idempotency_key}-rest")

    def _ask_rest(self, invoice_id: str, rest: Money, idempotency_key: str) -> InvoiceSeen:
        invoice = self._v1.invoices.retrieve(invoice_id)
        left = from_stripe(invoice.amount_remaining, invoice.currency)
        if invoice.status != "open" or left.amount_minor <= rest.amount_minor:
            return self._invoice(invoice_id)
        options: RequestOptions = {"idempotency_key": idempotency_key}
        if rest.amount_minor == 0:
            self._v1.invoices.pay(invoice_id, {"paid_out_of_band": True}, options)
        elif amount := most_for_stripe(left - rest):
            self._v1.credit_notes.create(
                {"invoice": invoice_id, "amount": amount, "memo": _SETTLED, "email_type": "none"},
                options,
            )
        return self._invoice(invoice_id)

    def _issued(self, invoice_id: str, idempotency_key: str) -> InvoiceSeen:
        """An invoice that is no draft any more."""
        seen = self._invoice(invoice_id)
        if seen.state is not InvoiceState.DRAFT:
            return seen
        self._v1.invoices.finalize_invoice(
            invoice_id, {}, {"idempotency_key": f"{idempotency_key}-issue"}
        )
        return self._invoice(invoice_id)

    def _one_invoice(
        self, request: InvoicedRequest, price: str, payer: str, idempotency_key: str
    ) -> str:
        """The id of a draft with one line."""
        invoice = self._v1.invoices.create(
            one_invoice_params(request, payer), {"idempotency_key": idempotency_key}
        )
        self._v1.invoice_items.create(
            {"customer": payer, "invoice": invoice.id, "pricing": {"price": price}, "quantity": 1},
            {"idempotency_key": f"{idempotency_key}-line"},
        )
        return invoice.id

    def _renewal(self, renewal_id: str) -> RenewalSeen:
        return renewal_seen(
            self._v1.subscriptions.retrieve(renewal_id, {"expand": [_SCHEDULED_PRICES]})
        )
