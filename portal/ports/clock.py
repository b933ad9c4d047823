"""What the portal needs of time: the present instant."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where time enters the portal, in requests and in periodic work alike."""

    def now(self) -> datetime:
        """The present instant in UTC; never earlier than one it has told before."""
        ...
