"""Identity providers that the settings switch on."""

from __future__ import annotations

from collections.abc import Mapping

from portal.ports.identity import IdentityProvider
from portal.settings import Settings


def build_providers(settings: Settings) -> Mapping[str, IdentityProvider]:
    """Providers by key; none without a client id."""
    return {}
