"""Living through a longer time day by day, with pauses in which whoever listens can keep up."""

from __future__ import annotations

import threading

from portal.sandbox.account import Account
from portal.sandbox.clock import advance

DAY = 24 * 3600


class Walker:
    """Moves the clock a day at a time until the instant that was asked for last."""

    def __init__(self, account: Account, *, pause: float) -> None:
        """``pause`` is the time in seconds between two days; nothing runs before ``walk_to``."""
        self._account = account
        self._pause = pause
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.target = 0

    def walk_to(self, instant: int) -> None:
        """Set out, or go on to a later day."""
        with self._lock:
            self.target = max(self.target, instant)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
                self._thread.start()

    def halt(self) -> None:
        """Stay at the day that is reached."""
        with self._lock:
            self.target = 0

    def stop(self) -> None:
        """End after the day that is being lived through."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def walking(self) -> bool:
        """Whether days still go by."""
        return self.target > self._account.now()

    def _run(self) -> None:
        while self.walking and not self._stopped.is_set():
            with self._account.store.transaction():
                advance(self._account, min(self._account.now() + DAY, self.target))
            self._stopped.wait(self._pause)
