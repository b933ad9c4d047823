"""Typed text: what is kept and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.text import clean_line, clean_lines, clean_web_address, make_slug


def test_a_line_is_trimmed_single_spaced_and_normalized() -> None:
    assert clean_line("  Cafe\u0301 \u00a0 Ltd ", max_length=20) == "Café Ltd"


def test_right_to_left_letters_are_fine() -> None:
    assert clean_line("שלום עולם", max_length=20) == "שלום עולם"


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u200d",
        "\u202e",
        "\u2066",
        "\u200f",
        "\x00",
        "\x1b",
        "\n",
        "\ufeff",
        "\u00ad",
        "\U000e0041",
        "\u3164",
        "\u2800",
        "\u2028",
        "\ud800",
    ],
)
def test_hidden_characters_are_refused_in_a_line(hidden: str) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_line(f"Ac{hidden}me", max_length=20)
    assert refusal.value.code == "text.hidden_character"
    assert f"U+{ord(hidden):04X}" in refusal.value.message


def test_a_pile_of_accents_is_refused() -> None:
    with pytest.raises(Refusal, match=r"text\.marks"):
        clean_line("Z" + "\u0336\u0337" * 5, max_length=90)


def test_length_counts_what_is_kept() -> None:
    assert clean_line("  abc  ", max_length=3) == "abc"
    with pytest.raises(Refusal, match="4 characters long; at most 3"):
        clean_line("abcd", max_length=3)


def test_running_text_keeps_line_breaks_and_joiners() -> None:
    assert clean_lines(" a\r\nb\rc\td \n", max_length=20) == "a\nb\nc\td"
    assert clean_lines("👩\u200d💻 x", max_length=20) == "👩\u200d💻 x"
    with pytest.raises(Refusal):
        clean_lines("a\u202eb", max_length=20)


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    try:
        once = clean_line(raw, max_length=200)
    except Refusal:
        return
    assert clean_line(once, max_length=200) == once


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("", ""),
        ("example.org", "https://example.org"),
        ("http://example.org/a?b=c", None),
        ("https://example.org:8443/", None),
        ("https://münchen.example", None),
    ],
)
def test_web_addresses_that_are_kept(raw: str, kept: str | None) -> None:
    assert clean_web_address(raw, max_length=300) == (raw if kept is None else kept)


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "https://",
        "localhost",
        "https://user@example.org",
        "https://example.org/<script>",
        "https://[::1",
        "//",
        "a b.example",
        "https://example.org:port/",
        "JaVaScRiPt://example.org/%0aalert(1)",
    ],
)
def test_web_addresses_that_are_refused(raw: str) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_web_address(raw, max_length=300)
    assert refusal.value.code == "text.web_address"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Lumen & Söhne GmbH", "lumen-sohne-gmbh"),
        ("  ", ""),
        ("東京", ""),
        ("A" * 80, "a" * 50),
        ("Ünï--Çödé!", "uni-code"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert make_slug(name) == slug
