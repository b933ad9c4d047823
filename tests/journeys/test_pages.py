"""Every page, as every persona: axe finds nothing, nothing scrolls sideways at 360 pixels."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.journey
Open = Callable[..., Page]

PUBLIC = (
    "/",
    "/p/kelpline",
    "/p/kelpline/tiers",
    "/p/kelpline/sponsors",
    "/p/kelpline/roadmap",
    "/p/kelpline/proposals",
    "/p/kelpline/proposals/1",
    "/p/kelpline/proposals/5",
    "/p/kelpline/proposals/3/outcome",
    "/p/kelpline/proposals/3/decision",
    "/p/kelpline/charter",
    "/p/kelpline/how-we-work",
    "/o/ostrava-instruments",
    "/sign-in",
    "/personas",
    "/mailbox",
    "/no-such-page",
)
SIGNED_IN = {
    "owner": (
        "/desk",
        "/account",
        "/organizations/new",
        "/organizations/brackwater-freight",
        "/organizations/brackwater-freight/profile",
        "/organizations/brackwater-freight/members",
        "/organizations/brackwater-freight/audit",
        "/organizations/brackwater-freight/sponsorships/demo-brackwater-freight",
        "/p/kelpline/tiers/anchor/buy",
    ),
    "representative": ("/organizations/brackwater-freight/votes",),
    "billing": ("/organizations/brackwater-freight/sponsorships/demo-brackwater-freight",),
    "maintainer": (
        "/desk/kelpline",
        "/desk/kelpline/profile",
        "/desk/kelpline/maintainers",
        "/desk/kelpline/charter",
        "/desk/kelpline/tiers",
        "/desk/kelpline/tiers/new",
        "/desk/kelpline/tiers/partner",
        "/desk/kelpline/sponsors",
        "/desk/kelpline/audit",
        "/desk/kelpline/proposals",
        "/desk/kelpline/proposals/new",
        "/desk/kelpline/proposals/6",
        "/desk/kelpline/proposals/6/open-vote",
        "/desk/kelpline/proposals/5",
        "/desk/kelpline/roadmap",
    ),
    "operator": ("/operator/projects", "/operator/projects/new"),
}


def _check(page: Page, path: str, *, width: int) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == (404 if path == "/no-such-page" else 200), path
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    ), f"{path} scrolls sideways at {width}"
    found = Axe().run(page)
    assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert page.problems == [], path  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (1280, "dark")], ids=["phone-light", "wide-dark"]
)
def test_public_pages_are_accessible_and_fit(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(width=width, scheme=scheme)
    for path in PUBLIC:
        _check(page, path, width=width)


@pytest.mark.parametrize("persona", list(SIGNED_IN))
@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "dark"), (1280, "light")], ids=["phone-dark", "wide-light"]
)
def test_desks_are_accessible_and_fit(
    open_page: Open, persona: str, width: int, scheme: str
) -> None:
    page = open_page(width=width, scheme=scheme, persona=persona)
    for path in SIGNED_IN[persona]:
        _check(page, path, width=width)
