"""How gunicorn serves the portal: its settings, which ``--config python:portal.serving`` reads.

Options on gunicorn's command line go before them.
"""

from __future__ import annotations

import gc
import mmap
import os
import socket
import time
from contextlib import suppress

from gunicorn.workers.gthread import ThreadWorker

_PLACES = 64  # for as many workers at once
_PATIENCE = 20  # how often a worker leaves a connection to others before it takes it after all
_PAUSE = 0.0002  # seconds
_GONE = 3.0  # seconds; a worker that serves shows itself every second

# Seen by all workers: they are forked from the process that loads this module.
_shared = memoryview(mmap.mmap(-1, 2 * _PLACES * 8)).cast("d")
_open, _seen_at = _shared[:_PLACES], _shared[_PLACES:]

# What requests leave behind goes by itself; what refers to itself in a circle can wait a little.
_NEW_OBJECTS = 5_000
_YOUNG_COLLECTIONS = 20
_OLDER_COLLECTIONS = 50


class EvenWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads; a new connection goes to the worker that has the fewest.

    Left to chance, one worker holds most of a proxy's connections: its threads wait for each other
    and for Python's lock, while another processor has nothing to do.
    """

    _left = 0

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, or leave it for a moment to a worker that has fewer."""
        if self._left < _PATIENCE and self.nr_conns > _fewest():
            self._left += 1
            time.sleep(_PAUSE)
            return
        self._left = 0
        super().accept(listener)
        self._show()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait as gunicorn does, after showing the others how many connections there are."""
        self._show()
        left = self._left
        super().wait_for_and_dispatch_events(timeout)
        if self._left == left:  # no connection is waiting any more
            self._left = 0

    def _show(self) -> None:
        place = self.age % _PLACES
        _open[place] = float(self.nr_conns)
        _seen_at[place] = time.monotonic() if self.alive else 0.0


def _fewest() -> float:
    """The connections of the worker that has the fewest, of those that serve."""
    since = time.monotonic() - _GONE
    return min(
        (held for held, seen_at in zip(_open, _seen_at, strict=True) if seen_at > since),
        default=0.0,
    )


def post_worker_init(_worker: ThreadWorker) -> None:
    """Once everything is loaded, before the first request."""
    _let_threads_finish()
    _forget_the_program()


def _let_threads_finish() -> None:
    """A thread that wakes does not push aside the one that runs, where the system can be told so.

    It would only wait for Python's lock, which the other one holds. All threads to come inherit it.
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _forget_the_program() -> None:
    """The garbage collector never looks through what was loaded again.

    All threads wait for a full collection: 0.13 seconds with the program in it, 0.003 without.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_COLLECTIONS, _OLDER_COLLECTIONS)


workers = 2
threads = 8
worker_class = EvenWorker
