"""The stand-in processor in a thread, its endpoint, and proof that its objects are Stripe's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.stage import Stage, open_stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A fresh sandbox; whatever it answered during the test must fit the SDK's types."""
    with open_stage() as stage:
        yield stage
    assert stage.problems == []
