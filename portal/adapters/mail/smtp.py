"""Mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from portal.ports.mail import Mail, MailUndelivered

_TIMEOUT_SECONDS = 20
# As long as SMTP allows: an address that is folded is no address any more.
_POLICY = policy.default.clone(max_line_length=998)


class SmtpTransport:
    """Delivers mail to the server a URL names.

    ``smtp://user:password@host:587`` starts TLS when the server offers it, ``smtps://`` speaks
    TLS from the start. ``sender`` is the From header.
    """

    def __init__(self, url: str, sender: str) -> None:
        """Read the URL once."""
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Hand one message to the server, as plain text and HTML."""
        message = EmailMessage(_POLICY)
        message["From"] = self._sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        if mail.stop_url:
            message["List-Unsubscribe"] = f"<{mail.stop_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        try:
            with self._connect() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailUndelivered(str(error)) from error

    def _connect(self) -> smtplib.SMTP:
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host,
                self._port,
                timeout=_TIMEOUT_SECONDS,
                context=ssl.create_default_context(),
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if self._user:
            server.login(self._user, self._password)
        return server
