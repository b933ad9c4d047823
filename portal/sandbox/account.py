"""One account at the stand-in processor: its objects, its clock, its events."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from stripe._api_version import _ApiVersion

from portal.sandbox.errors import missing_object
from portal.sandbox.store import JSON, Store

API_VERSION = _ApiVersion.CURRENT

# What an endpoint in a real account would be set to receive; other events are only listed.
DELIVERED_EVENTS = frozenset(
    {
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.refunded",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.overdue",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.voided",
        "refund.created",
        "refund.failed",
        "refund.updated",
        "subscription_schedule.released",
        "subscription_schedule.updated",
        "test_helpers.test_clock.ready",
    }
)


class Account:
    """Objects with ids of Stripe's form, a clock that can run ahead, and an event per change."""

    def __init__(self, state_path: Path | None, *, wake: Callable[[], None]) -> None:
        """``wake`` is called whenever a delivery has been queued."""
        self.store = Store(state_path)
        self.wake = wake
        self._offset = self.setting("clock_offset")

    def now(self) -> int:
        """Unix seconds of the sandbox's clock."""
        return int(time.time()) + self._offset

    def set_clock(self, instant: int) -> None:
        """Let the clock read ``instant`` from now on; it never runs backwards."""
        offset = max(instant - int(time.time()), self._offset)
        self.set_setting("clock_offset", offset)
        self._offset = offset

    @property
    def offset(self) -> int:
        """How many seconds the sandbox's clock is ahead."""
        return self._offset

    def setting(self, name: str) -> int:
        """A number that was kept, 0 if none was."""
        saved = self.store.rows("SELECT value FROM settings WHERE name = ?", name)
        value: int = saved[0]["value"] if saved else 0
        return value

    def set_setting(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        self.store.rows(
            "INSERT INTO settings (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def new_id(self, prefix: str) -> str:
        """A fresh id such as ``cs_test_…``."""
        return f"{prefix}_{secrets.token_hex(12)}"

    def get(self, kind: str, identifier: str, param: str = "id") -> JSON:
        """The object of that kind; refuses with 404 ``resource_missing``."""
        found = self.store.find(identifier)
        if found is None or found["object"] != kind:
            raise missing_object(kind, identifier, param)
        return found

    def save(self, thing: JSON) -> JSON:
        """Keep an object as it is now."""
        return self.store.save(thing)

    def emit(self, kind: str, thing: JSON, previous: JSON | None = None) -> None:
        """Record that something happened to an object, and queue its delivery if subscribed."""
        data: JSON = {"object": public(thing)}
        if previous is not None:
            data["previous_attributes"] = previous
        delivered = kind in DELIVERED_EVENTS
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "account": None,
            "api_version": API_VERSION,
            "context": None,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": int(delivered),
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.save(event)
        if delivered:
            self.queue(event)

    def queue(self, event: JSON) -> None:
        """Queue an event for delivery, now."""
        self.store.rows(
            "INSERT INTO deliveries (event, kind, attempts, due_at, status, note) "
            "VALUES (?, ?, 0, ?, ?, '')",
            event["id"],
            event["type"],
            time.time(),
            "held" if self.setting("paused") else "pending",
        )
        self.wake()


def public(thing: JSON) -> JSON:
    """An object without the sandbox's own notes."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}
