"""What the portal needs of mail: send one message; in the demonstration, read the mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered message; ``message_id`` stays the same when a delivery is tried again.

    ``stop_url`` takes a POST, without cookies, that stops mail like this (RFC 8058); mail that is
    always sent has none.
    """

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str
    stop_url: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A message that the demonstration's mail server took in."""

    key: str
    received_at: datetime
    recipient: str
    subject: str
    text: str
    html: str


class MailUndelivered(Exception):
    """The mail server refused the message or could not be reached; it will be tried again."""


class MailTransport(Protocol):
    """Delivers mail."""

    def send(self, mail: Mail) -> None:
        """Hand one message over; raises ``MailUndelivered``."""
        ...


class Mailbox(Protocol):
    """What the demonstration's mail server received."""

    def newest(self, limit: int) -> list[ReceivedMail]:
        """The newest messages, newest first."""
        ...

    def find(self, key: str) -> ReceivedMail | None:
        """One message by its key."""
        ...
