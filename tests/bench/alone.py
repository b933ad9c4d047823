"""Work in a process of its own, so that its memory is told apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def run_alone(work: Callable[[str, int], T], place: str, electors: int) -> T:
    """What work on a database or folder with so many electors returns."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(work, place, electors).result()


def peak_megabytes() -> float:
    """The most memory that this process held; unlike that of ``resource``, none of its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(row.split()[1]) for row in status.splitlines() if "VmHWM" in row) / 1024
