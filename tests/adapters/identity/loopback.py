"""A small HTTP server on loopback whose answers a test scripts and whose requests it records."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Loopback:
    """The server: ``answers`` by path, each JSON or a function of the form that was sent."""

    url: str = ""
    answers: dict[str, Any | Callable[[dict[str, str]], Any]] = field(default_factory=dict)
    forms: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def loopback_server() -> Iterator[Loopback]:
    """Serve on a free port until the end of the block."""
    state = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self._answer({key: values[0] for key, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            state.forms.append((path, form, dict(self.headers)))
            answer = state.answers.get(path)
            status = 200 if answer is not None else 404
            body = json.dumps(answer(form) if callable(answer) else answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
