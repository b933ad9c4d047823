"""Projects: addresses, currencies, and the lead that must never be missing."""

from __future__ import annotations

import pytest

from portal.adapters.payments.stripe_amounts import from_stripe, to_stripe
from portal.domain.errors import Refusal
from portal.domain.money import Money
from portal.domain.permissions import ProjectRole
from portal.domain.projects import check_currency, check_leads, check_slug


@pytest.mark.parametrize("slug", ["a", "river-tools", "x1-2y", "a" * 60])
def test_a_plain_address_is_taken(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug", ["", "-a", "a-", "a--b", "A", "ä", "a b", "a/b", "../x", "a" * 61, "a\n", "a_b", "а"]
)
def test_any_other_address_is_refused_at_its_field(slug: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_slug(slug)
    assert refusal.value.field == "slug"


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "ISK", "UGX", "XOF"])
def test_a_project_may_sell_in_currencies_of_any_number_of_places(currency: str) -> None:
    assert check_currency(currency) == currency
    assert from_stripe(*to_stripe(Money(120_000, currency))) == Money(120_000, currency)


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "EURO"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    assert check_currency("EUR") == "EUR"
    with pytest.raises(Refusal):
        check_currency(currency)


def test_a_project_keeps_a_lead() -> None:
    check_leads({1: {ProjectRole.LEAD}, 2: set()})
    with pytest.raises(Refusal) as refusal:
        check_leads({1: {ProjectRole.MAINTAINER, ProjectRole.TREASURER}})
    assert refusal.value.code == "maintainers.last_lead"
