"""The public record: appending to a long log, and checking one."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from portal.app import create_app
from portal.database import db, transaction
from portal.domain.record.entries import EntryType
from portal.domain.record.tree import Frontier, leaf_hash, log_root
from portal.models.record import LogEntry, LogHead, LogNode
from portal.services.record.record import append_entry, begin_log
from tests.bench.lines import Line
from tests.builders import NOW, make_project
from tests.conftest import make_settings

_SHORT, _LONG = 1_000, 1_000_000
_CHECKED = 200_000
_BATCH = 20_000


def measure() -> Iterator[Line]:
    """Appending at a million leaves against a thousand; checking against a plain loop."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(make_settings(f"sqlite:///{Path(folder) / 'portal.db'}"))
        with app.app_context():
            db.create_all()
            short, long = make_project().id, make_project().id
            for project_id, size in ((short, _SHORT), (long, _LONG)):
                _grow(project_id, size)
            costs = [_append_cost(project_id) for project_id in (short, long)]
            db.engine.dispose()
    yield Line("record: appending at 1,000,000 leaves against 1,000", costs[1] / costs[0], most=2)
    leaves = [f'{{"seq":{number},"type":"ballot_cast"}}'.encode() * 4 for number in range(_CHECKED)]
    # In turns, so that what else the machine does weighs on both.
    times = [(_seconds(log_root, leaves), _seconds(_plain_loop, leaves)) for _ in range(9)]
    checked, plain = (min(column) for column in zip(*times, strict=True))
    yield Line("record: checking a log against a plain loop over it", checked / plain, most=1.1)


def _grow(project_id: int, size: int) -> None:
    """Fill a log as appending would, but in large steps."""
    with transaction():
        begin_log(project_id, now=NOW)
    head = db.session.get_one(LogHead, project_id)
    frontier = Frontier(head.size, (head.peaks,))
    entries, nodes = [], []
    numbers = iter(range(1, size))
    while batch := list(islice(numbers, _BATCH)):
        entries, nodes = [], []
        for number in batch:
            leaf = f'{{"seq":{number}}}'
            digest = leaf_hash(leaf.encode())
            frontier, completed = frontier.append(digest)
            entries.append(_entry(project_id, number, leaf, digest))
            nodes += [
                {"project_id": project_id, "start": start, "length": end - start, "hash": node}
                for (start, end), node in completed.items()
                if end - start > 1
            ]
        with transaction() as session:
            session.execute(insert(LogEntry), entries)
            session.execute(insert(LogNode), nodes)
    with transaction() as session:
        peaks = b"".join(frontier.peaks)
        session.execute(
            update(LogHead)
            .where(LogHead.project_id == project_id)
            .values(size=frontier.size, peaks=peaks)
        )


def _entry(project_id: int, number: int, leaf: str, digest: bytes) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "index": number,
        "subject": "votes/1",
        "seq": number,
        "type": EntryType.BALLOT_CAST,
        "at": NOW,
        "leaf": leaf,
        "leaf_hash": digest,
        "ballot_id": None,
    }


def _append_cost(project_id: int) -> float:
    times = []
    for number in range(200):
        begun = time.perf_counter()
        with transaction():
            append_entry(
                project_id, "votes/1", EntryType.BALLOT_CAST, {"commitment": str(number)}, at=NOW
            )
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _plain_loop(leaves: list[bytes]) -> bytes:
    """What nobody can do without: a hash for each leaf and one for each pair."""
    digest = b""
    for leaf in leaves:
        digest = hashlib.sha256(b"\x00" + leaf).digest()
        digest = hashlib.sha256(b"\x01" + digest + digest).digest()
    return digest


def _seconds(run: Callable[[list[bytes]], bytes], leaves: list[bytes]) -> float:
    begun = time.perf_counter()
    run(leaves)
    return time.perf_counter() - begun
