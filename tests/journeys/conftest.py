"""A running demonstration portal with all its parts, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
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


@pytest.fixture
def open_page(browser: Browser, portal_url: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a fresh browser window: ``javascript``, ``width``, ``scheme``."""
    contexts = []

    def open_one(
        *, javascript: bool = True, width: int = 1280, scheme: str = "light", persona: str = ""
    ) -> Page:
        context = browser.new_context(
            base_url=portal_url,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda message: (
                page.problems.append(message.text)  # type: ignore[attr-defined]
                if "Content Security Policy" in message.text
                else None
            ),
        )
        if persona:
            become(page, persona)
        return page

    yield open_one
    for context in contexts:
        context.close()


def become(page: Page, persona: str) -> None:
    """Sign in as a persona with one click."""
    page.goto("/personas")
    page.click(f"#be-{persona}")
    page.wait_for_load_state()
