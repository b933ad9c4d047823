"""Tax ids: a doubt is told where the country's rules are known."""

from __future__ import annotations

import pytest

from portal.services.billing.tax_ids import looks_wrong


@pytest.mark.parametrize(
    ("country", "tax_id", "wrong"),
    [
        ("DE", "DE136695976", False),
        ("DE", "DE136695978", True),
        ("DE", "hello", True),
        ("GR", "EL094259216", False),
        ("US", "04-2103594", False),
        ("CH", "CHE-100.155.212", False),
        ("", "DE136695978", False),
        ("DE", "", False),
        ("AQ", "anything", False),
    ],
)
def test_doubts(*, country: str, tax_id: str, wrong: bool) -> None:
    assert looks_wrong(country, tax_id) is wrong
