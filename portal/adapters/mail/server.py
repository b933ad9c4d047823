"""The demonstration's mail server: takes mail over SMTP into a Maildir."""

from __future__ import annotations

import mailbox
import signal
import sys
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class _Keep:
    """Stores every envelope that arrives."""

    def __init__(self, path: Path) -> None:
        self._maildir = mailbox.Maildir(path, create=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the server's name for it
        self._maildir.add(cast("bytes", envelope.original_content))
        return "250 Message accepted for delivery"


def start_mail_server(path: Path, host: str, port: int) -> Controller:
    """Take mail on a loopback port until ``stop()``; for the demonstration and tests only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    controller = Controller(_Keep(path), hostname=host, port=port)
    controller.start()
    return controller


if __name__ == "__main__":
    _path, _host, _port = sys.argv[1:]
    _controller = start_mail_server(Path(_path), _host, int(_port))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.sigwait({signal.SIGTERM})
    _controller.stop()
