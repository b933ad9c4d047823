"""Tiers and payers at Stripe: made at their first use, found by our references ever after."""

from __future__ import annotations

from portal.adapters.payments.stripe_amounts import to_stripe
from portal.adapters.payments.stripe_calls import PAGE, StripeCalls, digest
from portal.adapters.payments.stripe_messages import noted
from portal.adapters.payments.stripe_params import RECURRING, payer_params, price_params
from portal.domain.errors import Refusal
from portal.ports.payments import ChangeRequest, CheckoutRequest, InvoicedRequest


class StripeCatalog(StripeCalls):
    """Prices and customers that the other calls need; both may raise the SDK's errors."""

    def _price_of(self, request: CheckoutRequest | InvoicedRequest | ChangeRequest) -> str:
        """The id of the tier's price, made with its product when it is not there yet.

        Refuses with ``processor.price_mismatch`` if the price under the tier's reference is not
        exactly the tier's.
        """
        prices = self._v1.prices
        found = prices.list({"lookup_keys": [request.tier_reference], "limit": 1}).data
        wanted = price_params(request)
        price = found[0] if found else prices.create(wanted, {"idempotency_key": digest(wanted)})
        interval = price.recurring.interval if price.recurring else None
        count = price.recurring.interval_count if price.recurring else 1
        agreed = (*to_stripe(request.price), RECURRING.get(request.interval), 1)
        if (price.unit_amount, price.currency, interval, count) != agreed:
            raise price_mismatch()
        return price.id

    def _payer_of(self, request: CheckoutRequest | InvoicedRequest) -> str:
        """The id of the payer: the known one, else one with our reference, else a new one."""
        if request.payer_id is not None:
            return request.payer_id
        customers = self._v1.customers
        known = customers.list({"email": request.payer_email, "limit": PAGE})
        for customer in known.auto_paging_iter():
            if noted(customer.metadata, "payer_reference") == request.payer_reference:
                return customer.id
        wanted = payer_params(request)
        return customers.create(wanted, {"idempotency_key": digest(wanted)}).id


def price_mismatch() -> Refusal:
    """The price at Stripe is not the tier's."""
    return Refusal(
        "processor.price_mismatch",
        "The payment processor's price is not this tier's price; nothing was charged.",
    )
