"""A checkout request to vary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portal.domain.money import Money
from portal.ports.payments import CheckoutRequest, Interval

_REQUEST = CheckoutRequest(
    reference="chk-1",
    project="orchard",
    tier_reference="orchard-gold-v1",
    tier_name="Gold",
    price=Money(120_000, "EUR"),
    interval=Interval.YEAR,
    payer_name="Acme Seeds",
    payer_email="billing@acme.example",
    payer_reference="org-1",
    payer_id=None,
    success_url="http://localhost/done?checkout={CHECKOUT_SESSION_ID}",
    cancel_url="http://localhost/tiers",
)


def make_request(**changes: Any) -> CheckoutRequest:
    """EUR 1,200 a year for Gold by Acme Seeds, unless told otherwise."""
    return replace(_REQUEST, **changes)
