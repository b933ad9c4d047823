"""Identity providers that the settings switch on."""

from __future__ import annotations

from collections.abc import Mapping

from portal.ports.identity import IdentityProvider
from portal.settings import Settings


def build_providers(settings: Settings) -> Mapping[str, IdentityProvider]:
    """Providers by key, in the order they are offered; none without a client id.

    A provider's libraries are loaded only where it is switched on.
    """
    providers: list[IdentityProvider] = []
    if settings.oidc_issuer and settings.oidc_client_id:
        from portal.adapters.identity.openid import OpenIdProvider  # noqa: PLC0415 - slow to load

        providers.append(
            OpenIdProvider(
                issuer=settings.oidc_issuer,
                client_id=settings.oidc_client_id,
                client_secret=settings.oidc_client_secret,
                label=settings.oidc_name,
            )
        )
    if settings.github_client_id:
        from portal.adapters.identity.github import GitHubProvider  # noqa: PLC0415 - slow to load

        providers.append(
            GitHubProvider(
                base=settings.github_base,
                client_id=settings.github_client_id,
                client_secret=settings.github_client_secret,
            )
        )
    return {provider.key: provider for provider in providers}
