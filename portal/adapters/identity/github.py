"""GitHub, which is not OpenID Connect: a token, then the account and its verified addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from portal.adapters.identity.exchange import (
    TIMEOUT_SECONDS,
    check_answer,
    fetch_json,
    fetch_token,
)
from portal.ports.identity import IdentitySeen, SignInBegun, SignInFailed

_PUBLIC = "https://github.com"


class GitHubProvider:
    """Signs people in at GitHub, or at a GitHub Enterprise Server under its own address.

    The subject is the account's number, since names there change hands. The address is the
    primary one, if GitHub has verified it.
    """

    key = "github"
    label = "GitHub"

    def __init__(self, *, base: str, client_id: str, client_secret: str) -> None:
        """Keep what the operator configured; ``base`` is where people open GitHub."""
        self._base = base.rstrip("/")
        self._api = "https://api.github.com" if self._base == _PUBLIC else f"{self._base}/api/v3"
        self._client_id = client_id
        self._client_secret = client_secret

    def begin(self, redirect_uri: str) -> SignInBegun:
        """Prepare the redirect to GitHub."""
        verifier = generate_token(64)
        with self._session(redirect_uri) as session:
            url, state = session.create_authorization_url(
                f"{self._base}/login/oauth/authorize",
                code_verifier=verifier,
                state=generate_token(32),
            )
        return SignInBegun(url, {"state": state, "verifier": verifier})

    def finish(
        self, redirect_uri: str, answer: Mapping[str, str], secrets: Mapping[str, str]
    ) -> IdentitySeen:
        """Exchange the code and ask who came; raises ``SignInFailed``."""
        check_answer(answer, secrets)
        with self._session(redirect_uri) as session:
            address = f"{self._base}/login/oauth/access_token"
            fetch_token(session, address, answer["code"], secrets["verifier"])
            account = fetch_json(f"{self._api}/user", session)
            addresses = fetch_json(f"{self._api}/user/emails", session)
        if not isinstance(account, dict) or type(account.get("id")) is not int:
            raise SignInFailed("GitHub did not say who came.")
        return IdentitySeen(
            issuer=self._base,
            subject=str(account["id"]),
            name=str(account.get("name") or account.get("login") or ""),
            verified_email=_primary(addresses),
        )

    def _session(self, redirect_uri: str) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            scope="read:user user:email",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )


def _primary(addresses: Any) -> str | None:  # noqa: ANN401 - JSON of another system
    """The primary address if it is verified."""
    entries = addresses if isinstance(addresses, list) else []
    return next(
        (
            str(entry["email"])
            for entry in entries
            if isinstance(entry, dict)
            and entry.get("primary") is True
            and entry.get("verified") is True
            and entry.get("email")
        ),
        None,
    )
