"""The demonstration's mail server: takes mail over SMTP into a Maildir that a page can show."""

from __future__ import annotations

import mailbox
import signal
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.ports.mail import ReceivedMail


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


class MaildirMailbox:
    """Reads what the demonstration's mail server took in."""

    def __init__(self, path: Path) -> None:
        """Open, or create, the Maildir."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(path, create=True)

    def newest(self, limit: int) -> list[ReceivedMail]:
        """The newest messages, newest first."""
        received = [self._read(key) for key in self._maildir.iterkeys()]
        received.sort(key=lambda mail: (mail.received_at, mail.key), reverse=True)
        return received[:limit]

    def find(self, key: str) -> ReceivedMail | None:
        """One message by its key."""
        return self._read(key) if key in self._maildir else None

    def _read(self, key: str) -> ReceivedMail:
        stored = self._maildir.get_message(key)
        message = cast("EmailMessage", message_from_bytes(stored.as_bytes(), policy=policy.default))
        return ReceivedMail(
            key=key,
            received_at=datetime.fromtimestamp(stored.get_date(), UTC),
            recipient=str(message["To"]),
            subject=str(message["Subject"]),
            text=_part(message, "plain"),
            html=_part(message, "html"),
        )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return "" if body is None else str(body.get_content())


if __name__ == "__main__":
    _path, _host, _port = sys.argv[1:]
    _controller = start_mail_server(Path(_path), _host, int(_port))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.sigwait({signal.SIGTERM})
    _controller.stop()
