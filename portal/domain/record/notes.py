"""Signed notes and checkpoints: the texts of C2SP signed-note and tlog-checkpoint, Ed25519 only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain.record.ed25519 import is_signed

_ED25519 = b"\x01"
_ID_LENGTH = 4
_KEY_LENGTH = 32
_MOST_SIGNATURES = 16
_SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")
_VERIFIER = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+(\S+)")
_SIZE = re.compile(r"0|[1-9][0-9]*")


class NoteWrong(Exception):
    """A text is no note, or no known key signed it."""


def key_id(name: str, public_key: bytes) -> bytes:
    """The four bytes that tell keys of one name apart."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name by which it signs."""

    name: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """The key's id."""
        return key_id(self.name, self.public_key)

    def __str__(self) -> str:
        """The key as verifiers are configured with it: ``name+id+key``."""
        encoded = base64.b64encode(_ED25519 + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"


def read_verifier_key(text: str) -> VerifierKey:
    """Read ``name+id+key``; refuse another algorithm or an id that is not the key's."""
    found = _VERIFIER.fullmatch(text)
    if found is None:
        raise NoteWrong("this is no verifier key")
    name, written, encoded = found.groups()
    raw = _decode(encoded)
    key = VerifierKey(name, raw[1:])
    if raw[:1] != _ED25519 or len(key.public_key) != _KEY_LENGTH or key.id.hex() != written:
        raise NoteWrong("this is no Ed25519 verifier key")
    return key


def seal_note(text: str, signer: VerifierKey, signature: bytes) -> str:
    """A note: the text, an empty line, and one signature over the text."""
    encoded = base64.b64encode(signer.id + signature).decode()
    return f"{text}\n— {signer.name} {encoded}\n"


def open_note(note: str, keys: Iterable[VerifierKey]) -> tuple[str, VerifierKey]:
    """The text of a note and the known key that signed it.

    Signatures of unknown keys are passed over; one by a known key that does not hold refuses the
    whole note, and so does a note that no known key signed.
    """
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise NoteWrong("this is no signed note")
    text += "\n"
    known = {(key.name, key.id): key for key in keys}
    signer = None
    lines = signatures.removesuffix("\n").split("\n")
    for line in lines[:_MOST_SIGNATURES]:
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise NoteWrong("a line under the note is no signature")
        raw = _decode(found[2])
        key = known.get((found[1], raw[:_ID_LENGTH]))
        if key is None:
            continue
        if not is_signed(key.public_key, text.encode(), raw[_ID_LENGTH:]):
            raise NoteWrong(f"the signature by {key.name} does not hold")
        signer = signer or key
    if signer is None:
        raise NoteWrong("no known key signed this note")
    return text, signer


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How large a log was and what its root was then."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are passed over."""
    origin, _, rest = text.partition("\n")
    size, _, rest = rest.partition("\n")
    root = _decode(rest.partition("\n")[0])
    if not origin or not _SIZE.fullmatch(size) or len(root) != hashlib.sha256().digest_size:
        raise NoteWrong("this is no checkpoint")
    return Checkpoint(origin, int(size), root)


def _decode(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteWrong("this is not base64") from error
    # Padding bits may hide a change: there is one spelling of each value.
    if base64.b64encode(raw).decode() != encoded:
        raise NoteWrong("this is not base64 as it is written")
    return raw
