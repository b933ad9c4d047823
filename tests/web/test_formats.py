"""How amounts are written."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.domain.money import Money
from portal.web.formats import format_money


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (123_450, "EUR", "€1,234.50"),
        (120_000, "USD", "$1,200"),
        (1_200, "JPY", "¥1,200"),
        (-120_050, "CHF", "-CHF\u00a01,200.50"),
        (1_234_560, "KWD", "KWD\u00a01,234.560"),
        (1_200, "ISK", "ISK\u00a01,200"),
        (120_000, "TWD", "NT$1,200"),
    ],
)
def test_amounts_have_their_places_and_a_space_behind_letters(
    app: Flask, amount: int, currency: str, written: str
) -> None:
    with app.test_request_context():
        assert format_money(Money(amount, currency)) == written
