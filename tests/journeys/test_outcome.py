"""J5 to the end, J6 and J7: a vote closes as time goes by, and anybody can check what came of it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import look_until, running

pytestmark = pytest.mark.journey
Open = Callable[..., Page]

TITLE = "Pause one queue"
REASON = "Our night shift needs it."


@pytest.fixture(scope="module")
def portal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal of its own: its clock is moved, which the other journeys need not live through."""
    with running(tmp_path_factory.mktemp("later")) as url:
        yield url


def test_j5_j6_j7_from_a_proposal_to_an_outcome_that_anybody_checks(
    open_page: Open, tmp_path: Path
) -> None:
    lead, voter, visitor = (
        open_page(persona="maintainer"),
        open_page(persona="representative"),
        open_page(),
    )
    _put_to_the_vote(lead)
    receipt = _vote_and_change_the_vote(lead, voter)
    _wait_for_the_close(lead, voter)
    _decide_and_ship(lead)
    _find_the_ballot(voter, visitor, receipt)
    _read_what_is_public(visitor)
    _verify_offline(visitor, tmp_path)
    for page in (lead, voter, visitor):
        assert page.problems == []  # type: ignore[attr-defined]


def _put_to_the_vote(page: Page) -> None:
    page.goto("/desk/kelpline/proposals/new")
    page.fill("[name=title]", TITLE)
    page.fill("[name=summary]", "Let an operator pause one queue.")
    page.fill("[name=body]", "Pause it, and go on where it stopped.")
    _send(page, "[name=title]", "Save")
    page.click("main button:has-text('Publish')")
    page.click("main a:has-text('Open a vote')")
    page.fill("[name=question]", "Shall an operator be able to pause one queue?")
    _send(page, "[name=question]")
    expect(page.locator("main")).to_contain_text("Open until")


def _send(page: Page, having: str, label: str = "") -> None:
    page.locator(f"main form:has({having}) button", has_text=label).last.click()
    page.wait_for_load_state()


def _vote_and_change_the_vote(lead: Page, voter: Page) -> str:
    """The receipt of the ballot that counts."""
    _cast(lead, "for")
    voter.goto("/organizations/brackwater-freight/votes")
    voter.click("main a:has-text('pause one queue')")
    _cast(voter, "against")
    voter.fill("[name=reason]", REASON)
    _cast(voter, "for")
    voter.click("main a:has-text('receipt')")
    expect(voter.locator("main")).to_contain_text("entry")
    entry = voter.locator("main a:has-text('as everybody sees it')").get_attribute("href")
    with voter.expect_download() as download:
        voter.click("main a:has-text('Download the receipt')")
    public = voter.request.get(str(entry)).text()
    assert "commitment" in public
    assert REASON not in public
    return Path(download.value.path()).read_text()


def _cast(page: Page, position: str) -> None:
    page.check(f"input[name=position][value={position}]")
    page.locator("#ballot form button").last.click()
    expect(page.get_by_text("The ballot is cast")).to_be_visible()


def _wait_for_the_close(lead: Page, voter: Page) -> None:
    """The demonstration's clock goes on past the close; the jobs close and count."""
    ballot = voter.url.removesuffix("/receipt")
    lead.goto("/personas")
    lead.click("main a:has-text('Move the clock')")
    # Not a month at once: nobody stays signed in for that long.
    for step in ("1 week", "1 week", "1 day"):
        lead.click(f"button:has-text('Forward {step}')")
    counted = "Closed and counted"
    look_until(voter, ballot, counted, voter.get_by_text(counted))


def _decide_and_ship(page: Page) -> None:
    page.goto("/desk/kelpline")
    page.click(f"main a:has-text('{TITLE}')")
    page.check("input[name=kind][value=accepted]")
    page.fill("[name=reasons]", "Both houses said what they want.")
    page.fill("[name=responsible]", "Noor Castellan")
    _send(page, "[name=reasons]")
    page.goto("/desk/kelpline/roadmap")
    for action in ("start", "ship"):
        page.click(f"main a:has-text('{TITLE}')")
        page.check(f"input[name=action][value={action}]")
        page.fill("[name=text]", "It is done.")
        page.fill("[name=shipped_url]", "https://kelpline.example/releases/9")
        _send(page, "[name=text]")
        page.goto("/desk/kelpline/roadmap")


def _find_the_ballot(voter: Page, visitor: Page, receipt: str) -> None:
    """In the record, opened; and whoever holds the receipt has it proved."""
    voter.click("main a:has-text('receipt')")
    voter.click("main a:has-text('as everybody sees it')")
    expect(voter.locator("main")).to_contain_text("The ballot, opened")
    expect(voter.locator("main")).to_contain_text(REASON)
    visitor.goto("/p/kelpline/record/check")
    visitor.fill("[name=text]", receipt)
    visitor.click("main button:has-text('Check')")
    expect(visitor.locator("main")).to_contain_text("The receipt holds")


def _read_what_is_public(page: Page) -> None:
    page.goto("/p/kelpline/sponsors")
    expect(page.locator("main")).to_contain_text("Brackwater Freight")
    page.goto("/p/kelpline/roadmap")
    expect(page.locator("main")).to_contain_text(TITLE)
    page.goto("/p/kelpline/proposals")
    page.click(f"main a:has-text('{TITLE}')")
    page.click("main a:has-text('Read the decision')")
    expect(page.locator("main")).to_contain_text("Both houses said what they want.")
    page.goto("/p/kelpline/record")
    page.click(f"main a:has-text('{TITLE}') >> nth=0")
    expect(page).to_have_url(re.compile(r"/outcome\?vote="))
    expect(page.locator("main figure svg").first).to_be_visible()
    expect(page.locator("main")).to_contain_text(REASON)


def _verify_offline(page: Page, folder: Path) -> None:
    with page.expect_download() as download:
        page.click("main a:has-text('Download the bundle')")
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder)
    key = page.request.get("/p/kelpline/record/key").text().strip()
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "--key", key],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 ballots match their commitments and count to the outcome" in done.stdout
