"""Canonical JSON against the rfc8785 package, and what it refuses."""

from __future__ import annotations

import enum
import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.canonical import canonical_json, canonical_parts, fingerprint
from portal.domain.stored_arrays import read_arrays, read_items

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXT
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=20
)


@given(_VALUES)
def test_equals_the_reference_implementation(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_keys_are_ordered_by_utf16_code_units() -> None:
    """U+1F600 is stored as the surrogate D83D, before U+FB33, though its code point is larger."""
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_control_characters_are_escaped_as_the_rfc_says() -> None:
    text = '\b\t\n\f\r"\\/\x00\x1f\x7f€'
    assert canonical_json(text) == rb'"\b\t\n\f\r\"\\/\u0000\u001f' + '\x7f€"'.encode()


def test_tuples_are_lists_and_enumerations_their_text() -> None:
    color = enum.StrEnum("color", ["RED"])
    assert canonical_json({"b": (1, True), "a": color.RED}) == b'{"a":"red","b":[1,true]}'


@pytest.mark.parametrize("value", [1.0, b"x", {1: "x"}, {"a": [{"b": 0.5}]}, {"x"}, object()])
def test_refuses_what_is_not_exact_json(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"\udfff": 1}])
def test_refuses_inexact_integers_and_lone_surrogates(value: object) -> None:
    with pytest.raises(ValueError, match=r"too large|surrogates"):
        canonical_json(value)


def test_fingerprint_ignores_the_order_of_keys_alone() -> None:
    assert fingerprint({"a": 1, "b": [2, 3]}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint([2, 3]) != fingerprint([3, 2])
    assert fingerprint({}) == hashlib.sha256(b"{}").hexdigest()


def test_parts_put_together_are_the_same_text() -> None:
    value = {"é": [], "b": {"z": [1, {"b": 2, "a": "ö"}], "a": None}, "a": [[], [1]], "": {}}
    lazy = value | {"é": iter([]), "b": {"z": iter([1, {"b": 2, "a": "ö"}]), "a": None}}
    assert b"".join(canonical_parts(lazy)) == canonical_json(value)
    assert b"".join(canonical_parts([1, "a"])) == b'[1,"a"]'


@pytest.mark.parametrize(
    "written", [{"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")}]
)
def test_stored_arrays_are_read_item_by_item(written: dict[str, Any]) -> None:
    value = {"b": [], "a": [{"name": '[Ä]}, "x": ['}, 2, [3]], "c": [None]}
    read = read_arrays(json.dumps(value, **written))
    assert {name: list(items) for name, items in read.items()} == value
    assert read_arrays("{}") == {}
    assert list(read_items(json.dumps(value["a"], **written))) == value["a"]
