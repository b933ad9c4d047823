"""Stand-ins for the far end of our ports, for tests that are not about the protocol."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.ports.mail import Mail, ReceivedMail
from tests.scripted_gateway import ScriptedGateway as ScriptedGateway  # noqa: PLC0414 - one of them


class MemoryMail:
    """Keeps mail in memory, as transport and as mailbox."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def clear(self) -> None:
        self.sent.clear()

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)

    def newest(self, limit: int) -> list[ReceivedMail]:
        return [
            ReceivedMail(str(n), datetime.now(UTC), m.recipient, m.subject, m.text, m.html)
            for n, m in reversed(list(enumerate(self.sent)))
        ][:limit]

    def find(self, key: str) -> ReceivedMail | None:
        return next((mail for mail in self.newest(len(self.sent)) if mail.key == key), None)


class FixedKey:
    """A signing key that is the same in every test."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

    def public_keys(self) -> tuple[bytes, ...]:
        return (self._key.public_key().public_bytes_raw(),)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)
