"""J8 Lapse: a payment fails, reminders, grace, the weight goes, the past stays; paying restores."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import become, look_until, running

pytestmark = pytest.mark.journey
Open = Callable[..., Page]

COMPANY, TIER = "Weirline Optics", "Monthly seat"
TITLE, IN_CONSULTATION = "Pause one queue", "/desk/kelpline/proposals/6"
_FAILS_LATER, _WORKS = "4000000000000341", "4242424242424242"


@pytest.fixture(scope="module")
def portal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal of its own: its clock is moved, which the other journeys need not live through."""
    with running(tmp_path_factory.mktemp("lapsing")) as url:
        yield url


def test_j8_a_lapse_takes_the_weight_and_leaves_the_past(open_page: Open) -> None:
    lead, owner, clock = open_page(persona="maintainer"), open_page(persona="owner"), open_page()
    _sell_by_the_month(lead)
    stake = _found_and_buy(owner)
    _approve(lead)
    ballot = _cast(lead, owner)
    past = _live_to_the_outcome(owner, clock, ballot)
    _fail_and_warn(lead, owner, clock, stake)
    _lapse(lead, owner, clock, stake)
    _read_the_past(clock, past)
    _pay_again(lead, owner, stake)
    for page in (lead, owner, clock):
        assert page.problems == []  # type: ignore[attr-defined]


def _sell_by_the_month(lead: Page) -> None:
    lead.goto("/desk/kelpline/tiers/new")
    lead.fill("[name=name]", TIER)
    lead.fill("[name=price]", "200")
    lead.check("[name=interval][value=month]")
    lead.fill("[name=voting_weight]", "2")
    lead.click("button[name=step][value=preview]")
    lead.click("button[name=step][value=save]")
    expect(lead.locator("main")).to_contain_text(TIER)


def _found_and_buy(owner: Page) -> str:
    """By a card that fails at the renewal; the address of the sponsorship."""
    owner.goto("/organizations/new")
    owner.fill("[name=name]", COMPANY)
    owner.click("main form:has([name=name]) button")
    owner.goto("/p/kelpline/tiers")
    owner.click(f"text=Buy {TIER}")
    owner.click(f"main a:has-text('{COMPANY}')")
    _pay(owner, _FAILS_LATER)
    return owner.url


def _pay(owner: Page, card: str) -> None:
    owner.click("text=Go to payment")
    owner.check(f"input[value='{card}']")
    owner.click("button:has-text('Subscribe')")
    expect(owner.locator("main")).to_contain_text("Active until", timeout=20_000)


def _approve(lead: Page) -> None:
    """The name is shown: among those whose weight and power everybody sees."""
    lead.goto("/desk/kelpline/sponsors")
    lead.locator("#review article", has_text=COMPANY).locator("button:has-text('Approve')").click()
    lead.goto("/p/kelpline/sponsors")
    expect(lead.locator("main")).to_contain_text(COMPANY)


def _cast(lead: Page, owner: Page) -> str:
    """Put a proposal to the vote, and vote for the company; the address of the ballot."""
    lead.goto("/desk/kelpline/proposals/new")
    lead.fill("[name=title]", TITLE)
    lead.fill("[name=summary]", "Let an operator pause one queue.")
    lead.fill("[name=body]", "Pause it, and go on where it stopped.")
    lead.locator("main form:has([name=title]) button", has_text="Save").last.click()
    lead.click("main button:has-text('Publish')")
    lead.click("main a:has-text('Open a vote')")
    lead.fill("[name=question]", "Shall an operator be able to pause one queue?")
    lead.locator("main form:has([name=question]) button").last.click()
    owner.goto("/organizations/weirline-optics/votes")
    owner.click(f"main a:has-text('{TITLE}'), main a:has-text('pause one queue')")
    owner.check("input[name=position][value=for]")
    owner.locator("#ballot form button").last.click()
    expect(owner.get_by_text("The ballot is cast")).to_be_visible()
    return owner.url


def _live_to_the_outcome(owner: Page, clock: Page, ballot: str) -> str:
    """Two weeks later the vote is counted; the address of its outcome, ballot included."""
    _forward(clock, "1 week", "1 week", "1 day")
    _reads(owner, ballot, "Closed and counted")
    clock.goto("/p/kelpline/proposals")
    clock.click(f"main a:has-text('{TITLE}')")
    outcome = f"{clock.url}/outcome"
    _counted(clock, outcome)
    return outcome


def _fail_and_warn(lead: Page, owner: Page, clock: Page, stake: str) -> None:
    """The renewal cannot be charged: mails say so, and in grace everything stays as it is."""
    become(owner, "owner")
    _forward(clock, "1 week", "1 week", "1 day", "1 day")
    _mails_come(clock, "The payment for Kelpline failed")
    become(owner, "owner")
    _reads(owner, stake, "The last payment failed. Everything stays until")
    assert COMPANY in _entitled(lead), "in grace the weight still counts"
    for number, steps in enumerate((("1 day", "1 day"), ("1 week",), ("1 week",)), start=1):
        _forward(clock, *steps)
        _mails_come(clock, f"Still unpaid: Kelpline, {TIER}", number)


def _lapse(lead: Page, owner: Page, clock: Page, stake: str) -> None:
    """Grace runs out: the weight is gone from the next record date."""
    _forward(clock, "1 week")
    _mails_come(clock, "The sponsorship of Kelpline has lapsed")
    become(owner, "owner")
    _reads(owner, stake, "Lapsed: no payment arrived in time.")
    assert COMPANY not in _entitled(lead)
    expect(lead.locator("main")).to_contain_text(COMPANY)
    expect(lead.locator("main")).to_contain_text("a new payment restores it")


def _counted(visitor: Page, outcome: str) -> None:
    visitor.goto(outcome)
    row = visitor.locator("main tr", has=visitor.get_by_role("rowheader", name=COMPANY))
    expect(row.last).to_contain_text("For")


def _read_the_past(visitor: Page, outcome: str) -> None:
    """The ballot counts where it counted, and the sponsor is listed with its dates."""
    _counted(visitor, outcome)
    visitor.goto("/p/kelpline/sponsors")
    expect(visitor.locator("#past")).to_contain_text(COMPANY)


def _pay_again(lead: Page, owner: Page, stake: str) -> None:
    owner.goto("/p/kelpline/tiers")
    owner.click(f"text=Buy {TIER}")
    if owner.locator(f"main a:has-text('{COMPANY}')").count():
        owner.click(f"main a:has-text('{COMPANY}')")
    _pay(owner, _WORKS)
    owner.goto(stake)
    assert COMPANY in _entitled(lead), "paying again restores the weight"


def _entitled(lead: Page) -> str:
    """Whose weight would freeze if a vote opened now; the page also says who is left out."""
    become(lead, "maintainer")
    lead.goto(IN_CONSULTATION)
    lead.click("main a:has-text('Open a vote')")
    return lead.locator("main").inner_text().split("Left out, and why")[0]


def _forward(clock: Page, *steps: str) -> None:
    """Never a month at once: nobody stays signed in for that long, and jobs run in between."""
    clock.goto("/personas")
    clock.click("main a:has-text('Move the clock')")
    for step in steps:
        clock.click(f"button:has-text('Forward {step}')")


def _reads(page: Page, address: str, text: str) -> None:
    look_until(page, address, text, page.get_by_text(text))


def _mails_come(page: Page, subject: str, times: int = 1) -> None:
    mails = page.locator("main a", has_text=subject)
    look_until(page, "/mailbox", subject, mails, times)
