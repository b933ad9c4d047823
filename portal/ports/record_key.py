"""The key that signs checkpoints of the public record, in our words."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable


class KeyUnusable(Exception):
    """A key is missing, is there already, or cannot be read or written."""


class RecordKey(Protocol):
    """An Ed25519 key and the public halves of those it replaced."""

    def public_keys(self) -> tuple[bytes, ...]:
        """The public keys, 32 bytes each, the one in use first; none before a key is made."""

    def sign(self, text: bytes) -> bytes:
        """The signature of a text by the key in use."""


@runtime_checkable
class RecordKeeper(RecordKey, Protocol):
    """A key that an operator looks after from here."""

    path: Path

    def create(self) -> None:
        """Make a first key; raises ``KeyUnusable`` where there is one."""

    def backup(self, path: Path) -> None:
        """Copy the key to a new file; raises ``KeyUnusable`` where there is a file."""

    def prepare(self) -> bytes:
        """Make the next key ready and return its public half; the same one if asked again."""

    def rotate(self) -> None:
        """Put the key that was prepared into use."""
