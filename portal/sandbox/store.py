"""Where the sandbox keeps its objects: one SQLite database, in memory or in a file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.sandbox.due import JSON as JSON  # noqa: PLC0414 - objects are kept under this name
from portal.sandbox.due import next_due

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL,
    due_at INTEGER);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_due ON objects (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS answers (
    idempotency_key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY, event TEXT NOT NULL, kind TEXT NOT NULL, attempts INTEGER NOT NULL,
    due_at REAL, status TEXT NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, status INTEGER NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    """Objects by id and kind, in the order of their creation.

    One connection behind one lock: every reader and writer waits its turn, so that two requests
    can never interleave. Keys that begin with an underscore are the sandbox's own notes.
    """

    def __init__(self, path: Path | None) -> None:
        """Open or create the database; None keeps everything in memory."""
        self._lock = threading.RLock()
        self._depth = 0
        self.connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA synchronous = NORMAL")
        if path is not None:
            self.connection.execute("PRAGMA journal_mode = WAL")
        self._add_due_instants()
        self.connection.executescript(_SCHEMA)

    def _add_due_instants(self) -> None:
        """Bring a database of an earlier version up to date."""
        columns = {row["name"] for row in self.rows("PRAGMA table_info(objects)")}
        if columns and "due_at" not in columns:
            self.connection.execute("ALTER TABLE objects ADD COLUMN due_at INTEGER")
            for row in self.rows("SELECT body FROM objects"):
                self.save(json.loads(row["body"]))

    def close(self) -> None:
        """Close the database once nobody is inside a transaction."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one thread at a time; transactions inside one another are one."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self.connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self.connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Rows of one statement."""
        with self._lock:
            return self.connection.execute(sql, values).fetchall()

    def save(self, thing: JSON) -> JSON:
        """Insert or overwrite an object under its id."""
        with self._lock:
            self.connection.execute(
                "INSERT INTO objects (id, kind, body, due_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET body = excluded.body, due_at = excluded.due_at",
                (thing["id"], thing["object"], json.dumps(thing), next_due(thing)),
            )
        return thing

    def find_due(self, instant: int) -> tuple[int, JSON] | None:
        """Of all objects to which something happens by the instant the first, and when."""
        found = self.rows(
            "SELECT due_at, body FROM objects WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1",
            instant,
        )
        return (found[0]["due_at"], json.loads(found[0]["body"])) if found else None

    def find(self, identifier: str) -> JSON | None:
        """An object of any kind by its id."""
        found = self.rows("SELECT body FROM objects WHERE id = ?", identifier)
        return json.loads(found[0]["body"]) if found else None

    def newest_first(self, kind: str) -> list[JSON]:
        """All objects of a kind, the newest first, as Stripe lists them."""
        found = self.rows("SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC", kind)
        return [json.loads(row["body"]) for row in found]
