"""Stand-ins for the far end of our ports, for tests that are not about the protocol."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.domain.tiers import Interval
from portal.ports.mail import Mail, ReceivedMail
from portal.ports.payments import (
    CheckoutOpened,
    CheckoutRequest,
    CheckoutSeen,
    CheckoutState,
    EventSeen,
    PaymentSeen,
    RenewalSeen,
    RenewalState,
)


class MemoryMail:
    """Keeps mail in memory, as transport and as mailbox."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def clear(self) -> None:
        self.sent.clear()

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)

    def newest(self, limit: int) -> list[ReceivedMail]:
        return [
            ReceivedMail(str(n), datetime.now(UTC), m.recipient, m.subject, m.text, m.html)
            for n, m in reversed(list(enumerate(self.sent)))
        ][:limit]

    def find(self, key: str) -> ReceivedMail | None:
        return next((mail for mail in self.newest(len(self.sent)) if mail.key == key), None)


class ScriptedGateway:
    """A payment gateway whose objects a test moves by hand."""

    name = "stripe"
    livemode = False

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.checkouts: dict[str, CheckoutSeen] = {}
        self.requests: dict[str, CheckoutRequest] = {}
        self.renewals: dict[str, RenewalSeen] = {}
        self.payments: dict[str, list[PaymentSeen]] = {}
        self.events: dict[bytes, EventSeen] = {}
        self._by_key: dict[str, CheckoutOpened] = {}

    def open_checkout(self, request: CheckoutRequest, *, idempotency_key: str) -> CheckoutOpened:
        if idempotency_key not in self._by_key:
            number = len(self._by_key) + 1
            opened = CheckoutOpened(
                f"cs_{number}",
                f"http://localhost:1/pay/cs_{number}",
                datetime.now(UTC) + timedelta(hours=24),
            )
            self._by_key[idempotency_key] = opened
            self.requests[opened.checkout_id] = request
            self.checkouts[opened.checkout_id] = CheckoutSeen(
                opened.checkout_id, request.reference, CheckoutState.OPEN, None, None, None
            )
        return self._by_key[idempotency_key]

    def pay(self, checkout_id: str, *, at: datetime) -> CheckoutSeen:
        """Play the payer who completes the hosted page."""
        request = self.requests[checkout_id]
        days = {"week": 7, "month": 30, "year": 365}.get(request.interval.value, 365)
        payment = PaymentSeen(f"pi_{checkout_id}", request.price, at, None)
        renewal = None
        if request.interval is not Interval.ONE_TIME:
            renewal = RenewalSeen(
                f"sub_{checkout_id}",
                request.reference,
                RenewalState.ACTIVE,
                request.price,
                at,
                at + timedelta(days=days),
                cancel_at_term_end=False,
            )
            self.renewals[renewal.renewal_id] = renewal
            self.payments[renewal.renewal_id] = [payment]
        seen = replace(
            self.checkouts[checkout_id],
            state=CheckoutState.COMPLETE,
            payer_id=f"cus_{request.payer_reference}",
            payment=payment,
            renewal=renewal,
        )
        self.checkouts[checkout_id] = seen
        return seen

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

    def list_payments(self, renewal_id: str) -> list[PaymentSeen]:
        return self.payments[renewal_id]

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        del idempotency_key
        self.renewals[renewal_id] = replace(self.renewals[renewal_id], cancel_at_term_end=cancel)
        return self.renewals[renewal_id]

    def read_event(self, payload: bytes, signature: str) -> EventSeen:
        del signature
        return self.events[payload]
