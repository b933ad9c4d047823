"""The counterparts of one portal, chosen from its settings."""

from __future__ import annotations

from portal.adapters.clock import FollowingClock, SystemClock
from portal.adapters.identity.providers import build_providers
from portal.adapters.mail.mailbox import MaildirMailbox
from portal.adapters.mail.smtp import SmtpTransport
from portal.adapters.payments.stripe_gateway import StripeGateway
from portal.adapters.record_key import KeyFile
from portal.ports.collaborators import Collaborators
from portal.settings import Settings


def build_collaborators(settings: Settings) -> Collaborators:
    """Choose the counterparts that the settings name."""
    return Collaborators(
        settings=settings,
        payments=StripeGateway(
            api_key=settings.stripe_api_key,
            webhook_secret=settings.stripe_webhook_secret,
            api_base=settings.stripe_api_base,
            livemode=settings.livemode,
        ),
        mail=SmtpTransport(settings.mail_url, settings.mail_from),
        mailbox=MaildirMailbox(settings.mailbox_path) if settings.mailbox_path else None,
        identity=build_providers(settings),
        record_key=KeyFile(settings.record_key_path, make_missing=settings.demonstration),
        clock=FollowingClock(settings)
        if settings.demonstration and settings.stripe_api_base
        else SystemClock(),
    )
