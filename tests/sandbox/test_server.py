"""The sandbox as a process: it serves, keeps quiet, and ends when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.sandbox.stage import API_KEY, wait_for

# A shell starts its background jobs with interrupts ignored, and the child would inherit that.
_PROGRAM = """
import signal
import sys
from pathlib import Path
from portal.sandbox.server import serve
signal.signal(signal.SIGINT, signal.default_int_handler)
serve("127.0.0.1", int(sys.argv[1]), api_key=sys.argv[2], webhook_url="http://127.0.0.1:9/",
      webhook_secret="whsec_x", state_path=Path(sys.argv[3]))
"""


def _start(port: int, state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(port), API_KEY, str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_end_and_keeps_its_state(tmp_path: Path, end: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = []
    for _ in range(2):
        process = _start(port, tmp_path / "sandbox.db")
        wait_for(lambda: _answers(port), seconds=30)
        url = f"http://127.0.0.1:{port}/v1/customers"
        requests.post(url, {"name": "Acme"}, auth=(API_KEY, ""), timeout=10)
        listed = requests.get(url, auth=(API_KEY, ""), timeout=10).json()["data"]
        names.append([customer["name"] for customer in listed])
        process.send_signal(end)
        output, errors = process.communicate(timeout=20)
        assert "Traceback" not in errors
        assert "/v1/customers" not in output + errors
    assert names == [["Acme"], ["Acme", "Acme"]]


def test_a_taken_port_ends_with_a_message(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = _start(taken.getsockname()[1], tmp_path / "sandbox.db")
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "in use" in errors
