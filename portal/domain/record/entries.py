"""Entries of the public record: their leaves, and what hides a ballot until the close."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from portal.domain.canonical import canonical_json

VERSION = 1
NONCE_LENGTH = 32


class EntryType(StrEnum):
    """What an entry records (VOTING 7)."""

    CHARTER_CHANGED = "charter_changed"
    VOTE_OPENED = "vote_opened"
    BALLOT_CAST = "ballot_cast"
    BALLOT_SUPERSEDED = "ballot_superseded"
    BALLOT_VOIDED = "ballot_voided"
    WINDOW_EXTENDED = "window_extended"
    VOTE_CLOSED = "vote_closed"
    TALLIED = "tallied"
    DECIDED = "decided"
    VETOED = "vetoed"
    CORRECTED = "corrected"


BALLOT_TYPES = frozenset(
    {EntryType.BALLOT_CAST, EntryType.BALLOT_SUPERSEDED, EntryType.BALLOT_VOIDED}
)

CHARTER = "charter"
KEYS = "keys"


def vote_subject(vote_id: int) -> str:
    """The subject of everything that happens to one vote."""
    return f"votes/{vote_id}"


def subject_vote(subject: str) -> int | None:
    """The vote that a subject names; None for any other subject."""
    kind, _, number = subject.partition("/")
    return int(number) if kind == "votes" and number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``seq`` counts the entries of a subject from 1, so that none can be left out."""

    project: str
    subject: str
    seq: int
    type: EntryType
    at: datetime
    body: Mapping[str, Any]

    def leaf(self) -> bytes:
        """The leaf: canonical JSON of the whole entry."""
        return canonical_json(
            {
                "v": VERSION,
                "project": self.project,
                "subject": self.subject,
                "seq": self.seq,
                "type": self.type.value,
                "at": written_instant(self.at),
                "body": dict(self.body),
            }
        )


def written_instant(value: datetime) -> str:
    """An instant as leaves write it: UTC, ending in Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def hour_of(instant: datetime, *, not_before: datetime) -> datetime:
    """The hour in which something happened, but never before the window it belongs to."""
    return max(instant.replace(minute=0, second=0, microsecond=0), not_before)


class Sealed(Protocol):
    """What a ballot says, sealed until the close."""

    vote_id: Any
    choice: Any
    reason: Any
    conflict: Any


def opened_ballot(ballot: Sealed, house: str, position: int) -> dict[str, Any]:
    """A ballot as it is committed to, and published when it is opened."""
    return {
        "vote": ballot.vote_id,
        "house": str(house),
        "position": position,
        "choice": ballot.choice,
        "reason": ballot.reason,
        "conflict": ballot.conflict,
    }


def commit(ballot: Mapping[str, Any], nonce: bytes) -> str:
    """The commitment to a ballot: SHA-256 over its canonical JSON and a nonce of 32 bytes.

    Without the nonce nobody can tell which ballot is meant, though there are few to try.
    """
    if len(nonce) != NONCE_LENGTH:
        raise ValueError("a nonce has 32 bytes")
    return hashlib.sha256(canonical_json(ballot) + nonce).hexdigest()
