"""Leaves and commitments."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from portal.domain.record.entries import Entry, EntryType, commit, hour_of, opened_ballot

AT = datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)


def test_a_leaf_is_canonical_json_of_the_whole_entry() -> None:
    entry = Entry("widget", "votes/7", 3, EntryType.BALLOT_CAST, AT, {"commitment": "ab", "a": 1})
    assert entry.leaf() == (
        b'{"at":"2026-11-21T12:34:56Z","body":{"a":1,"commitment":"ab"},"project":"widget",'
        b'"seq":3,"subject":"votes/7","type":"ballot_cast","v":1}'
    )


def test_a_commitment_hashes_ballot_and_nonce() -> None:
    said = SimpleNamespace(vote_id=7, choice={"position": "for"}, reason="", conflict="")
    ballot = opened_ballot(said, "sponsors", 2)
    written = (
        b'{"choice":{"position":"for"},"conflict":"","house":"sponsors",'
        b'"position":2,"reason":"","vote":7}'
    )
    assert commit(ballot, bytes(32)) == hashlib.sha256(written + bytes(32)).hexdigest()
    assert commit(ballot, bytes(31) + b"1") != commit(ballot, bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        commit(ballot, b"short")


def test_only_the_hour_is_told_and_never_one_before_the_opening() -> None:
    assert hour_of(AT, not_before=AT.replace(hour=1)) == AT.replace(minute=0, second=0)
    assert hour_of(AT, not_before=AT.replace(minute=20)) == AT.replace(minute=20)
