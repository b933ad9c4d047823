"""J2 Card: found an organization, choose a tier, pay on the hosted page, get the receipt."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import look_until

pytestmark = pytest.mark.journey
Open = Callable[..., Page]


def _new_person(page: Page) -> str:
    """Sign in by a mailed link with an address the portal has never seen."""
    address = f"{uuid.uuid4().hex[:10]}@newcomer.example"
    page.goto("/sign-in")
    page.fill("[name=email]", address)
    page.click("main form:has([name=email]) button")
    mail = page.locator(f"main :is(li, tr, article):has-text('{address}') a")
    look_until(
        page, "/mailbox", address, mail.filter(has_text=re.compile("sign in", re.IGNORECASE))
    )
    mail.first.click()
    page.locator("main a[href*='/sign-in/link/']").first.click()
    page.click("main form button")
    page.fill("[name=name]", "Nora Newcomer")
    page.click("main form:has([name=name]) button")
    return address


def _found(page: Page, name: str) -> None:
    page.goto("/organizations/new")
    page.fill("[name=name]", name)
    page.click("main form:has([name=name]) button")
    expect(page.locator("h1")).to_contain_text(name)


def _go_to_payment(page: Page, tier: str, organization: str) -> None:
    page.goto("/p/kelpline/tiers")
    page.click(f"text=Buy {tier}")
    # With one organization there is nothing to choose.
    expect(page.locator("main")).to_contain_text(organization)
    expect(page.locator("main")).to_contain_text("Share of the vote")
    page.click("text=Go to payment")
    expect(page).to_have_url(re.compile("/c/pay/"))


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
def test_j2_a_newcomer_buys_a_tier_by_card(open_page: Open, javascript: bool) -> None:  # noqa: FBT001
    page = open_page(javascript=javascript)
    address = _new_person(page)
    name = f"Quarry {uuid.uuid4().hex[:6]}"
    _found(page, name)
    _go_to_payment(page, "Company", name)
    page.check("input[value='4242424242424242']")
    page.click("button:has-text('Subscribe')")
    expect(page).to_have_url(re.compile("/organizations/.*/sponsorships/"))
    expect(page.locator("main")).to_contain_text("Active", timeout=20_000)
    expect(page.locator("main")).to_contain_text("€2,400")
    page.click("main a:has-text('Receipt')")
    expect(page.locator("main")).to_contain_text(name)
    expect(page.locator("main")).to_contain_text("€2,400")
    receipt = page.locator(f"main :is(li, tr, article):has-text('{address}')", has_text="eceipt")
    look_until(page, "/mailbox", "eceipt", receipt)
    assert page.problems == []  # type: ignore[attr-defined]


def test_a_declined_card_then_another_leaves_one_sponsorship(open_page: Open) -> None:
    page = open_page()
    _new_person(page)
    name = f"Second Try {uuid.uuid4().hex[:6]}"
    _found(page, name)
    _go_to_payment(page, "Small team", name)
    page.check("input[value='4000000000000002']")
    page.click("button:has-text('Subscribe')")
    expect(page.locator("body")).to_contain_text(re.compile("declined", re.IGNORECASE))
    page.check("input[value='4242424242424242']")
    page.click("button:has-text('Subscribe')")
    expect(page.locator("main")).to_contain_text("Active", timeout=20_000)
    page.goto("/desk")
    page.click(f"main a:has-text('{name}')")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_three_d_secure_and_the_closed_tab(open_page: Open) -> None:
    page = open_page()
    _new_person(page)
    name = f"Closed Tab {uuid.uuid4().hex[:6]}"
    _found(page, name)
    _go_to_payment(page, "Company", name)
    first = page.url
    # The tab is closed; the same purchase begun again leads to the same hosted page.
    _go_to_payment(page, "Company", name)
    assert page.url == first
    page.check("input[value='4000002760003184']")
    page.click("button:has-text('Subscribe')")
    page.click("button:has-text('Complete')")
    expect(page.locator("main")).to_contain_text("Active", timeout=20_000)
