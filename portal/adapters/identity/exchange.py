"""What all identity providers have in common: a checked answer, a code for a token, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from portal.ports.identity import SignInFailed

TIMEOUT_SECONDS = 10


def check_answer(answer: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Refuse an answer that carries an error, another state, or no code."""
    if not secrets.get("state") or answer.get("state") != secrets["state"]:
        raise SignInFailed("The answer does not belong to this browser's request.")
    if "error" in answer:
        raise SignInFailed(f"The provider refused: {answer['error'][:80]}")
    if not answer.get("code"):
        raise SignInFailed("The answer carries no code.")


def fetch_token(session: OAuth2Session, url: str, code: str, verifier: str) -> dict[str, Any]:
    """Exchange a code for tokens, proving with the verifier that we asked for it."""
    try:
        token = session.fetch_token(
            url,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            headers={"Accept": "application/json"},
        )
    except (OAuthError, requests.RequestException, ValueError) as error:
        raise SignInFailed(f"The code could not be exchanged: {error}") from error
    return dict(token)


def fetch_json(url: str, session: requests.Session | None = None) -> Any:  # noqa: ANN401 - JSON
    """The JSON at an address of the provider, asked for with a session's token if one is given."""
    try:
        response = (session or requests).get(url, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        return response.json()
    except (requests.RequestException, OAuthError, ValueError) as error:
        raise SignInFailed(f"The provider's answer could not be read: {error}") from error
