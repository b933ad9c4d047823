"""J4 Need: stated in its parts, screened in one step, answered, kept private, or taken up."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey
Open = Callable[..., Page]

ORGANIZATION = "/organizations/brackwater-freight"
DESK = "/desk/kelpline"
_PARTS = {
    "for_whom": "Forty ports, each with a line that drops twice a day",
    "evidence": "A log of the last quarter",
    "cost_of_not": "Two working days a month",
    "conflicts": "None",
}


@pytest.fixture(params=[True, False], ids=["with-javascript", "without"])
def javascript(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _press(page: Page, label: str, within: str = "main") -> None:
    page.locator(f"{within} button", has_text=label).first.click()
    page.wait_for_load_state()


def _state(page: Page, need: str, *, step: str = "Hand it in") -> str:
    """State a need as the representative; the address of its page."""
    page.goto(f"{ORGANIZATION}/needs")
    page.click("main a:has-text('State a need')")
    page.fill("[name=need]", need)
    for name, text in _PARTS.items():
        page.fill(f"[name={name}]", text)
    _press(page, step)
    expect(page.locator("h1")).to_contain_text(need)
    return page.url


def _screen(page: Page, need: str, label: str) -> None:
    """From the desk to the need in one click, and one more decides."""
    page.goto(DESK)
    page.locator("main li", has_text=need).filter(has_text="Screen a need").locator("a").click()
    page.wait_for_load_state()
    card = page.locator("main article.card", has_text=need)
    card.locator("button", has_text=label).first.click()
    page.wait_for_load_state()
    expect(page.locator("main article.card", has_text=need)).to_have_count(0)


def _answer_from_desk(page: Page, need: str) -> None:
    page.goto(DESK)
    page.locator("main li", has_text=need).filter(has_text="Answer a need").locator("a").click()
    page.wait_for_load_state()


def test_j4_a_need_is_stated_screened_and_answered(open_page: Open, javascript: bool) -> None:  # noqa: FBT001
    need = f"A way to pause one line {uuid.uuid4().hex[:6]}"
    author = open_page(javascript=javascript, persona="representative")
    maintainer = open_page(javascript=javascript, persona="maintainer")
    address = _state(author, need, step="Save the draft")
    maintainer.goto(DESK)
    expect(maintainer.locator("main")).not_to_contain_text(need)
    author.click("main a:has-text('Go on writing')")
    _press(author, "Hand it in")
    expect(author.locator("main")).to_contain_text("With a steward")

    _screen(maintainer, need, "Release")
    _answer_from_desk(maintainer, need)
    maintainer.check("input[name=action][value=answer]")
    maintainer.fill("main form:has([name=action]) [name=text]", "It is there since 3.2.")
    maintainer.check("[name=as_project]")
    _press(maintainer, "Send")
    maintainer.goto(DESK)
    expect(maintainer.locator("main")).not_to_contain_text(need)

    author.goto(address)
    expect(author.locator("main")).to_contain_text("Answered")
    expect(author.locator("main")).to_contain_text("It is there since 3.2.")
    expect(author.locator("main")).to_contain_text("The project")
    expect(author.locator("#conversation")).not_to_contain_text("Noor Castellan")


def test_j4_a_need_is_kept_private_and_nothing_of_it_is_public(
    open_page: Open,
    javascript: bool,  # noqa: FBT001
) -> None:
    need = f"What an auditor asked us {uuid.uuid4().hex[:6]}"
    author = open_page(javascript=javascript, persona="representative")
    maintainer = open_page(javascript=javascript, persona="maintainer")
    address = _state(author, need)
    _screen(maintainer, need, "Keep private")
    author.goto(address)
    expect(author.locator("main")).to_contain_text("kept private")
    maintainer.goto(f"{DESK}/needs")
    expect(maintainer.locator("main li", has_text=need)).to_contain_text("kept private")
    other = open_page(javascript=javascript, persona="owner")
    assert other.goto(f"{DESK}/needs").status == 404  # type: ignore[union-attr]
    visitor = open_page(javascript=javascript)
    for path in ("", "/proposals", "/roadmap", "/contribute"):
        visitor.goto(f"/p/kelpline{path}")
        expect(visitor.locator("main")).not_to_contain_text(need)
    # Nothing is left pending for the other journeys.
    author.goto(address)
    _press(author, "Withdraw the need")


def test_j4_two_needs_are_joined_in_a_new_proposal(open_page: Open, javascript: bool) -> None:  # noqa: FBT001
    mark = uuid.uuid4().hex[:6]
    needs = [f"Batches that go on after a break {mark}", f"A meter for each sender {mark}"]
    author = open_page(javascript=javascript, persona="representative")
    maintainer = open_page(javascript=javascript, persona="maintainer")
    addresses = []
    for need in needs:
        addresses.append(_state(author, need))
        _screen(maintainer, need, "Release")
    _answer_from_desk(maintainer, needs[0])
    maintainer.click("main a:has-text('Join it with others')")
    expect(maintainer.get_by_label(needs[0])).to_be_checked()
    maintainer.get_by_label(needs[1]).check()
    _press(maintainer, "Join them")
    title = f"Long transfers {mark}"
    maintainer.fill("[name=title]", title)
    maintainer.fill("[name=summary]", "Transfers go on where they stopped.")
    maintainer.fill("[name=body]", "What, why, and what it costs.")
    _press(maintainer, "Save")
    for need in needs:
        expect(maintainer.locator("#needs")).to_contain_text(need)
    _press(maintainer, "Publish for consultation")
    number = maintainer.url.split("/proposals/")[1].split("#")[0]

    for address in addresses:
        author.goto(address)
        expect(author.locator("main")).to_contain_text(title)
    visitor = open_page(javascript=javascript)
    visitor.goto(f"/p/kelpline/proposals/{number}")
    expect(visitor.locator("main")).to_contain_text("Brackwater Freight")
    for need in needs:
        expect(visitor.locator("main")).not_to_contain_text(need)
    # Nothing is left pending for the other journeys.
    for _need in needs:
        maintainer.goto(f"{DESK}/proposals/{number}")
        maintainer.locator("#needs button", has_text="Take it out again").first.click()
        maintainer.wait_for_load_state()
        maintainer.check("input[name=action][value=answer]")
        maintainer.fill("main form:has([name=action]) [name=text]", "Later, and thank you.")
        _press(maintainer, "Send")
