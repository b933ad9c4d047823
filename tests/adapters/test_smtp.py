"""What goes over the wire: a message as a mail server takes it."""

from __future__ import annotations

import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from portal.adapters.mail.server import start_mail_server
from portal.adapters.mail.smtp import SmtpTransport
from portal.ports.mail import Mail, MailUndelivered

STOP = "https://stakes.a-rather-long-name.example.org/notifications/stop/" + "a1B2_-.outcome." * 5


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def deliver(path: Path, **values: str) -> EmailMessage:
    """What the demonstration's mail server took, from a real delivery; line ends as they came."""
    port = _free_port()
    server = start_mail_server(path / "mail", "127.0.0.1", port)
    try:
        settings = {"message_id": "<1@x.example>", "recipient": "ada@example.org", "text": "T"}
        mail = Mail(**(settings | {"subject": "Ä", "html": "<p>T</p>"} | values))
        SmtpTransport(f"smtp://127.0.0.1:{port}", "Portal <portal@example.org>").send(mail)
    finally:
        server.stop()
    (stored,) = (path / "mail" / "new").iterdir()
    return message_from_bytes(stored.read_bytes(), policy=policy.default)


def test_mail_that_can_be_stopped_carries_the_headers_of_rfc_8058(tmp_path: Path) -> None:
    message = deliver(tmp_path, stop_url=STOP)
    assert message["List-Unsubscribe"] == f"<{STOP}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (stored,) = (tmp_path / "mail" / "new").iterdir()
    assert f"List-Unsubscribe: <{STOP}>".encode() in stored.read_bytes()


def test_mail_that_is_always_sent_does_not(tmp_path: Path) -> None:
    message = deliver(tmp_path)
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None
    assert message["Subject"] == "Ä"


def test_a_server_that_does_not_answer_leaves_the_mail_undelivered(tmp_path: Path) -> None:
    mail = Mail("<1@x.example>", "ada@example.org", "S", "T", "<p>T</p>")
    with pytest.raises(MailUndelivered):
        SmtpTransport(f"smtp://127.0.0.1:{_free_port()}", "portal@example.org").send(mail)
