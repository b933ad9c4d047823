"""What all sweeps share: one row at a time, and how old a row must be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from portal.domain.errors import ProcessorUnavailable

_log = logging.getLogger(__name__)

# Younger rows may still be in the hands of the request that made them.
SETTLED = timedelta(minutes=2)
LISTED = timedelta(days=3)


@contextmanager
def one(kind: str, key: object) -> Iterator[None]:
    """One row's failure is logged and leaves the other rows to be done."""
    try:
        yield
    except ProcessorUnavailable:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it must not keep the other rows waiting
        _log.exception("%s %s was left as it is", kind, key)
