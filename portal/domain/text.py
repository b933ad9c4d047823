"""Text that people type: what is kept of it, and which characters are refused."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from portal.domain.errors import Refusal

# Letters and marks that show nothing at all: with them two names look the same.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Persian and Indic scripts and emoji join with these inside running text.
_JOINERS = frozenset("\u200c\u200d")
_MOST_MARKS = 4


def clean_line(raw: str, *, max_length: int) -> str:
    """One line of text: NFC-normalized, outer space removed, inner space made single.

    Refuses line breaks, control, zero-width, invisible and direction-changing characters, letters
    under piles of accents, and more than ``max_length`` characters. Right-to-left letters are fine.
    """
    text = unicodedata.normalize("NFC", raw.strip())
    _refuse_hidden(text, allowed=frozenset())
    return _limit(" ".join(text.split()), max_length)


def clean_lines(raw: str, *, max_length: int) -> str:
    """Running text: NFC-normalized, line ends made one kind, outer space removed.

    Refuses what ``clean_line`` refuses, but takes line breaks, tabs and joiners.
    """
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n").strip())
    _refuse_hidden(text, allowed=_JOINERS | {"\n", "\t"})
    return _limit(text, max_length)


def clean_web_address(raw: str, *, max_length: int) -> str:
    """A public http or https address; ``https://`` is added where no scheme was typed.

    Refuses other schemes (``javascript:``), a missing or local host, and user names in it.
    """
    text = clean_line(raw, max_length=max_length)
    if not text:
        return ""
    if "://" not in text and ":" not in text.split("/", 1)[0]:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    well_formed = (
        parts.scheme in {"http", "https"}
        and "." in host.strip(".")
        and "@" not in parts.netloc
        and not any(character in text for character in ' "<>\\^`{|}')
    )
    if not well_formed:
        raise Refusal(
            "text.web_address",
            "Enter a web address that starts with https:// or http://, such as https://example.org.",
        )
    return _limit(text, max_length)


def make_slug(name: str, *, max_length: int = 50) -> str:
    """The part of an address made from a name: lower-case ASCII letters, digits and hyphens.

    Empty if the name has no Latin letter or digit.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    # Once more in lower case: letters of mathematics become plain capitals only here.
    words = "".join(letter if letter.isalnum() else " " for letter in plain.lower()).split()
    return "-".join(words)[:max_length].strip("-")


def _refuse_hidden(text: str, *, allowed: frozenset[str]) -> None:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        hidden = category in {"Cc", "Cf", "Cs", "Zl", "Zp"} or character in _BLANKS
        if hidden and character not in allowed:
            raise Refusal(
                "text.hidden_character",
                f"This contains a character that cannot be seen (U+{ord(character):04X}). "
                "Delete it, or type the text instead of pasting it.",
            )
        if marks > _MOST_MARKS:
            raise Refusal("text.marks", "This contains too many accents on one letter.")


def _limit(text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise Refusal(
            "text.too_long",
            f"This is {len(text):,} characters long; at most {max_length:,} fit.",
        )
    return text
