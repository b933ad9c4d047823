"""A running demonstration portal with all its parts, and a real browser in front of it."""

from __future__ import annotations

import html
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
    # No process in reserve for the window used last: journeys go from one window to another.
    "--disable-site-isolation-trials",
)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_demonstration(var: Path, port: int, **popen: object) -> subprocess.Popen[str]:
    """Start ``portal demo`` as a newcomer would, on its own folder and port."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("STAKEHOLD_")}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [
            str(Path(sys.executable).parent / "portal"),
            *("demo", "--port", str(port), "--var", str(var)),
        ],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **popen,
    )


def wait_until_ready(process: subprocess.Popen[str], port: int, seconds: float = 90) -> None:
    """Wait for the portal's own word that it is ready."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(process.stdout.read() if process.stdout else "it ended")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the demonstration did not become ready")


def stop(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C and return what was printed."""
    process.send_signal(signal.SIGINT)
    try:
        printed, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, _ = process.communicate()
    return printed


@contextmanager
def running(var: Path) -> Iterator[str]:
    """Address of a demonstration portal that runs meanwhile."""
    port = free_port()
    process = start_demonstration(var, port)
    try:
        wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


@pytest.fixture(scope="session")
def portal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a demonstration portal that runs for this worker's journeys."""
    with running(tmp_path_factory.mktemp("demonstration")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for this worker."""
    path = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


class Windows:
    """Browser windows on one portal, each kept for the next test that asks for one like it.

    The first page of a new window costs the processor what five pages cost in one that is there.
    """

    def __init__(self, browser: Browser, portal_url: str) -> None:
        self._browser, self._portal_url = browser, portal_url
        self._kept: defaultdict[tuple[bool, int, str], list[Page]] = defaultdict(list)
        self._signed_in: dict[str, list[Any]] = {}

    def take(self, javascript: bool, width: int, scheme: str) -> Page:  # noqa: FBT001
        """A window in which nobody is signed in."""
        kept = self._kept[javascript, width, scheme]
        page = kept.pop() if kept else self._open(javascript, width, scheme)
        page.problems = []  # type: ignore[attr-defined]
        return page

    def _open(self, javascript: bool, width: int, scheme: str) -> Page:  # noqa: FBT001
        context = self._browser.new_context(
            base_url=self._portal_url,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.alike = javascript, width, scheme  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda message: (
                page.problems.append(message.text)  # type: ignore[attr-defined]
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    def sign_in(self, page: Page, persona: str) -> None:
        """With one click, the first time; later windows go on with what that click brought."""
        if persona in self._signed_in:
            page.context.add_cookies(self._signed_in[persona])
        else:
            become(page, persona)
            self._signed_in[persona] = page.context.cookies()

    def keep(self, page: Page) -> None:
        """Forget who was signed in, and leave the page that is shown for one that does nothing."""
        # First away from the page: an answer that is still on its way would bring its cookie back.
        page.goto("/robots.txt")
        page.context.clear_cookies()
        self._kept[page.alike].append(page)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def windows_by_portal() -> dict[str, Windows]:
    """The windows of this worker's journeys, by the portal's address."""
    return {}


@pytest.fixture(scope="module")
def windows(browser: Browser, portal_url: str, windows_by_portal: dict[str, Windows]) -> Windows:
    """The windows on the portal that a module's journeys go through."""
    return windows_by_portal.setdefault(portal_url, Windows(browser, portal_url))


@pytest.fixture
def open_page(windows: Windows) -> Iterator[Callable[..., Page]]:
    """A function that opens a browser window: ``javascript``, ``width``, ``scheme``."""
    pages: list[Page] = []

    def open_one(
        *, javascript: bool = True, width: int = 1280, scheme: str = "light", persona: str = ""
    ) -> Page:
        page = windows.take(javascript, width, scheme)
        pages.append(page)
        if persona:
            windows.sign_in(page, persona)
        return page

    yield open_one
    for page in pages:
        windows.keep(page)


def become(page: Page, persona: str) -> None:
    """Sign in as a persona with one click."""
    page.goto("/personas")
    page.click(f"#be-{persona}")
    page.wait_for_load_state()


def look_until(page: Page, address: str, text: str, shown: Locator, times: int = 1) -> None:
    """Look at a page again and again, until it shows so many of what is looked for.

    It is shown only when its source says ``text`` as often: to show a page costs far more than to
    ask for it.
    """
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        source = " ".join(html.unescape(page.request.get(address).text()).split())
        if source.count(text) >= times:
            page.goto(address)
            if shown.count() >= times:
                return
        page.wait_for_timeout(250)
    pytest.fail(f"{address} does not show {times} times: {text}")
