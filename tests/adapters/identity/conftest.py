"""A real OpenID Connect provider in a process of its own, and a scripted server."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from tests.adapters.identity.loopback import Loopback, loopback_server

PEOPLE = (
    {"sub": "ada", "email": "Ada@Example.org", "email_verified": True, "name": "Ada Lovelace"},
    {"sub": "eve", "email": "ada@example.org", "email_verified": False, "name": "Eve"},
    {"sub": "nobody", "name": "No Address"},
)


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """Address of a running provider that knows ``PEOPLE``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    for person in PEOPLE:
        command += ["--user-claims", json.dumps(person)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(120):
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{url}/jwks", timeout=5).raise_for_status()
                break
            time.sleep(0.25)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with loopback_server() as server:
        yield server
