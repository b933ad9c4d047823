"""Links that stop mail without signing in: what they name, and the signature that proves them."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from portal.domain.errors import Refusal
from portal.domain.notifications import DEFAULT_WAYS, MailKind

LIFETIME = timedelta(days=400)
_MAC_BYTES = 18


@dataclass(frozen=True, slots=True)
class StopLink:
    """Whose mail of which kind a link stops; the kind DIGEST stands for all that is in digests."""

    person_id: int
    kind: MailKind


def sign_stop_link(secret: str, link: StopLink, *, issued_on: date) -> str:
    """The token of a link; it is good for 400 days."""
    said = f"{link.person_id}.{link.kind}.{issued_on.toordinal()}"
    return f"{said}.{_mac(secret, said)}"


def read_stop_link(secret: str, token: str, *, today: date) -> StopLink:
    """What a token names; refuses whatever this portal did not sign, and what is too old."""
    said, _dot, mac = token.rpartition(".")
    if not hmac.compare_digest(_mac(secret, said).encode(), mac.encode("utf-8", "replace")):
        raise _unknown()
    person_id, kind, issued = said.split(".")
    if kind not in set(MailKind):
        raise _unknown()
    if date.fromordinal(int(issued)) + LIFETIME < today:
        raise Refusal(
            "notifications.link_expired",
            "This link is more than 400 days old. Use one from a newer mail, or sign in and choose "
            "on your account page.",
        )
    return StopLink(int(person_id), MailKind(kind))


def _unknown() -> Refusal:
    return Refusal(
        "notifications.link_unknown",
        "This link is not complete, or not ours. Copy it from the mail once more, or sign in and "
        "choose on your account page.",
    )


def stoppable(kind: MailKind | None) -> bool:
    """Whether mail of a kind carries a link that stops it."""
    return kind is MailKind.DIGEST or kind in DEFAULT_WAYS


def _mac(secret: str, said: str) -> str:
    # A key of its own, so that no other signature of the portal can serve as one of these.
    key = hmac.digest(secret.encode(), b"stakehold: links that stop mail", sha256)
    mac = hmac.digest(key, said.encode("utf-8", "replace"), sha256)
    return urlsafe_b64encode(mac[:_MAC_BYTES]).decode()
