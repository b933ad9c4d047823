"""Signing in: where a browser may be sent, default names, what a link is good for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.identity import local_path, name_from_address


@pytest.mark.parametrize("path", ["/", "/desk", "/p/x?a=b&c=//d", "/o/é#x"])
def test_paths_inside_the_portal_are_kept(path: str) -> None:
    assert local_path(path, "/home") == path


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "desk",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "/a\\b",
        "/\t/evil.example",
        "/" + "a" * 500,
        "/\u202e",
    ],
)
def test_everything_else_is_replaced(raw: str | None) -> None:
    assert local_path(raw, "/home") == "/home"


@given(st.text(max_size=40))
def test_a_kept_path_always_stays_on_this_host(raw: str) -> None:
    from urllib.parse import urljoin, urlsplit

    kept = local_path(raw, "/home")
    assert urlsplit(urljoin("https://portal.example/sign-in", kept)).netloc == "portal.example"


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("ada.lovelace@example.org", "Ada Lovelace"),
        ("x+tag@example.org", "X"),
        ("123@example.org", "Somebody"),
        ("a" * 64 + "@example.org", "A" + "a" * 63),
    ],
)
def test_names_guessed_from_addresses(email: str, name: str) -> None:
    assert name_from_address(email) == name
