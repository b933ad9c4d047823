"""Tiers: prices are exact, benefits typed, and what cannot be sold is refused at its field."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.tiers import (
    Audience,
    EarlyAccess,
    Interval,
    Logo,
    LogoSize,
    Mention,
    NamedContact,
    Support,
    TextLine,
    TierTerms,
    parse_price,
    read_benefits,
    write_benefits,
)


def terms(**changes: Any) -> TierTerms:
    values: dict[str, Any] = {
        "name": "Gold",
        "description": "",
        "price": Money(100, "EUR"),
        "interval": Interval.YEAR,
        "voting_weight": 1,
        "audience": Audience.ORGANIZATION,
    }
    return TierTerms(**(values | changes))


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1200", "EUR", 120000),
        ("1200.5", "EUR", 120050),
        ("1200.50", "EUR", 120050),
        ("49,90", "EUR", 4990),
        (" 0.01 ", "EUR", 1),
        ("1200", "JPY", 1200),
        ("1.5", "KWD", 1500),
        ("1.234", "KWD", 1234),
        ("0", "EUR", 0),
    ],
)
def test_a_price_is_read_exactly_in_its_currency(typed: str, currency: str, minor: int) -> None:
    assert parse_price(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "EUR"),
        ("1.234", "EUR"),
        ("1,200", "EUR"),
        ("1,200", "KWD"),
        ("1.5", "JPY"),
        ("1,200.00", "EUR"),
        ("1e3", "EUR"),
        ("-5", "EUR"),
        ("€5", "EUR"),
        ("5 EUR", "EUR"),
        ("1.2345", "KWD"),
        ("٥", "EUR"),
        ("9" * 13, "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
    ],
)
def test_what_is_no_price_is_refused_at_the_price(typed: str, currency: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_price(typed, currency)
    assert (refusal.value.code, refusal.value.field) == ("price.malformed", "price")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": Money(0, "EUR")}, "price"),
        ({"price": Money(10**8, "EUR")}, "price"),
        ({"voting_weight": -1}, "voting_weight"),
        ({"voting_weight": 10**6 + 1}, "voting_weight"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 10**6 + 1}, "capacity"),
        ({"sold_from": date(2026, 2, 1), "sold_until": date(2026, 1, 31)}, "sold_until"),
        ({"benefits": (TextLine("x"),) * 11}, "text_lines"),
    ],
)
def test_what_cannot_be_sold_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refusal:
        terms(**changes)
    assert refusal.value.field == field


def test_a_sale_of_one_day_is_allowed() -> None:
    day = date(2026, 1, 1)
    assert terms(sold_from=day, sold_until=day, capacity=1).sold_until == day


def test_benefits_are_read_back_as_they_were_written() -> None:
    benefits = (
        Logo(LogoSize.LEAD),
        Support(4, 2),
        NamedContact(),
        EarlyAccess(7),
        Mention(),
        TextLine("A seat at the table"),
    )
    assert read_benefits(write_benefits(benefits)) == benefits


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"kind": "yacht"},
        {"kind": "logo"},
        {"kind": "logo", "size": "huge"},
        {"kind": "mention", "loud": True},
        {"kind": "support", "per_quarter": 1},
    ],
)
def test_a_benefit_the_portal_does_not_know_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        read_benefits([stored])


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Support(0, 1), "support_requests"),
        (lambda: Support(1, 91), "support_days"),
        (lambda: EarlyAccess(0), "early_access_days"),
        (lambda: EarlyAccess(True), "early_access_days"),
        (lambda: TextLine(""), "text_lines"),
        (lambda: TextLine("x" * 141), "text_lines"),
    ],
)
def test_a_benefit_nobody_could_keep_is_refused(make: Any, field: str) -> None:
    with pytest.raises(Refusal) as refusal:
        make()
    assert refusal.value.field == field
