"""The counterparts one running portal works with, chosen once in app.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.ports.clock import Clock
from portal.ports.identity import IdentityProvider
from portal.ports.mail import Mailbox, MailTransport
from portal.ports.payments import PaymentGateway
from portal.ports.record_key import RecordKey
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Settings and adapters, as the edge rooms (web, cli, jobs) receive them."""

    settings: Settings
    payments: PaymentGateway
    mail: MailTransport
    mailbox: Mailbox | None
    identity: Mapping[str, IdentityProvider]
    record_key: RecordKey
    clock: Clock
