"""The official SDK, set up for one account: the only module that imports it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from portal.domain.errors import ProcessorUnavailable, Refusal
from portal.ports.payments import SignatureInvalid

if TYPE_CHECKING:
    import stripe

# Pinned: a new SDK must not change what we are told without our tests seeing it.
API_VERSION = "2026-10-28.endive"
PAGE = 100

_TEST_KEYS, _LIVE_KEYS = ("sk_test_", "rk_test_"), ("sk_live_", "rk_live_")
_TIMEOUT_SECONDS = (5.0, 30.0)
_RETRIES = 2
_SIGNATURE_TOLERANCE_SECONDS = 300


class StripeCalls:
    """What every call shares: the key, the address, the client, and our words for its errors.

    The SDK takes about a second to import, so the first call loads it, not the constructor.
    """

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
    def _v1(self) -> stripe.V1Services:
        import requests  # noqa: PLC0415 - see the class
        import stripe  # noqa: PLC0415 - see the class

        session = requests.Session()
        # A stand-in is a neighbor: a proxy from the environment must not get between.
        session.trust_env = self._api_base is None
        return stripe.StripeClient(
            self._api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": self._api_base} if self._api_base else {},
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS, session=session),
        ).v1

    def _verify(self, payload: bytes, signature: str) -> None:
        """Refuse a wrong, missing or stale (over 300 s) signature with ``SignatureInvalid``."""
        import stripe  # noqa: PLC0415 - see the class

        try:
            stripe.WebhookSignature.verify_header(
                payload, signature, self._webhook_secret, _SIGNATURE_TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise SignatureInvalid from error


@contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's errors into ours; the processor's own words stay in the cause."""
    import stripe  # noqa: PLC0415 - see StripeCalls

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


def digest(params: object) -> str:
    """An idempotency key that is equal exactly when the parameters are."""
    return hashlib.sha256(repr(params).encode()).hexdigest()
