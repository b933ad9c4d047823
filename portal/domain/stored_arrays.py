"""Stored JSON with arrays that are too long to hold: their items, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_BETWEEN = " :,\n\r\t"
_DECODE = json.JSONDecoder().raw_decode


def read_items(text: str, at: int = 0) -> Iterator[Any]:
    """The items of the JSON array that begins in a text."""
    return (item for item, _end in _items(text, at))


def read_arrays(text: str) -> dict[str, Iterator[Any]]:
    """The items of each array of the JSON object that a text is, by their names."""
    arrays = {}
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _DECODE(text, at)
        arrays[name] = read_items(text, at)
        end = _skip(text, text.index("[", at) + 1)
        for _item, after in _items(text, at):
            end = after
        at = _skip(text, text.index("]", end) + 1)
    return arrays


def _items(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """Each item, and where it ends."""
    at = _skip(text, text.index("[", at) + 1)
    while text[at] != "]":
        item, at = _DECODE(text, at)
        yield item, at
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    while text[at] in _BETWEEN:
        at += 1
    return at
