"""Every page, as somebody who is led to it: axe finds nothing, nothing scrolls at 360 pixels.

The pages are found by following links; the portal's routes say which there must be. A route that
nobody is led to is named, so that a new page cannot be forgotten.
"""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

from portal.app import create_app
from tests.conftest import make_settings
from tests.journeys.conftest import Windows, running

pytestmark = pytest.mark.journey
Open = Callable[..., Page]

# A page is looked at as the first of these who is led to it; where each begins.
STARTS = {
    "visitor": ("/", "/personas", "/mailbox", "/tally"),
    "owner": ("/desk",),
    "representative": ("/desk",),
    "billing": ("/desk",),
    "maintainer": ("/desk", "/desk/kelpline"),
    "contributor": ("/desk", "/contributor/kelpline"),
    "steward": ("/desk", "/desk/kelpline"),
    "operator": ("/desk", "/operator/projects"),
}
# Routes that no link in the demonstration leads to, and why.
ELSEWHERE = {
    "account.name": "asked of newcomers alone",
    "appearance.choose": "a form",
    "billing.choose": "asked of buyers without a sponsorship",
    "favicon": "asked for by browsers",
    "health.alive": "asked by machines",
    "health.ready": "asked by machines",
    "invitations.show": "comes by mail",
    "needs.edit": "nobody has a draft",
    "public.picture": "a picture",
    "public.robots": "asked by machines",
    "receipts.contributor": "after a ballot is cast",
    "receipts.own": "after a ballot is cast",
    "record.consistency": "asked with two sizes",
    "record.earlier_checkpoint": "asked with a size",
    "sign_in.come_back": "from an identity provider",
    "sign_in.leave": "to an identity provider",
    "sign_in.open_link": "comes by mail",
    "sign_in.sent": "after a form",
    "sponsorship_changes.preview": "after a form",
    "stopping.ask": "comes by mail",
}
# How many addresses of one route are followed for their links.
FOLLOWED = 4
_LINK = re.compile(r'href="(/[^"#]*)')


@dataclass
class Found:
    """What following links led to: by route its first page, all that answered, what did not."""

    pages: dict[str, dict[str, str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    followed: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def portal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demonstration portal in which no other journey has been."""
    with running(tmp_path_factory.mktemp("untouched")) as url:
        yield url


@pytest.fixture(scope="module")
def portal() -> Flask:
    """The portal's routes."""
    return create_app(make_settings("sqlite://"))


@pytest.fixture(scope="module")
def found(windows: Windows, portal: Flask) -> Found:
    """The pages that each persona is the first to be led to."""
    routes = portal.url_map.bind("localhost")
    all_found = Found()
    for persona, starts in STARTS.items():
        page = windows.take(javascript=True, width=360, scheme="light")
        windows.sign_in(page, persona)
        _follow(page, routes, all_found, persona, starts)
        windows.keep(page)
    return all_found


def _follow(
    page: Page, routes: MapAdapter, found: Found, persona: str, starts: tuple[str, ...]
) -> None:
    own = found.pages.setdefault(persona, {})
    waiting, seen = deque(starts), set(starts)
    while waiting:
        path = waiting.popleft()
        route = _route(routes, path)
        if route is None or (path not in starts and found.followed[route] >= FOLLOWED):
            continue
        found.followed[route] += 1
        answer = page.request.get(path)
        if answer.status != 200:
            found.refused.append(f"{answer.status} {path}, as the {persona}")
            continue
        new = route not in found.answered
        found.answered.add(route)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        if new and urlsplit(answer.url).path == urlsplit(path).path:
            own[route] = path
        links = {html.unescape(each) for each in _LINK.findall(answer.text())} - seen
        seen |= links
        waiting.extend(sorted(links))


def _route(routes: MapAdapter, path: str) -> str | None:
    try:
        return str(routes.match(urlsplit(path).path)[0])
    except (HTTPException, RequestRedirect):
        return None


def test_no_link_leads_where_its_reader_may_not_go(found: Found) -> None:
    assert found.refused == []


def test_somebody_is_led_to_every_page(found: Found, portal: Flask) -> None:
    routes = {
        rule.endpoint for rule in portal.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    assert routes - found.answered == set(ELSEWHERE)


def _check(page: Page, path: str, *, status: int = 200) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == status, path
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    ), f"{path} scrolls sideways"
    page.evaluate(AXE_SCRIPT)
    for scheme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        checked = AxeResults(
            page.evaluate("options => axe.run(options)", options | {"resultTypes": ["violations"]})
        )
        assert checked.violations_count == 0, f"{path}, {scheme}: {checked.generate_report()}"
    assert page.problems == [], path  # type: ignore[attr-defined]


@pytest.mark.parametrize("persona", list(STARTS))
def test_pages_are_accessible_and_fit(open_page: Open, found: Found, persona: str) -> None:
    page = open_page(width=360, persona=persona)
    for path in found.pages[persona].values():
        _check(page, path)


def test_a_page_that_is_not_there_is_accessible_and_fits(open_page: Open) -> None:
    _check(open_page(width=360), "/no-such-page", status=404)


def test_pages_fit_a_wide_window_too(open_page: Open) -> None:
    page = open_page(width=1280, scheme="dark")
    for path in ("/", "/p/kelpline", "/p/kelpline/sponsors", "/p/kelpline/proposals/3/outcome"):
        _check(page, path)


def test_in_a_low_window_every_line_of_a_desks_menu_can_be_seen(open_page: Open) -> None:
    page = open_page(persona="maintainer")
    shown = page.viewport_size
    assert shown is not None
    page.set_viewport_size({"width": 1280, "height": 480})
    page.goto("/desk/kelpline/proposals/3/decision")
    last = page.locator(".desk-nav a").last
    last.focus()
    expect(last).to_be_in_viewport()
    page.set_viewport_size(shown)
