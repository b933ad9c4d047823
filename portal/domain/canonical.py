"""Canonical JSON (RFC 8785) of plain values, and the SHA-256 fingerprint over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

# RFC 8785 writes numbers as ECMAScript does; beyond this, integers are no longer exact there.
_LARGEST_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def canonical_json(value: object) -> bytes:
    """Return the one RFC 8785 text of a value, as UTF-8.

    Takes str, int, bool, None, lists, tuples and dicts with str keys. Refuses anything else with
    TypeError (floats above all: what is fingerprinted is exact), and with ValueError integers
    beyond 2^53 - 1 and text holding lone surrogates.
    """
    return _ENCODER.encode(_ordered(value)).encode("utf-8")


def canonical_parts(value: object) -> Iterator[bytes]:
    """Return the same text in parts, of a value that is too large to hold.

    Within dicts an iterator stands for a list, and its items are taken one at a time.
    """
    if isinstance(value, Iterator):
        yield b"["
        for place, each in enumerate(value):
            yield (b"," if place else b"") + canonical_json(each)
        yield b"]"
    elif isinstance(value, dict):
        for place, key in enumerate(_ordered_keys(value)):
            yield (b"," if place else b"{") + canonical_json(key) + b":"
            yield from canonical_parts(value[key])
        yield b"}" if value else b"{}"
    else:
        yield canonical_json(value)


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
        return {key: _ordered(value[key]) for key in _ordered_keys(value)}
    raise TypeError(f"canonical JSON does not take a {type(value).__name__}")


def _ordered_keys(value: dict[str, object]) -> list[str]:
    """Put keys in the order of RFC 8785: by UTF-16 code units, which are not code points."""
    try:
        plain = "".join(value).isascii()
    except TypeError:
        raise TypeError("canonical JSON takes only text as a key") from None
    return sorted(value) if plain else sorted(value, key=lambda key: key.encode("utf-16-be"))
