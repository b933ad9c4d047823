"""Card payments through Stripe's official SDK: the only module that imports it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from portal.adapters.payments.stripe_amounts import to_stripe
from portal.adapters.payments.stripe_messages import (
    RECURRING,
    checkout_seen,
    event_seen,
    instant,
    noted,
    payer_params,
    payments_of,
    price_params,
    renewal_seen,
    session_params,
)
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.ports.payments import (
    CheckoutOpened,
    CheckoutRequest,
    CheckoutSeen,
    EventSeen,
    PaymentGateway,
    PaymentSeen,
    RenewalSeen,
    SignatureInvalid,
)

if TYPE_CHECKING:
    import stripe

# Pinned: a new SDK must not change what we are told without our tests seeing it.
API_VERSION = "2026-10-28.endive"

_TEST_KEYS, _LIVE_KEYS = ("sk_test_", "rk_test_"), ("sk_live_", "rk_live_")
_TIMEOUT_SECONDS = (5.0, 30.0)
_RETRIES = 2
_SIGNATURE_TOLERANCE_SECONDS = 300
_PAGE = 100
_CHECKOUT_EXPANSIONS = ("subscription", "invoice.payments", "payment_intent.latest_charge")


class StripeGateway(PaymentGateway):
    """Stripe, or a stand-in that speaks its HTTP API.

    The SDK takes about a second to import, so the first call loads it, not the constructor.
    Every method may raise ``ProcessorUnavailable`` (not reached, busy, out of order, or our key
    is wrong: codes ``processor.*``) or ``Refusal`` (``processor.refused``, ``processor.missing``,
    ``processor.idempotency``).
    """

    name = "stripe"

    def __init__(
        self, *, api_key: str, webhook_secret: str, api_base: str | None, livemode: bool
    ) -> None:
        """``api_base`` is None for Stripe itself, else the stand-in's address.

        Refuses a key of the other mode with ``processor.livemode``.
        """
        if api_key.startswith(_TEST_KEYS if livemode else _LIVE_KEYS):
            raise Refusal(
                "processor.livemode", "The processor's key belongs to the other of test and live."
            )
        self.livemode = livemode
        self._api_key = api_key
        self._webhook_secret = webhook_secret
        self._api_base = api_base

    @cached_property
    def _client(self) -> stripe.StripeClient:
        import requests  # noqa: PLC0415 - see the class
        import stripe  # noqa: PLC0415

        session = requests.Session()
        # A stand-in is a neighbor: a proxy from the environment must not get between.
        session.trust_env = self._api_base is None
        return stripe.StripeClient(
            self._api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": self._api_base} if self._api_base else {},
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS, session=session),
        )

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        """Open a hosted checkout for one tier.

        The product and price of the tier are made at its first sale and found by its reference
        ever after; the payer likewise. Refuses with ``processor.price_mismatch`` if Stripe's
        price for the reference, or the checkout's total, is not exactly the tier's.
        """
        with _translated():
            price = self._price_of(request)
            payer = request.payer_id or self._payer_of(request)
            session = self._client.v1.checkout.sessions.create(
                session_params(request, price, payer), {"idempotency_key": idempotency_key}
            )
        if (session.amount_total, session.currency) != to_stripe(request.price):
            raise _price_mismatch()
        if session.url is None:
            raise Refusal("checkout.closed", "This checkout is already closed; start a new one.")
        return CheckoutOpened(session.id, session.url, instant(session.expires_at))

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        """Fetch a checkout with its payment and renewal as they are now."""
        with _translated():
            session = self._client.v1.checkout.sessions.retrieve(
                checkout_id, {"expand": list(_CHECKOUT_EXPANSIONS)}
            )
        return checkout_seen(session)

    def list_checkouts(self, *, since: datetime) -> list[CheckoutSeen]:
        """All checkouts created since an instant, the newest first, over all pages."""
        with _translated():
            page = self._client.v1.checkout.sessions.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "limit": _PAGE,
                    "expand": [f"data.{path}" for path in _CHECKOUT_EXPANSIONS],
                }
            )
            return [checkout_seen(session) for session in page.auto_paging_iter()]

    def expire_checkout(self, checkout_id: str) -> None:
        """Close an open checkout so that it can no longer be paid; harmless if already closed."""
        if not self._is_open(checkout_id):
            return
        try:
            with _translated():
                self._client.v1.checkout.sessions.expire(checkout_id)
        except Refusal:
            # Paid or expired in between is as closed as can be.
            if self._is_open(checkout_id):
                raise

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        """Fetch a recurring charge as it is now."""
        with _translated():
            return renewal_seen(self._client.v1.subscriptions.retrieve(renewal_id))

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        """Every succeeded payment of a recurring charge, oldest first."""
        with _translated():
            page = self._client.v1.invoices.list(
                {"subscription": renewal_id, "limit": _PAGE, "expand": ["data.payments"]}
            )
            payments = [
                payment for invoice in page.auto_paging_iter() for payment in payments_of(invoice)
            ]
        return sorted(payments, key=lambda payment: payment.paid_at)

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        """Stop, or resume, a recurring charge at the end of the paid term."""
        with _translated():
            return renewal_seen(
                self._client.v1.subscriptions.update(
                    renewal_id,
                    {"cancel_at_period_end": cancel},
                    {"idempotency_key": idempotency_key},
                )
            )

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        """Verify a webhook's signature over its raw bytes and read it.

        Refuses a wrong, missing or stale (over 300 s) signature with ``SignatureInvalid``, an
        event of the other mode with ``webhook.livemode``, and a signed body that is no event with
        ``webhook.malformed``.
        """
        import stripe  # noqa: PLC0415 - see the class

        try:
            stripe.WebhookSignature.verify_header(
                payload, signature, self._webhook_secret, _SIGNATURE_TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise SignatureInvalid from error
        try:
            event = event_seen(json.loads(payload))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Refusal("webhook.malformed", "The signed message is not an event.") from error
        if event.livemode is not self.livemode:
            raise Refusal(
                "webhook.livemode", "The event belongs to the other of test and live mode."
            )
        return event

    def _is_open(self, checkout_id: str) -> bool:
        with _translated():
            return self._client.v1.checkout.sessions.retrieve(checkout_id).status == "open"

    def _price_of(self, request: CheckoutRequest) -> str:
        """The id of the tier's price, made with its product when it is not there yet."""
        prices = self._client.v1.prices
        found = prices.list({"lookup_keys": [request.tier_reference], "limit": 1}).data
        wanted = price_params(request)
        price = found[0] if found else prices.create(wanted, {"idempotency_key": _digest(wanted)})
        interval = price.recurring.interval if price.recurring else None
        count = price.recurring.interval_count if price.recurring else 1
        agreed = (*to_stripe(request.price), RECURRING.get(request.interval), 1)
        if (price.unit_amount, price.currency, interval, count) != agreed:
            raise _price_mismatch()
        return price.id

    def _payer_of(self, request: CheckoutRequest) -> str:
        """The id of the payer with our reference, made when it is not there yet."""
        customers = self._client.v1.customers
        known = customers.list({"email": request.payer_email, "limit": _PAGE})
        for customer in known.auto_paging_iter():
            if noted(customer.metadata, "payer_reference") == request.payer_reference:
                return customer.id
        wanted = payer_params(request)
        return customers.create(wanted, {"idempotency_key": _digest(wanted)}).id


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours; the processor's own words stay in the cause."""
    import stripe  # noqa: PLC0415 - see StripeGateway

    try:
        yield
    except (stripe.IdempotencyError, stripe.InvalidRequestError, stripe.CardError) as error:
        raise _refusal(error) from error
    except stripe.RateLimitError as error:
        raise ProcessorUnavailable(
            "processor.busy", "The payment processor is busy; try again in a minute."
        ) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise ProcessorUnavailable(
            "processor.key", "The payment processor does not accept this portal's key."
        ) from error
    except stripe.APIConnectionError as error:
        raise ProcessorUnavailable(
            "processor.unreachable", "The payment processor cannot be reached; try again later."
        ) from error
    except stripe.StripeError as error:
        raise ProcessorUnavailable(
            "processor.error", "The payment processor is out of order; try again later."
        ) from error


def _refusal(error: stripe.StripeError) -> Refusal:
    if error.error is not None and error.error.type == "idempotency_error":
        return Refusal("processor.idempotency", "This step was already taken with other details.")
    if error.http_status == HTTPStatus.NOT_FOUND:
        return Refusal("processor.missing", "The payment processor does not know this object.")
    return Refusal("processor.refused", "The payment processor refused this request.")


def _price_mismatch() -> Refusal:
    return Refusal(
        "processor.price_mismatch",
        "The payment processor's price is not this tier's price; nothing was charged.",
    )


def _digest(params: object) -> str:
    """An idempotency key that is equal exactly when the parameters are."""
    return hashlib.sha256(repr(params).encode()).hexdigest()
