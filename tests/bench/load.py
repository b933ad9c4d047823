"""A small load generator: keep-alive connections in one thread, little work per request."""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Load:
    """Requests answered, over how many seconds, and how long each took, in seconds."""

    seconds: float
    status: int
    body_bytes: int
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which this share of the requests stayed."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    received: bytes = b""
    expected: int | None = None
    sent_at: float = 0.0


def fire(port: int, path: str, *, seconds: float, connections: int = 16, headers: str = "") -> Load:
    """Ask for one path over and over on so many connections at once."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
    end = time.perf_counter() + seconds
    return send(
        port, iter(lambda: request if time.perf_counter() < end else None, None), connections
    )


def send(port: int, requests: Iterable[bytes], connections: int) -> Load:
    """Send each request once, on so many connections at once, and wait for every answer.

    An answer that refuses ends the measurement: how quick errors are is not what it asks.
    """
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    load = Load(0, 0, 0)
    begun = time.perf_counter()
    for request in itertools.islice(waiting, connections):
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        _ask(connection, request)
    while selector.get_map():
        for key, _events in selector.select(timeout=1):
            if not _answered(key.data, load):
                continue
            if load.status >= 400:
                raise RuntimeError(f"answered {load.status}: {key.data.received[:2000]!r}")
            load.latencies.append(time.perf_counter() - key.data.sent_at)
            following = next(waiting, None)
            if following is None:
                selector.unregister(key.data.socket)
                key.data.socket.close()
            else:
                _ask(key.data, following)
    load.seconds = time.perf_counter() - begun
    selector.close()
    return load


def _ask(connection: _Connection, request: bytes) -> None:
    connection.received, connection.expected = b"", None
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _answered(connection: _Connection, load: Load) -> bool:
    part = connection.socket.recv(262_144)
    if not part:
        raise ConnectionError("the server closed a connection")
    connection.received += part
    if connection.expected is None:
        head, mark, _body = connection.received.partition(b"\r\n\r\n")
        if not mark:
            return False
        found = _LENGTH.search(head)
        load.status = int(head[9:12])
        load.body_bytes = int(found[1]) if found else 0
        connection.expected = len(head) + 4 + load.body_bytes
    return len(connection.received) >= connection.expected


def join(loads: Iterable[Load]) -> Load:
    """Several loads as one."""
    joined = Load(0, 0, 0)
    for load in loads:
        joined.seconds += load.seconds
        joined.latencies += load.latencies
    return joined
