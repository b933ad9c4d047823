"""Hosted checkouts at Stripe."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from portal.adapters.payments.stripe_amounts import to_stripe
from portal.adapters.payments.stripe_calls import PAGE, translated
from portal.adapters.payments.stripe_catalog import price_mismatch
from portal.adapters.payments.stripe_messages import checkout_seen, instant
from portal.adapters.payments.stripe_params import session_params
from portal.adapters.payments.stripe_payments import StripePayments
from portal.domain.errors import Refusal
from portal.ports.payments import CheckoutOpened, CheckoutRequest, CheckoutSeen

_EXPANSIONS = ("subscription", "invoice.payments", "payment_intent.latest_charge")


class StripeCheckouts(StripePayments):
    """Opening, looking at and closing checkouts."""

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        """Open a hosted checkout for one tier.

        The product and price of the tier are made at its first sale and found by its reference
        ever after; the payer likewise. Refuses with ``processor.price_mismatch`` if Stripe's
        price for the reference, or the checkout's total, is not exactly the tier's.
        """
        with translated():
            price = self._price_of(request)
            payer = self._payer_of(request)
            session = self._v1.checkout.sessions.create(
                session_params(request, price, payer), {"idempotency_key": idempotency_key}
            )
        if (session.amount_total, session.currency) != to_stripe(request.price):
            raise price_mismatch()
        if session.url is None:
            raise Refusal("checkout.closed", "This checkout is already closed; start a new one.")
        return CheckoutOpened(session.id, session.url, instant(session.expires_at))

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        """Fetch a checkout with its payment, the payment's fee, and its renewal."""
        with translated():
            session = self._v1.checkout.sessions.retrieve(
                checkout_id, {"expand": list(_EXPANSIONS)}
            )
            seen = checkout_seen(session)
            return replace(seen, payment=seen.payment and self._with_charge(seen.payment))

    def list_checkouts(self, *, since: datetime) -> list[CheckoutSeen]:
        """All checkouts created since an instant, the newest first, over all pages."""
        with translated():
            page = self._v1.checkout.sessions.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "limit": PAGE,
                    "expand": [f"data.{path}" for path in _EXPANSIONS],
                }
            )
            return [checkout_seen(session) for session in page.auto_paging_iter()]

    def expire_checkout(self, checkout_id: str) -> None:
        """Close an open checkout so that it can no longer be paid; harmless if already closed."""
        if not self._is_open(checkout_id):
            return
        try:
            with translated():
                self._v1.checkout.sessions.expire(checkout_id)
        except Refusal:
            # Paid or expired in between is as closed as can be.
            if self._is_open(checkout_id):
                raise

    def _is_open(self, checkout_id: str) -> bool:
        with translated():
            return self._v1.checkout.sessions.retrieve(checkout_id).status == "open"
