"""J3: legal name, address, tax id, PO number; an invoice as PDF; a transfer recorded; active."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey
Open = Callable[..., Page]


def _order(page: Page, name: str) -> str:
    """From the tier's page to the invoice; its number."""
    page.goto("/organizations/new")
    page.fill("[name=name]", name)
    page.click("main form:has([name=name]) button")
    page.goto("/p/kelpline/tiers")
    page.click("text=Buy Small team")
    page.click(f"main a:has-text('{name}')")
    page.click("#by-invoice")
    page.fill("[name=legal_name]", f"{name} Aktiebolag")
    page.fill("[name=address]", "Storgatan 1\n111 23 Stockholm")
    page.select_option("[name=country]", "SE")
    page.fill("[name=tax_id]", "SE123456789701")
    page.click("#quote")
    expect(page.locator("main")).to_contain_text("This is an offer, not an invoice")
    page.fill("[name=po_number]", "PO-4711")
    page.click("button:has-text('Accept and get the invoice')")
    expect(page.locator("main")).to_contain_text("Accept the agreement first")
    expect(page.locator("[name=po_number]")).to_have_value("PO-4711")
    page.check("[name=accepted]")
    page.click("button:has-text('Accept and get the invoice')")
    main = page.locator("main")
    expect(main).to_contain_text("Reverse charge")
    expect(main).to_contain_text("PO-4711")
    expect(main).to_contain_text("SE123456789701")
    expect(main).to_contain_text("DE89 3704 0044 0532 0130 00")
    return page.locator("h1").inner_text().removeprefix("Invoice ")


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
def test_j3_a_company_buys_by_invoice(open_page: Open, javascript: bool) -> None:  # noqa: FBT001
    page = open_page(javascript=javascript, persona="owner")
    name = f"Weir {uuid.uuid4().hex[:6]}"
    number = _order(page, name)
    invoice = page.url
    file = page.request.get(f"{invoice}/file")
    assert file.headers["content-type"] == "application/pdf"
    assert file.body()[:5] == b"%PDF-"
    page.click("main a:has-text('The sponsorship')")
    expect(page.locator("main")).to_contain_text("Not active yet")

    treasurer = open_page(javascript=javascript, persona="maintainer")
    treasurer.goto("/desk/kelpline/treasury")
    treasurer.click(f"main a:has-text('{number}')")
    treasurer.fill("[name=reference]", "Statement 47, line 3")
    treasurer.click("button:has-text('Record the payment')")
    expect(treasurer.locator("main")).to_contain_text("Paid in full")

    page.goto(invoice)
    expect(page.locator("main")).to_contain_text("Paid in full")
    page.click("main a:has-text('Receipt KELP-R')")
    expect(page.locator("main")).to_contain_text("The invoice is paid in full.")
    page.click("main a:has-text('The sponsorship')")
    expect(page.locator("main")).to_contain_text(re.compile("Active until"))
    assert page.problems == []  # type: ignore[attr-defined]
    assert treasurer.problems == []  # type: ignore[attr-defined]


def test_a_statement_is_imported_and_its_payments_recorded(open_page: Open) -> None:
    page = open_page(javascript=False, persona="maintainer")
    mark = uuid.uuid4().hex[:8]
    rows = [f"2026-11-{day:02d},{day}.50,Payer {mark} {day},x" for day in range(1, 21)]
    text = "\n".join(["Date,Amount,Name,Description", *rows, ""])
    page.goto("/desk/kelpline/treasury/imports")
    page.set_input_files(
        "[name=statement]",
        {"name": f"{mark}.csv", "mimeType": "text/csv", "buffer": text.encode()},
    )
    page.click("button:has-text('Look at it')")
    expect(page.locator("main table")).to_contain_text(f"Payer {mark} 1")
    page.click("#begin")
    # Without JavaScript the page looks again by itself.
    expect(page.locator("main")).to_contain_text("All 20 rows are read", timeout=30_000)
    expect(page.locator("progress")).to_have_attribute("value", "20")
    page.goto("/desk/kelpline/treasury/lines")
    page.click("main tbody a >> nth=0")
    page.click("#aside")
    expect(page.locator("main")).to_contain_text("Set aside")
