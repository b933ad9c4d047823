"""What the portal needs of an identity provider: send a browser there, learn who came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SignInBegun:
    """Where to send the browser, and the secrets to keep in its session until it returns."""

    url: str
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IdentitySeen:
    """Who an identity provider says came back; only a verified address is passed on."""

    issuer: str
    subject: str
    name: str
    verified_email: str | None


class SignInFailed(Exception):
    """The provider refused, or its answer did not match what was asked."""


class IdentityProvider(Protocol):
    """One way to sign in outside the portal."""

    key: str
    label: str

    def begin(self, redirect_uri: str) -> SignInBegun:
        """Prepare the redirect to the provider."""
        ...

    def finish(
        self, redirect_uri: str, answer: Mapping[str, str], secrets: Mapping[str, str]
    ) -> IdentitySeen:
        """Check the provider's answer against the secrets; raises ``SignInFailed``."""
        ...
