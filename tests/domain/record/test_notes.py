"""Signed notes and checkpoints, against published examples and a second implementation."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.record.ed25519 import is_signed
from portal.domain.record.notes import (
    Checkpoint,
    NoteWrong,
    VerifierKey,
    open_note,
    read_checkpoint,
    read_verifier_key,
    seal_note,
)

# The example of golang.org/x/mod/sumdb/note, where signed notes come from.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    TEXT + "\n— PeterNeumann"
    " x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# Public key, message and signature of RFC 8032, 7.1, tests 1 to 3.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def test_the_rfc_s_signatures_hold() -> None:
    for key, message, signature in RFC_8032:
        parts = [bytes.fromhex(each) for each in (key, message, signature)]
        assert is_signed(*parts)
        assert not is_signed(parts[0], parts[1] + b"!", parts[2])


@settings(max_examples=12, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 511))
def test_what_a_library_signs_holds_and_no_bit_may_change(message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signature, public = key.sign(message), key.public_key().public_bytes_raw()
    assert is_signed(public, message, signature)
    altered = bytearray(signature)
    altered[bit // 8] ^= 1 << bit % 8
    assert not is_signed(public, message, bytes(altered))


def test_malformed_keys_and_signatures_are_not_signed() -> None:
    key, message, signature = (bytes.fromhex(each) for each in RFC_8032[1])
    large = signature[:32] + (2**256 - 1).to_bytes(32, "little")
    not_a_point = (2).to_bytes(32, "little")
    for parts in (
        (key[:31], signature),
        (key, signature[:63]),
        (key, large),
        (not_a_point, signature),
        ((2**255 - 19).to_bytes(32, "little"), signature),
        ((1 | 1 << 255).to_bytes(32, "little"), signature),
    ):
        assert not is_signed(parts[0], message, parts[1])


def test_the_published_note_opens() -> None:
    key = read_verifier_key(NEUMANN)
    assert str(key) == NEUMANN
    assert open_note(NOTE, [key]) == (TEXT, key)


def test_the_same_bytes_are_sealed() -> None:
    signature = base64.b64decode(NOTE.split()[-1])[4:]
    assert seal_note(TEXT, read_verifier_key(NEUMANN), signature) == NOTE


def test_the_last_empty_line_parts_text_from_signatures() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = VerifierKey("example.org/log", key.public_key().public_bytes_raw())
    text = "One.\n\nTwo.\n"
    assert open_note(seal_note(text, name, key.sign(text.encode())), [name]) == (text, name)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    stranger = "— example.org/witness " + base64.b64encode(bytes(72)).decode() + "\n"
    assert open_note(NOTE + stranger, [read_verifier_key(NEUMANN)])[0] == TEXT


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("cryptography", "Cryptography"),
        NOTE.replace("x08go/Z", "x08go/a"),
        NOTE.replace("x08go", "x08gp"),
        NOTE.replace("PeterNeumann", "PeterNewmann"),
        NOTE.replace("— ", "- "),
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("problem", "prob\tlem", 1),
        NOTE.removesuffix("\n"),
        NOTE.replace("nAM=", "nAN="),
        NOTE.replace("nAM=", "n!M="),
        NOTE + NOTE.splitlines()[-1].replace("x08go/Z", "x08go/a") + "\n",
    ],
)
def test_an_altered_note_does_not_open(note: str) -> None:
    with pytest.raises(NoteWrong):
        open_note(note, [read_verifier_key(NEUMANN)])


@pytest.mark.parametrize(
    "text", ["", "a+b", NEUMANN.replace("c74f20a3", "c74f20a4"), "a b+c74f20a3+AA=="]
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteWrong):
        read_verifier_key(text)


def test_the_published_checkpoint_is_read_and_written() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = read_checkpoint(text)
    assert checkpoint.size == 20852163
    assert str(checkpoint) == text
    assert read_checkpoint(text + "extension\n") == checkpoint


@pytest.mark.parametrize(
    "text", ["", "o\n", "o\n01\n" + "A" * 43 + "=\n", "o\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n"]
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteWrong):
        read_checkpoint(text)


def test_the_empty_log_has_size_0() -> None:
    assert str(Checkpoint("o", 0, bytes(32))).splitlines()[1] == "0"
