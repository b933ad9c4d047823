"""The system's clock, and one that runs ahead with the demonstration's processor."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from threading import Lock

from portal.settings import Settings

_LOOK_AGAIN_SECONDS = 0.5
_TIMEOUT_SECONDS = 1.0


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class FollowingClock:
    """The time of this machine, plus what the sandbox processor's clock is ahead of it.

    It asks twice a second at most, and keeps the last answer while the sandbox is out of reach.
    It never runs back.
    """

    def __init__(self, settings: Settings) -> None:
        """Refuses to exist outside the demonstration, where time must be the world's."""
        if not settings.demonstration or settings.stripe_api_base is None:
            raise RuntimeError("only the demonstration's clock can be moved")
        self._address = f"{settings.stripe_api_base}/clock"
        self._ahead = timedelta(0)
        self._look_at = 0.0
        self._lock = Lock()
        # The sandbox is a neighbor: a proxy from the environment must not get between.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def now(self) -> datetime:
        """The present instant of the demonstration in UTC."""
        with self._lock:
            if time.monotonic() >= self._look_at:
                self._ahead = max(self._ahead, self._ask())
                self._look_at = time.monotonic() + _LOOK_AGAIN_SECONDS
            return datetime.now(UTC) + self._ahead

    def _ask(self) -> timedelta:
        try:
            with self._opener.open(self._address, timeout=_TIMEOUT_SECONDS) as answer:
                return timedelta(seconds=int(json.load(answer)["offset_seconds"]))
        except (urllib.error.URLError, OSError, ValueError, LookupError, TypeError):
            return self._ahead
