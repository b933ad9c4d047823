"""What commands need of the periodic work."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class PeriodicWork(Protocol):
    """The sweeps that find what is due and do it."""

    def run_due(self, now: datetime) -> None:
        """Make every sweep once."""
        ...

    def run_forever(self, *, workers: int) -> None:
        """Make each sweep on its schedule, and whenever a request asks, until stopped."""
        ...
