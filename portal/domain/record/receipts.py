"""Receipts: what an elector keeps to prove that a ballot is in the public record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from portal.domain.canonical import canonical_json
from portal.domain.record.entries import EntryType, commit
from portal.domain.record.notes import (
    Checkpoint,
    NoteWrong,
    VerifierKey,
    open_note,
    read_checkpoint,
)
from portal.domain.record.tree import ProofWrong, check_inclusion, leaf_hash

VERSION = 1
_MALFORMED = "This is not a receipt as the portal writes it."


class ReceiptWrong(Exception):
    """A receipt does not prove what it says; the message names the first thing that differs."""


def write_receipt(
    reference: str, opening: Mapping[str, Any], proof: Mapping[str, Any], checkpoint: str | None
) -> dict[str, Any]:
    """The receipt file: ballot and nonce, the entry with its proof, and the checkpoint."""
    return {
        "v": VERSION,
        "reference": reference,
        **opening,
        "entry": dict(proof),
        "checkpoint": checkpoint,
    }


def check_receipt(text: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Check a receipt file and return the checkpoint it rests on.

    Checked in this order: it is what ``write_receipt`` writes, ballot and nonce make the commitment
    in the leaf, the leaf makes the leaf hash, the proof leads to the checkpoint's root, and a known
    key signed the checkpoint. Raises ``ReceiptWrong`` with a sentence for the first that does not
    hold.
    """
    try:
        receipt = json.loads(text)
        entry = receipt["entry"]
        leaf, digest = entry["leaf"].encode(), bytes.fromhex(entry["leaf_hash"])
        index, size = int(entry["index"]), int(entry["size"])
        hashes = [bytes.fromhex(each) for each in entry["hashes"]]
        root, note = bytes.fromhex(entry["root"]), receipt["checkpoint"]
        nonce = bytes.fromhex(receipt["nonce"])
        commitment = commit(receipt["ballot"], nonce)
        proof = {
            "index": index,
            "size": size,
            "leaf": entry["leaf"],
            "leaf_hash": digest.hex(),
            "hashes": [each.hex() for each in hashes],
            "root": root.hex(),
        }
        opening = {"ballot": receipt["ballot"], "nonce": nonce.hex()}
        again = write_receipt(str(receipt["reference"]), opening, proof, note)
        as_written = canonical_json(receipt) == canonical_json(again)
        written = json.loads(leaf)
        kind, body = written["type"], written["body"]
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ReceiptWrong(_MALFORMED) from error
    if not as_written:
        raise ReceiptWrong(_MALFORMED)
    if (kind, body) != (EntryType.BALLOT_CAST, {"commitment": commitment}):
        raise ReceiptWrong("The ballot and the nonce do not make the commitment on record.")
    if leaf_hash(leaf) != digest:
        raise ReceiptWrong("The entry does not make the leaf hash.")
    try:
        check_inclusion(digest, index, size, hashes, root)
    except ProofWrong as error:
        raise ReceiptWrong(f"The proof does not hold: {error}.") from error
    try:
        signed, _key = open_note(str(note), keys)
        checkpoint = read_checkpoint(signed)
    except NoteWrong as error:
        raise ReceiptWrong(f"The checkpoint does not hold: {error}.") from error
    if (checkpoint.size, checkpoint.root) != (size, root):
        raise ReceiptWrong("The checkpoint is about another size or root than the proof.")
    return checkpoint
