"""Canonical JSON (RFC 8785) of plain values, and the SHA-256 fingerprint over it."""

from __future__ import annotations

import hashlib
import json

# RFC 8785 writes numbers as ECMAScript does; beyond this, integers are no longer exact there.
_LARGEST_INTEGER = 2**53 - 1


def canonical_json(value: object) -> bytes:
    """Return the one RFC 8785 text of a value, as UTF-8.

    Takes str, int, bool, None, lists, tuples and dicts with str keys. Refuses anything else with
    TypeError (floats above all: what is fingerprinted is exact), and with ValueError integers
    beyond 2^53 - 1 and text holding lone surrogates.
    """
    ordered = _ordered(value)
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def fingerprint(value: object) -> str:
    """Return the lower-case hexadecimal SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _ordered(value: object) -> object:
    """Check a value and put the keys of its dicts into canonical order."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError(f"{value} is too large an integer for canonical JSON")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("canonical JSON takes only text as a key")
        # RFC 8785 orders keys by UTF-16 code units, which is not the order of code points.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key]) for key in keys}
    raise TypeError(f"canonical JSON does not take a {type(value).__name__}")
