"""The public record: append entries to a project's log, in the order of the commits.

How the lock works: ``append_entry`` only notes what is to be appended. Last thing before the
commit, the row of the log's head is locked, the entries take their places, and the tree grows.
So the appends of one project follow each other, but wait for nothing except each other's commit,
and since the head is the last lock of every transaction, no two can wait for each other in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.orm import Session

from portal.database import Base, db
from portal.domain.charter import Charter
from portal.domain.record.entries import CHARTER, KEYS, Entry, EntryType
from portal.domain.record.tree import Frontier, Range, leaf_hash, root_of
from portal.models.freshness import raise_version, record_scope
from portal.models.projects import CharterVersion, Project
from portal.models.record import LogEntry, LogHead
from portal.statements import Found, Prepared

_PENDING = "portal_pending_entries"
_HASH = 32

_BEGIN = Prepared(
    text(
        "INSERT INTO log_heads (project_id, size, peaks) VALUES (:project_id, 0, :peaks)"
        " ON CONFLICT (project_id) DO NOTHING"
    )
)
_HEAD = Prepared(
    select(LogHead.size, LogHead.peaks, Project.slug)
    .join(Project, Project.id == LogHead.project_id)
    .where(LogHead.project_id == bindparam("project_id"))
    .with_for_update(of=LogHead)
)
_LAST = Prepared(
    select(LogEntry.seq)
    .where(LogEntry.project_id == bindparam("project_id"), LogEntry.subject == bindparam("subject"))
    .order_by(LogEntry.seq.desc())
    .limit(1)
)
# Statements on tables, built once: what every ballot waits for is kept short.
_tables = Base.metadata.tables
_ADD_ENTRIES = Prepared(insert(_tables["log_entries"]))
_ADD_NODES = Prepared(insert(_tables["log_nodes"]))
_GROW = Prepared(
    update(_tables["log_heads"])
    .where(_tables["log_heads"].c.project_id == bindparam("of"))
    .values(size=bindparam("size"), peaks=bindparam("peaks"))
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry that has no place yet."""

    project_id: int
    subject: str
    type: EntryType
    at: datetime
    body: Mapping[str, Any]
    ballot_id: int | None = None


def append_entry(
    project_id: int,
    subject: str,
    type_: EntryType,
    body: Mapping[str, Any],
    *,
    at: datetime,
    ballot_id: int | None = None,
) -> None:
    """Append an entry to a project's log, in this transaction or not at all.

    The body is published for ever: it holds nothing that is sealed or private. A project whose log
    has not begun yet begins it with its charter.
    """
    draft = _Draft(project_id, subject, type_, at, body, ballot_id)
    db.session().info.setdefault(_PENDING, []).append(draft)


def begin_log(project_id: int, *, now: datetime) -> None:
    """Begin the log of a project that has none, with its charter; one that has begun stays."""
    if not _lock_head(project_id).size:
        for draft in _beginning(db.session(), project_id, now):
            db.session().info.setdefault(_PENDING, []).append(draft)


def log_new_key(old: bytes, new: bytes, *, now: datetime) -> None:
    """Put on every log that another key signs from here on, by their public halves."""
    body = {"old": old.hex(), "new": new.hex()}
    for project_id in db.session.scalars(select(LogHead.project_id)):
        append_entry(project_id, KEYS, EntryType.CORRECTED, body, at=now)


def find_unbegun_projects() -> list[int]:
    """Projects whose log has not begun: they are older than the record."""
    begun = select(LogHead.project_id)
    return list(db.session.scalars(select(Project.id).where(Project.id.not_in(begun))))


def subject_root(project_id: int, subject: str) -> bytes:
    """The root over the leaves of one subject alone, with those this transaction appends.

    For a vote, once its close is on record and while its row is locked: the root of its closed
    log, which orders ties (SHA-256 of root and option id).
    """
    session = db.session()
    return root_of(_subject_hashes(session, project_id, subject))


def find_root_over(project_id: int, subject: str, type_: EntryType) -> tuple[int, bytes] | None:
    """Size and root of a log that holds an entry of a subject; None until that is written."""
    written = db.session.scalar(
        select(LogEntry.index).where(
            LogEntry.project_id == project_id, LogEntry.subject == subject, LogEntry.type == type_
        )
    )
    if written is None:
        return None
    size, peaks = db.session.execute(
        select(LogHead.size, LogHead.peaks).where(LogHead.project_id == project_id)
    ).one()
    return size, Frontier(size, _split(peaks)).root


def _subject_hashes(session: Session, project_id: int, subject: str) -> Iterator[bytes]:
    stored = 0
    for digest in session.scalars(
        select(LogEntry.leaf_hash)
        .where(LogEntry.project_id == project_id, LogEntry.subject == subject)
        .order_by(LogEntry.seq)
        .execution_options(yield_per=1000)
    ):
        stored += 1
        yield digest
    drafts = [
        draft
        for draft in session.info.get(_PENDING, ())
        if (draft.project_id, draft.subject) == (project_id, subject)
    ]
    slug = session.scalars(select(Project.slug).where(Project.id == project_id)).one()
    for number, draft in enumerate(drafts, start=stored + 1):
        yield leaf_hash(_entry(slug, draft, number).leaf())


@event.listens_for(Session, "before_commit")
def _write_pending(session: Session) -> None:
    """Give every entry of this transaction its place; project by project, in a fixed order."""
    if session.in_nested_transaction():
        return
    pending = session.info.pop(_PENDING, None)
    if not pending:
        return
    session.flush()
    drafts = sorted(pending, key=lambda draft: draft.project_id)
    for project_id, group in groupby(drafts, key=lambda draft: draft.project_id):
        _write(session, project_id, list(group))


@event.listens_for(Session, "after_rollback")
def _forget_pending(session: Session) -> None:
    """What was rolled back is on no record."""
    session.info.pop(_PENDING, None)


def _write(session: Session, project_id: int, drafts: list[_Draft]) -> None:
    """Append to one log under the lock of its head."""
    head = _lock_head(project_id)
    if not head.size and drafts[0].subject != CHARTER:
        drafts = [*_beginning(session, project_id, drafts[0].at), *drafts]
    frontier = Frontier(head.size, _split(head.peaks))
    last: dict[str, int] = {}
    rows, nodes = [], []
    for draft in drafts:
        if draft.subject not in last:
            before = _LAST.find(project_id=project_id, subject=draft.subject)
            last[draft.subject] = before.seq if before else 0
        last[draft.subject] += 1
        leaf = _entry(head.slug, draft, last[draft.subject]).leaf()
        digest = leaf_hash(leaf)
        rows.append(_row(draft, frontier.size, last[draft.subject], leaf, digest))
        frontier, completed = frontier.append(digest)
        nodes += _nodes(project_id, completed)
    _ADD_ENTRIES.run_each(rows)
    _ADD_NODES.run_each(nodes)
    _GROW.run(of=project_id, size=frontier.size, peaks=b"".join(frontier.peaks))
    raise_version(record_scope(project_id))


def _lock_head(project_id: int) -> Found:
    """The head of a log, which is made where there is none, locked until this transaction ends."""
    head = _HEAD.find(project_id=project_id)
    if head is None:
        _BEGIN.run(project_id=project_id, peaks=b"")
        head = _HEAD.find(project_id=project_id)
    if head is None:
        raise RuntimeError("the log has no head")
    return head


def _beginning(session: Session, project_id: int, at: datetime) -> list[_Draft]:
    """The charter in force, with which a log begins."""
    charter = session.scalar(
        select(CharterVersion)
        .where(CharterVersion.project_id == project_id)
        .order_by(CharterVersion.number.desc())
        .limit(1)
    )
    if charter is None:
        return []
    body = charter_body(charter.number, charter.charter, charter.note)
    return [_Draft(project_id, CHARTER, EntryType.CHARTER_CHANGED, at, body)]


def charter_body(number: int, charter: Charter, note: str) -> dict[str, Any]:
    """A charter as the record writes it: every setting as text."""
    settings = {each.name: str(getattr(charter, each.name)) for each in fields(Charter)}
    return {"number": number, "note": note, "settings": settings}


def _entry(slug: str, draft: _Draft, seq: int) -> Entry:
    return Entry(slug, draft.subject, seq, draft.type, draft.at, draft.body)


def _row(draft: _Draft, index: int, seq: int, leaf: bytes, digest: bytes) -> dict[str, Any]:
    return {
        "project_id": draft.project_id,
        "index": index,
        "subject": draft.subject,
        "seq": seq,
        "type": draft.type,
        "at": draft.at,
        "leaf": leaf.decode(),
        "leaf_hash": digest,
        "ballot_id": draft.ballot_id,
    }


def _nodes(project_id: int, completed: Mapping[Range, bytes]) -> list[dict[str, Any]]:
    """Rows of the subtrees that an entry completed; the leaf itself is in its entry."""
    return [
        {"project_id": project_id, "start": start, "length": end - start, "hash": digest}
        for (start, end), digest in completed.items()
        if end - start > 1
    ]


def _split(peaks: bytes) -> tuple[bytes, ...]:
    return tuple(peaks[at : at + _HASH] for at in range(0, len(peaks), _HASH))
