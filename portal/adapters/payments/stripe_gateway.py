"""Card payments and invoices through Stripe's official SDK."""

from __future__ import annotations

import json

from portal.adapters.payments.stripe_checkouts import StripeCheckouts
from portal.adapters.payments.stripe_messages import event_seen
from portal.adapters.payments.stripe_renewals import StripeRenewals
from portal.domain.errors import Refusal
from portal.ports.payments import EventSeen, PaymentGateway


class StripeGateway(StripeCheckouts, StripeRenewals, PaymentGateway):
    """Stripe, or a stand-in that speaks its HTTP API.

    Every method may raise ``ProcessorUnavailable`` (not reached, busy, out of order, or our key
    is wrong: codes ``processor.*``) or ``Refusal`` (``processor.refused``, ``processor.missing``,
    ``processor.idempotency``).
    """

    name = "stripe"

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        """Verify a webhook's signature over its raw bytes and read it.

        Refuses a wrong, missing or stale (over 300 s) signature with ``SignatureInvalid``, an
        event of the other mode with ``webhook.livemode``, and a signed body that is no event with
        ``webhook.malformed``.
        """
        self._verify(payload, signature)
        try:
            event = event_seen(json.loads(payload))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Refusal("webhook.malformed", "The signed message is not an event.") from error
        if event.livemode is not self.livemode:
            raise Refusal(
                "webhook.livemode", "The event belongs to the other of test and live mode."
            )
        return event
