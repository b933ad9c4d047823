"""The demonstration's mailbox: what its mail server took in, for a page to show."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from portal.ports.mail import ReceivedMail


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
        message = message_from_bytes(stored.as_bytes(), policy=policy.default)
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
