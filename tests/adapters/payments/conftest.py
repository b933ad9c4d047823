"""The gateway, talking over HTTP to a sandbox of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.adapters.payments.stripe_gateway import StripeGateway
from tests.sandbox.stage import API_KEY, WEBHOOK_SECRET, Stage, open_stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A fresh sandbox; whatever it answered during the test must fit the SDK's types."""
    with open_stage() as stage:
        yield stage
    assert stage.problems == []


@pytest.fixture
def gateway(stage: Stage) -> StripeGateway:
    """The adapter as the portal builds it, except for the address."""
    return StripeGateway(
        api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, api_base=stage.url, livemode=False
    )
