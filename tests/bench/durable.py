"""Peers of writing requests: bare Flask endpoints that make two rows durable in SQLite.

One keeps a value under its key; the other continues a log in which each row holds the hash of the
one before it.
"""

from __future__ import annotations

import hashlib
import os
import queue
import sqlite3
import threading
import time

from flask import Flask, request

_TABLES = (
    "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, entry TEXT, hash BLOB)",
)
_KEEP = (
    "INSERT INTO kept (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_LAST = "SELECT hash FROM log ORDER BY id DESC LIMIT 1"
_LOG = "INSERT INTO log (entry, hash) VALUES (?, ?)"

Row = tuple[str, str]


def durable() -> Flask:
    """Each request has a transaction of its own, on a connection of its thread."""
    app = Flask(__name__)
    local = threading.local()

    @app.post("/")
    def keep() -> str:
        if not hasattr(local, "connection"):
            local.connection = _connect()
        _write(local.connection, [_posted()])
        return "kept"

    return _readable(app)


def grouped() -> Flask:
    """One thread writes for all others, and commits whatever waits together."""
    app = Flask(__name__)
    waiting: queue.SimpleQueue[tuple[Row, threading.Event]] = queue.SimpleQueue()

    def write() -> None:
        connection = _connect()
        while True:
            group = [waiting.get()]
            while not waiting.empty():
                group.append(waiting.get())
            _write(connection, [row for row, _done in group])
            for _row, done in group:
                done.set()

    threading.Thread(target=write, daemon=True).start()

    @app.post("/")
    def keep() -> str:
        done = threading.Event()
        waiting.put((_posted(), done))
        done.wait()
        return "kept"

    return _readable(app)


def _readable(app: Flask) -> Flask:
    @app.get("/")
    def ready() -> str:
        return "ready"

    return app


def _posted() -> Row:
    return request.form["key"], request.form["value"]


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(
        os.environ["BENCH_DURABLE"], isolation_level=None, timeout=10, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for table in _TABLES:
        connection.execute(table)
    return connection


def _write(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for key, value in rows:
        connection.execute(_KEEP, (key, value))
        entry = f"{key} {value} {time.time()}"
        (last,) = connection.execute(_LAST).fetchone() or (b"",)
        connection.execute(_LOG, (entry, hashlib.sha256(last + entry.encode()).digest()))
    connection.execute("COMMIT")
