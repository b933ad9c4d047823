"""Card payments through Stripe's official SDK: the only module that imports it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from portal.adapters.payments.stripe_amounts import from_stripe, to_stripe
from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.ports.payments import (
    CheckoutOpened,
    CheckoutRequest,
    CheckoutSeen,
    CheckoutState,
    EventSeen,
    Interval,
    PaymentGateway,
    PaymentSeen,
    RenewalSeen,
    RenewalState,
    SignatureInvalid,
)

if TYPE_CHECKING:
    import stripe
    from stripe.checkout import Session
    from stripe.params import CustomerCreateParams, PriceCreateParams
    from stripe.params.checkout import SessionCreateParams

# Pinned: a new SDK must not change what we are told without our tests seeing it.
API_VERSION = "2026-10-28.endive"

_TEST_KEYS, _LIVE_KEYS = ("sk_test_", "rk_test_"), ("sk_live_", "rk_live_")
_TIMEOUT_SECONDS = (5.0, 30.0)
_RETRIES = 2
_SIGNATURE_TOLERANCE_SECONDS = 300
_PAGE = 100
_NOT_FOUND = 404
_CHECKOUT_EXPANSIONS = ("subscription", "invoice.payments", "payment_intent.latest_charge")

_RENEWAL_STATES = {
    "incomplete": RenewalState.INCOMPLETE,
    "trialing": RenewalState.ACTIVE,
    "active": RenewalState.ACTIVE,
    "past_due": RenewalState.PAST_DUE,
    "unpaid": RenewalState.PAST_DUE,
    "paused": RenewalState.PAST_DUE,
    "canceled": RenewalState.ENDED,
    "incomplete_expired": RenewalState.ENDED,
}
_RECURRING: dict[Interval, Literal["week", "month", "year"]] = {
    Interval.WEEK: "week",
    Interval.MONTH: "month",
    Interval.YEAR: "year",
}


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
                _session_params(request, price, payer), {"idempotency_key": idempotency_key}
            )
        if (session.amount_total, session.currency) != to_stripe(request.price):
            raise _price_mismatch()
        if session.url is None:
            raise Refusal("checkout.closed", "This checkout is already closed; start a new one.")
        return CheckoutOpened(session.id, session.url, _instant(session.expires_at))

    def get_checkout(self, checkout_id: str) -> CheckoutSeen:
        """Fetch a checkout with its payment and renewal as they are now."""
        with _translated():
            session = self._client.v1.checkout.sessions.retrieve(
                checkout_id, {"expand": list(_CHECKOUT_EXPANSIONS)}
            )
        return _checkout_seen(session)

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
            return [_checkout_seen(session) for session in page.auto_paging_iter()]

    def expire_checkout(self, checkout_id: str) -> None:
        """Close an open checkout so that it can no longer be paid; harmless if already closed."""
        with _translated():
            session = self._client.v1.checkout.sessions.retrieve(checkout_id)
            if session.status == "open":
                try:
                    self._client.v1.checkout.sessions.expire(checkout_id)
                except self._invalid_request:
                    # Paid or expired in between: as closed as can be.
                    session = self._client.v1.checkout.sessions.retrieve(checkout_id)
                    if session.status == "open":
                        raise

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        """Fetch a recurring charge as it is now."""
        with _translated():
            return _renewal_seen(self._client.v1.subscriptions.retrieve(renewal_id))

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        """Every succeeded payment of a recurring charge, oldest first."""
        with _translated():
            page = self._client.v1.invoices.list(
                {"subscription": renewal_id, "limit": _PAGE, "expand": ["data.payments"]}
            )
            payments = [
                payment for invoice in page.auto_paging_iter() for payment in _payments_of(invoice)
            ]
        return sorted(payments, key=lambda payment: payment.paid_at)

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        """Stop, or resume, a recurring charge at the end of the paid term."""
        with _translated():
            return _renewal_seen(
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
            event = _event_seen(json.loads(payload))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Refusal("webhook.malformed", "The signed message is not an event.") from error
        if event.livemode is not self.livemode:
            raise Refusal(
                "webhook.livemode", "The event belongs to the other of test and live mode."
            )
        return event

    @property
    def _invalid_request(self) -> type[stripe.InvalidRequestError]:
        import stripe  # noqa: PLC0415 - see the class

        return stripe.InvalidRequestError

    def _price_of(self, request: CheckoutRequest) -> str:
        """The id of the tier's price, made with its product when it is not there yet."""
        prices = self._client.v1.prices
        found = prices.list({"lookup_keys": [request.tier_reference], "limit": 1}).data
        wanted = _price_params(request)
        price = found[0] if found else prices.create(wanted, {"idempotency_key": _digest(wanted)})
        interval = price.recurring.interval if price.recurring else None
        count = price.recurring.interval_count if price.recurring else 1
        agreed = (*to_stripe(request.price), _RECURRING.get(request.interval), 1)
        if (price.unit_amount, price.currency, interval, count) != agreed:
            raise _price_mismatch()
        return price.id

    def _payer_of(self, request: CheckoutRequest) -> str:
        """The id of the payer with our reference, made when it is not there yet."""
        customers = self._client.v1.customers
        known = customers.list({"email": request.payer_email, "limit": _PAGE})
        for customer in known.auto_paging_iter():
            if _noted(customer.metadata, "payer_reference") == request.payer_reference:
                return customer.id
        wanted: CustomerCreateParams = {
            "name": request.payer_name,
            "email": request.payer_email,
            "metadata": {"payer_reference": request.payer_reference},
        }
        return customers.create(wanted, {"idempotency_key": _digest(wanted)}).id


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours, keeping the processor's own words in the cause only."""
    import stripe  # noqa: PLC0415 - see StripeGateway

    try:
        yield
    except stripe.IdempotencyError as error:
        raise Refusal(
            "processor.idempotency", "This step was already taken with other details."
        ) from error
    except stripe.InvalidRequestError as error:
        if error.http_status == _NOT_FOUND:
            raise Refusal(
                "processor.missing", "The payment processor does not know this object."
            ) from error
        raise Refusal("processor.refused", "The payment processor refused this request.") from error
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


def _session_params(request: CheckoutRequest, price: str, payer: str) -> SessionCreateParams:
    noted = {
        "reference": request.reference,
        "project": request.project,
        "tier_reference": request.tier_reference,
    }
    params: SessionCreateParams = {
        "mode": "payment" if request.interval is Interval.ONE_TIME else "subscription",
        "line_items": [{"price": price, "quantity": 1}],
        "allowed_payment_method_types": ["card"],
        "customer": payer,
        "client_reference_id": request.reference,
        "metadata": noted,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
    }
    if request.interval is Interval.ONE_TIME:
        params["payment_intent_data"] = {"metadata": noted}
    else:
        params["subscription_data"] = {"metadata": noted}
    return params


def _price_params(request: CheckoutRequest) -> PriceCreateParams:
    amount, currency = to_stripe(request.price)
    params: PriceCreateParams = {
        "currency": currency,
        "unit_amount": amount,
        "lookup_key": request.tier_reference,
        "metadata": {"tier_reference": request.tier_reference},
        "product_data": {
            "name": request.tier_name,
            "metadata": {"tier_reference": request.tier_reference, "project": request.project},
        },
    }
    if interval := _RECURRING.get(request.interval):
        params["recurring"] = {"interval": interval, "interval_count": 1}
    return params


def _checkout_seen(session: Session) -> CheckoutSeen:
    subscription = session.subscription
    if isinstance(subscription, str):
        raise TypeError("the subscription was not expanded")
    return CheckoutSeen(
        checkout_id=session.id,
        reference=_noted(session.metadata, "reference"),
        state=CheckoutState(session.status or "open"),
        payer_id=_id_of(session.customer),
        payment=_payment_of(session),
        renewal=_renewal_seen(subscription) if subscription else None,
    )


def _payment_of(session: Session) -> PaymentSeen | None:
    """What a checkout took: by its invoice where it recurs, else by its payment intent."""
    invoice, intent = session.invoice, session.payment_intent
    if isinstance(invoice, str) or isinstance(intent, str):
        raise TypeError("invoice and payment intent were not expanded")
    if invoice is not None:
        return next(iter(_payments_of(invoice)), None)
    if intent is None or intent.status != "succeeded":
        return None
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str):
        raise TypeError("the charge was not expanded")
    return PaymentSeen(
        payment_id=intent.id,
        money=from_stripe(intent.amount_received, intent.currency),
        paid_at=_instant(charge.created),
        receipt_url=charge.receipt_url,
    )


def _payments_of(invoice: stripe.Invoice) -> list[PaymentSeen]:
    """The succeeded payments of an invoice; an open attempt or a void one is none."""
    payments = invoice.payments.data if invoice.payments else []
    return [
        PaymentSeen(
            payment_id=_id_of(getattr(payment.payment, "payment_intent", None)) or payment.id,
            money=from_stripe(payment.amount_paid or 0, payment.currency),
            paid_at=_instant(payment.status_transitions.paid_at or payment.created),
            receipt_url=invoice.hosted_invoice_url,
        )
        for payment in payments
        if payment.status == "paid"
    ]


def _renewal_seen(subscription: stripe.Subscription) -> RenewalSeen:
    """A tier is sold as one item; its price and period are the subscription's."""
    # ``subscription.items`` would be a dictionary's method in older SDKs; this one has none.
    (item,) = subscription.items.data
    amount = (item.price.unit_amount or 0) * (item.quantity or 1)
    return RenewalSeen(
        renewal_id=subscription.id,
        reference=_noted(subscription.metadata, "reference"),
        state=_RENEWAL_STATES[subscription.status],
        price=from_stripe(amount, item.price.currency),
        term_starts_at=_instant(item.current_period_start),
        term_ends_at=_instant(item.current_period_end),
        cancel_at_term_end=subscription.cancel_at_period_end or subscription.cancel_at is not None,
    )


def _event_seen(event: dict[str, Any]) -> EventSeen:
    """The event's own members and the ids it names; its object may be of any API version."""
    thing = event["data"]["object"]
    checkout = renewal = None
    match thing["object"]:
        case "checkout.session":
            checkout, renewal = thing["id"], thing.get("subscription")
        case "subscription":
            renewal = thing["id"]
        case "invoice":
            parent = thing.get("parent") or {}
            renewal = (parent.get("subscription_details") or {}).get("subscription")
    return EventSeen(
        event_id=event["id"],
        kind=event["type"],
        livemode=event["livemode"],
        created_at=_instant(event["created"]),
        checkout_id=checkout,
        renewal_id=renewal,
    )


def _price_mismatch() -> Refusal:
    return Refusal(
        "processor.price_mismatch",
        "The payment processor's price is not this tier's price; nothing was charged.",
    )


def _id_of(thing: Any) -> str | None:  # noqa: ANN401 - an id or one of the SDK's objects
    return thing if thing is None or isinstance(thing, str) else thing.id


def _noted(metadata: Any, name: str) -> str | None:  # noqa: ANN401 - free attributes in the SDK
    value: str | None = getattr(metadata, name, None)
    return value


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _digest(params: object) -> str:
    """An idempotency key that is equal exactly when the parameters are."""
    return hashlib.sha256(repr(params).encode()).hexdigest()
