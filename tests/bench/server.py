"""A gunicorn of two workers on a free port, for as long as it is measured."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import portal.serving

WORKERS = portal.serving.workers


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, its process, and the seconds until its first answer."""

    port: int
    pid: int
    started_in: float

    def worker_megabytes(self) -> float:
        """Resident memory of the largest worker."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        sizes = []
        for child in listed.split():
            status = Path(f"/proc/{child}/status").read_text(encoding="ascii")
            sizes += [int(row.split()[1]) for row in status.splitlines() if "VmRSS" in row]
        return max(sizes) / 1024


@contextlib.contextmanager
def serving(
    factory: str, environ: dict[str, str], path: str = "/", workers: int = WORKERS
) -> Iterator[Server]:
    """Serve one factory of ``tests.bench.apps`` until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", f"tests.bench.apps:{factory}()", "--log-level", "error",
        "--config", "python:portal.serving", "--workers", str(workers),
        "--bind", f"127.0.0.1:{port}", "--keep-alive", "30",
    ]  # fmt: skip
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | environ)
    try:
        _await_answer(f"http://127.0.0.1:{port}{path}", process)
        yield Server(port, process.pid, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own address
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not answer")
