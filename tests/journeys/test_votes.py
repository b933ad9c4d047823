"""J5 Proposal to outcome and J6 Ballot, in a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey
Open = Callable[..., Page]


def _submit(page: Page, having: str, label: str) -> None:
    page.locator(f"main form:has({having}) button", has_text=label).last.click()
    page.wait_for_load_state()


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
def test_j5_a_proposal_is_drafted_published_and_put_to_a_vote(
    open_page: Open,
    javascript: bool,  # noqa: FBT001
) -> None:
    page = open_page(javascript=javascript, persona="maintainer")
    title = f"Pause a queue {uuid.uuid4().hex[:6]}"
    page.goto("/desk/kelpline/proposals/new")
    page.fill("[name=title]", title)
    page.fill("[name=summary]", "Let an operator pause one queue.")
    page.fill("[name=body]", "## What\n\nPause it. <script>alert(1)</script>")
    _submit(page, "[name=title]", "Save")
    expect(page.locator("h1")).to_contain_text(title)
    public = page.url.replace("/desk/", "/p/")
    visitor = open_page(javascript=javascript)
    assert visitor.goto(public).status == 404, "a draft is for maintainers only"  # type: ignore[union-attr]

    page.click("main button:has-text('Publish')")
    page.wait_for_load_state()
    assert visitor.goto(public).status == 200  # type: ignore[union-attr]
    expect(visitor.locator("h1")).to_contain_text(title)
    assert visitor.locator("main script").count() == 0

    page.click("main a:has-text('Open a vote')")
    expect(page.locator("main")).to_contain_text("Ostrava Instruments")
    page.fill("[name=question]", "Shall an operator be able to pause one queue?")
    page.locator("main form:has([name=question]) button").last.click()
    page.wait_for_load_state()
    visitor.goto(public)
    expect(visitor.locator("main")).to_contain_text("Vote open")
    expect(visitor.locator("main")).to_contain_text("Shall an operator be able to pause one queue?")


def test_j6_a_representative_votes_changes_and_recuses(open_page: Open) -> None:
    page = open_page(persona="representative")
    page.goto("/organizations/brackwater-freight/votes")
    page.click("main a:has-text('replication across two sites')")
    for position in ("for", "against"):
        page.check(f"input[name=position][value={position}]")
        page.locator("#ballot form button").last.click()
        page.wait_for_load_state()
        expect(page.locator("main")).to_contain_text("Your ballot is cast")
    assert page.locator("input[name=position][value=against]").is_checked()
    # Nobody else sees the choice before the close.
    visitor = open_page()
    visitor.goto("/p/kelpline/proposals")
    visitor.click("main a:has-text('Replicate a queue')")
    assert "against" not in visitor.locator("main").inner_text().lower().split()


def test_j5_a_decision_is_owed_and_made(open_page: Open) -> None:
    page = open_page(persona="maintainer")
    page.goto("/desk/kelpline")
    page.click("main a:has-text('A metrics endpoint')")
    page.check("input[name=kind][value=deferred]")
    page.fill("[name=reasons]", "Too few took part to tell. We ask again in spring.")
    page.fill("[name=responsible]", "Noor Castellan")
    _submit(page, "[name=reasons]", "")
    visitor = open_page()
    visitor.goto("/p/kelpline/proposals")
    visitor.click("main a:has-text('A metrics endpoint')")
    expect(visitor.locator("main")).to_contain_text("Deferred")
