"""The record's signing key in a file that only the portal's user can read."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.ports.record_key import KeyUnusable

_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Keys:
    private: Ed25519PrivateKey
    earlier: tuple[bytes, ...]


class KeyFile:
    """A key in a file, read at each use, so that a new key holds at once in every process."""

    def __init__(self, path: Path, *, make_missing: bool = False) -> None:
        """Name the file; a demonstration makes the key that it misses."""
        self.path = path
        self._make_missing = make_missing

    def public_keys(self) -> tuple[bytes, ...]:
        """The key in use and those before it, the newest first; none where there is no file."""
        try:
            there = self.path.exists()
        except OSError as error:
            raise KeyUnusable(f"{self.path} cannot be reached: {error.strerror}.") from error
        if not there:
            if not self._make_missing:
                return ()
            with suppress(KeyUnusable):
                self.create()
        keys = self._read()
        return (keys.private.public_key().public_bytes_raw(), *keys.earlier)

    def sign(self, text: bytes) -> bytes:
        """The signature of a text by the key in use."""
        return self._read().private.sign(text)

    def create(self) -> None:
        """Make a first key; refuse to touch a file that is there."""
        with _complaints(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        _write(self.path, Ed25519PrivateKey.generate(), ())

    def backup(self, path: Path) -> None:
        """Copy the file to another place, unreadable to others; refuse to overwrite one."""
        keys = self._read()
        _write(path, keys.private, keys.earlier)

    def prepare(self) -> bytes:
        """Make the next key ready, beside the one in use; return its public half."""
        earlier = self.public_keys()
        if not self._next.exists():
            _write(self._next, Ed25519PrivateKey.generate(), earlier)
        return KeyFile(self._next).public_keys()[0]

    def rotate(self) -> None:
        """Put the key that was prepared into use; the public half of the old one stays listed."""
        if not self._next.exists():
            raise KeyUnusable("No key was prepared.")
        with _complaints(self.path):
            self._next.replace(self.path)

    @property
    def _next(self) -> Path:
        return self.path.with_name(f"{self.path.name}.next")

    def _read(self) -> _Keys:
        try:
            stored = json.loads(self.path.read_text())
            private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["private"]))
            return _Keys(private, tuple(base64.b64decode(each) for each in stored["earlier"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyUnusable(f"{self.path} holds no key that can be read.") from error


def _write(path: Path, private: Ed25519PrivateKey, earlier: Sequence[bytes]) -> None:
    """Write a new file, whole or not at all, for its owner's eyes only."""
    content = {
        "v": _VERSION,
        "private": base64.b64encode(private.private_bytes_raw()).decode(),
        "earlier": [base64.b64encode(each).decode() for each in earlier],
    }
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with _complaints(path):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            # A link is refused where a file is: of two who make a key at once, one does.
            path.hardlink_to(fresh)
        finally:
            fresh.unlink()


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    """Say why a key cannot be written to a path."""
    try:
        yield
    except FileExistsError as error:
        raise KeyUnusable(f"{path} is there already.") from error
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}.") from error
