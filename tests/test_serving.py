"""Connections over gunicorn's workers, as portal/serving.py shares them out."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.stage import wait_for

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONNECTIONS = 60


def say_which(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the number of the process that answers."""
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def port() -> Iterator[int]:
    """A gunicorn of two workers, as the portal is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable, "-m", "gunicorn", "--config", "python:portal.serving",
        f"{__name__}:say_which", "--bind", f"127.0.0.1:{port}", "--keep-alive", "60",
        "--log-level", "error", "--no-control-socket",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        wait_for(lambda: _both_answer(port), seconds=60)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_a_new_connection_goes_to_the_worker_that_has_the_fewest(port: int) -> None:
    for _ in range(3):
        one, other = _hold_many(port, CONNECTIONS).values()
        assert abs(one - other) <= 4


def test_nobody_waits_for_a_worker_that_stands_still(port: int) -> None:
    still, running = _hold_many(port, 20)
    os.kill(still, signal.SIGSTOP)
    try:
        # The one that runs has more and more, and takes them all the same.
        assert _hold_many(port, 20) == {running: 20}
    finally:
        os.kill(still, signal.SIGCONT)


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no such policy")
def test_no_thread_of_a_worker_pushes_aside_the_one_that_runs(port: int) -> None:
    for worker in _hold_many(port, 20):
        threads = [int(each.name) for each in Path(f"/proc/{worker}/task").iterdir()]
        assert len(threads) > 1
        assert {os.sched_getscheduler(each) for each in threads} == {os.SCHED_BATCH}


def _hold_many(port: int, connections: int) -> Counter[int]:
    """Open one connection after the other and keep them; how many each worker answered on."""
    with ExitStack() as held:
        answers: Counter[int] = Counter()
        for _ in range(connections):
            connection = held.enter_context(closing(HTTPConnection("127.0.0.1", port, timeout=30)))
            connection.request("GET", "/")
            answers[int(connection.getresponse().read())] += 1
        return answers


def _both_answer(port: int) -> bool:
    with suppress(OSError):
        return len(_hold_many(port, 20)) == 2
    return False
