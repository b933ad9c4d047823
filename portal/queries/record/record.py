"""The public record's pages: the log, its entries with their proofs, checkpoints and keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, tuple_

from portal.database import db
from portal.domain.errors import NotFound
from portal.domain.record import tree
from portal.domain.record.entries import EntryType, opened_ballot, subject_vote
from portal.domain.record.notes import Checkpoint, VerifierKey, seal_note
from portal.domain.votes import VoteState
from portal.models.projects import Project
from portal.models.proposals import Proposal
from portal.models.record import LogCheckpoint, LogEntry, LogHead, LogNode
from portal.models.votes import VOTED_TITLE, Ballot, Elector, Vote
from portal.ports.record_key import RecordKey

PAGE = 40
_HASH = 32


@dataclass(frozen=True, slots=True)
class Log:
    """A log at one size: its name, and the root over its first entries."""

    project_id: int
    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class NamedVote:
    """What a subject such as ``votes/7`` is about: the proposal, titled as it was voted on."""

    id: int
    number: int
    title: str
    tallied: bool


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One line of the log; ``vote`` where it is about one."""

    index: int
    type: EntryType
    subject: str
    at: datetime
    leaf_hash: str
    vote: NamedVote | None


@dataclass(frozen=True, slots=True)
class LogPage:
    """A part of the log, the newest first; ``before`` is where the next older part begins."""

    entries: tuple[ShownEntry, ...]
    before: int | None
    further: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the log at a size: its leaf, and the hashes on the way to the root."""

    index: int
    size: int
    leaf: str
    leaf_hash: bytes
    hashes: tuple[bytes, ...]
    root: bytes

    def as_json(self) -> dict[str, object]:
        """The proof as it is published; hashes are hexadecimal."""
        return {
            "index": self.index,
            "size": self.size,
            "leaf": self.leaf,
            "leaf_hash": self.leaf_hash.hex(),
            "hashes": [each.hex() for each in self.hashes],
            "root": self.root.hex(),
        }


@dataclass(frozen=True, slots=True)
class EntryPage:
    """An entry with its proof; ``opening`` holds ballot and nonce once they may be shown.

    ``vote`` is the one that the entry is about, if any.
    """

    type: EntryType
    subject: str
    at: datetime
    body: Mapping[str, Any]
    proof: Proof
    opening: Mapping[str, Any] | None
    vote: NamedVote | None


def log_origin(base_url: str, slug: str) -> str:
    """The name of a project's log: its address without the scheme."""
    return f"{base_url.partition('://')[2]}/p/{slug}/record"


def find_log(project_id: int, slug: str, base_url: str, *, size: int | None = None) -> Log:
    """A project's log, now or when it had a size; NotFound beyond its end."""
    head: Any = db.session.execute(
        select(LogHead.size, LogHead.peaks).where(LogHead.project_id == project_id)
    ).one_or_none()
    grown, peaks = head or (0, b"")
    wanted = grown if size is None else size
    if wanted > grown:
        raise NotFound("checkpoint")
    if wanted == grown:
        split = (peaks[at : at + _HASH] for at in range(0, len(peaks), _HASH))
        root = tree.Frontier(grown, tuple(split)).root
    else:
        (root,) = read_hashes(project_id, [(0, wanted)])
    return Log(project_id, log_origin(base_url, slug), wanted, root)


def find_note(log: Log, key: RecordKey) -> str | None:
    """The signed note about a log at its size: as it was first signed, or signed now.

    None while the portal has no key.
    """
    kept = db.session.scalar(
        select(LogCheckpoint.note).where(
            LogCheckpoint.project_id == log.project_id, LogCheckpoint.size == log.size
        )
    )
    return kept or sign_log(log, key)


def sign_log(log: Log, key: RecordKey) -> str | None:
    """Sign a log at its size with the key in use; None where there is none."""
    public = key.public_keys()
    if not public:
        return None
    text = str(Checkpoint(log.origin, log.size, log.root))
    return seal_note(text, VerifierKey(log.origin, public[0]), key.sign(text.encode()))


def list_keys(origin: str, key: RecordKey) -> tuple[VerifierKey, ...]:
    """The keys that sign or signed this log, the one in use first."""
    return tuple(VerifierKey(origin, each) for each in key.public_keys())


def find_unsigned(limit: int = 100) -> list[tuple[int, str, int]]:
    """Logs to sign, by project, address and size: as they are now, and where a vote was counted."""
    kept = and_(LogCheckpoint.project_id == LogHead.project_id, LogCheckpoint.size == LogHead.size)
    heads = (
        select(Project.id, Project.slug, LogHead.size)
        .join(LogHead, LogHead.project_id == Project.id)
        .outerjoin(LogCheckpoint, kept)
        .where(LogCheckpoint.size.is_(None), LogHead.size > 0)
        .limit(limit)
    )
    counted = and_(
        LogCheckpoint.project_id == LogEntry.project_id, LogCheckpoint.size == LogEntry.index + 1
    )
    tallies = (
        select(Project.id, Project.slug, LogEntry.index + 1)
        .join(LogEntry, LogEntry.project_id == Project.id)
        .outerjoin(LogCheckpoint, counted)
        .where(LogEntry.type == EntryType.TALLIED, LogCheckpoint.size.is_(None))
        .limit(limit)
    )
    found: set[tuple[int, str, int]] = set()
    for part in (heads, tallies):
        found |= {(row[0], row[1], row[2]) for row in db.session.execute(part)}
    return sorted(found)


def sign_unsigned(base_url: str, key: RecordKey) -> list[tuple[int, int, str]]:
    """New notes about logs, by project and size; none while there is no key."""
    signed = []
    for project_id, slug, size in find_unsigned():
        note = sign_log(find_log(project_id, slug, base_url, size=size), key)
        if note is not None:
            signed.append((project_id, size, note))
    return signed


def get_log_page(project_id: int, *, before: int | None) -> LogPage:
    """The newest entries of a log, or those before an index."""
    asked = select(
        LogEntry.index, LogEntry.type, LogEntry.subject, LogEntry.at, LogEntry.leaf_hash
    ).where(LogEntry.project_id == project_id)
    if before is not None:
        asked = asked.where(LogEntry.index < before)
    rows = db.session.execute(asked.order_by(LogEntry.index.desc()).limit(PAGE + 1)).all()
    votes = _name_votes({row.subject for row in rows[:PAGE]})
    shown = tuple(
        ShownEntry(index, type_, subject, at, digest.hex(), votes.get(subject))
        for index, type_, subject, at, digest in rows[:PAGE]
    )
    return LogPage(shown, shown[-1].index if len(rows) > PAGE else None, before is not None)


def _name_votes(subjects: Iterable[str]) -> dict[str, NamedVote]:
    """The votes among some subjects, by subject."""
    asked = {number: each for each in subjects if (number := subject_vote(each)) is not None}
    if not asked:
        return {}
    found: Any = db.session.execute(
        select(Vote.id, Proposal.number, VOTED_TITLE, Vote.state == VoteState.TALLIED)
        .join(Proposal, Proposal.id == Vote.proposal_id)
        .where(Vote.id.in_(asked))
    )
    return {asked[row[0]]: NamedVote(*row) for row in found}


def get_entry(log: Log, index: int) -> EntryPage:
    """An entry with the proof that it is in the log; NotFound beyond the log's end."""
    found: Any = db.session.execute(
        select(LogEntry, Ballot, Elector.house, Elector.position, Vote.state, Vote.terms["privacy"])
        .outerjoin(Ballot, Ballot.id == LogEntry.ballot_id)
        .outerjoin(Elector, Elector.id == Ballot.elector_id)
        .outerjoin(Vote, Vote.id == Ballot.vote_id)
        .where(LogEntry.project_id == log.project_id, LogEntry.index == index)
    ).one_or_none()
    if found is None or index >= log.size:
        raise NotFound("entry")
    entry = found[0]
    return EntryPage(
        type=entry.type,
        subject=entry.subject,
        at=entry.at,
        body=json.loads(entry.leaf)["body"],
        proof=_prove(log, entry),
        opening=_opening(found),
        vote=_name_votes([entry.subject]).get(entry.subject),
    )


def find_proof(log: Log, index: int) -> Proof:
    """The proof that an entry is in the log; NotFound beyond the log's end."""
    entry = db.session.get(LogEntry, (log.project_id, index))
    if entry is None or index >= log.size:
        raise NotFound("entry")
    return _prove(log, entry)


def find_consistency(project_id: int, first: int, second: int) -> list[bytes]:
    """The hashes that prove that a log grew from one size to another; NotFound for others."""
    size = db.session.scalar(select(LogHead.size).where(LogHead.project_id == project_id)) or 0
    if not first <= second <= size:
        raise NotFound("proof")
    return read_hashes(project_id, tree.consistency_path(first, second))


def _opening(found: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a joined row
    """Ballot and nonce, once the vote is counted and unless it is secret or the ballot replaced."""
    _entry, ballot, house, position, state, privacy = found
    if ballot is None or state is not VoteState.TALLIED or ballot.superseded_at is not None:
        return None
    if privacy != "sealed_roll_call" or ballot.nonce is None:
        return None
    return {"ballot": opened_ballot(ballot, house, position), "nonce": ballot.nonce.hex()}


def _prove(log: Log, entry: LogEntry) -> Proof:
    hashes = read_hashes(log.project_id, tree.inclusion_path(entry.index, log.size))
    return Proof(entry.index, log.size, entry.leaf, entry.leaf_hash, tuple(hashes), log.root)


def read_hashes(project_id: int, ranges: list[tree.Range]) -> list[bytes]:
    """The roots of ranges, from stored subtrees, in at most two statements."""

    def subtrees(parts: Iterable[tree.Range]) -> dict[tree.Range, bytes]:
        asked = list(parts)
        leaves = [start for start, end in asked if end - start == 1]
        inner = [(start, end - start) for start, end in asked if end - start > 1]
        found: dict[tree.Range, bytes] = {}
        if leaves:
            chosen = LogEntry.index.in_(leaves)
            for index, digest in db.session.execute(
                select(LogEntry.index, LogEntry.leaf_hash).where(
                    LogEntry.project_id == project_id, chosen
                )
            ):
                found[index, index + 1] = digest
        if inner:
            named = tuple_(LogNode.start, LogNode.length).in_(inner)
            for start, length, digest in db.session.execute(
                select(LogNode.start, LogNode.length, LogNode.hash).where(
                    LogNode.project_id == project_id, named
                )
            ):
                found[start, start + length] = digest
        return found

    return tree.read_hashes(ranges, subtrees)


@dataclass(frozen=True, slots=True)
class ShownCheckpoint:
    """A kept checkpoint, as the feed shows it."""

    size: int
    note: str
    signed_at: datetime


def list_checkpoints(project_id: int, *, limit: int) -> list[ShownCheckpoint]:
    """The newest kept checkpoints."""
    rows: Any = db.session.execute(
        select(LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.signed_at)
        .where(LogCheckpoint.project_id == project_id)
        .order_by(LogCheckpoint.size.desc())
        .limit(limit)
    )
    return [ShownCheckpoint(*row) for row in rows]
