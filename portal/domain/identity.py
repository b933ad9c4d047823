"""Signing in: how long things last, where a browser may be sent afterwards, default names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(days=30)
DEMONSTRATION_LIFETIME = timedelta(days=20 * 365)
INVITATION_LIFETIME = timedelta(days=14)
MOST_LINKS_AT_ONCE = 5
LONGEST_PATH = 500
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address: ``email`` to write to, ``canonical`` to recognize it by."""

    email: str
    canonical: str


class LinkState(StrEnum):
    """What a mailed sign-in link is good for in the browser that opened it."""

    READY = "ready"
    UNKNOWN = "unknown"
    OTHER_BROWSER = "other_browser"
    EXPIRED = "expired"
    USED = "used"


def link_state(
    *, same_browser: bool, expires_at: datetime, used_at: datetime | None, now: datetime
) -> LinkState:
    """What a known link is good for; a stranger's browser learns only that it is not its own."""
    if not same_browser:
        return LinkState.OTHER_BROWSER
    if used_at is not None:
        return LinkState.USED
    if now >= expires_at:
        return LinkState.EXPIRED
    return LinkState.READY


def local_path(raw: str | None, default: str) -> str:
    r"""``raw`` if it is a path inside the portal, else ``default``.

    Refused: other sites in all their spellings (``//host``, ``/\\host``, ``https:host``), control
    characters, and what is too long to keep.
    """
    path = raw or ""
    inside = (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and "\\" not in path
        and len(path) <= LONGEST_PATH
        and not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in path)
    )
    if not inside:
        return default
    parts = urlsplit(path)
    return default if parts.scheme or parts.netloc else path


def name_from_address(email: str) -> str:
    """A first guess at a name: ``ada.lovelace+x@example.org`` becomes ``Ada Lovelace``."""
    local = email.split("@", 1)[0].split("+", 1)[0]
    words = "".join(letter if letter.isalpha() else " " for letter in local).split()
    return " ".join(word.capitalize() for word in words)[:LONGEST_NAME] or "Somebody"
