"""Any OpenID Connect issuer: discovery, code flow with PKCE, checked ID token."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.adapters.identity.exchange import (
    TIMEOUT_SECONDS,
    check_answer,
    fetch_json,
    fetch_token,
)
from portal.ports.identity import IdentitySeen, SignInBegun, SignInFailed

_METADATA_SECONDS = 3600
_LEEWAY_SECONDS = 60
_SCOPE = "openid email profile"
# Signatures by the issuer's published keys only: neither "none" nor a shared secret.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")


class OpenIdProvider:
    """Signs people in at one issuer, found by its discovery document.

    The flow is the authorization code with PKCE (S256), state and nonce. Taken from the ID token:
    ``iss``, ``aud``, ``azp``, ``exp``, ``iat`` and ``nonce`` must fit and the signature must be by
    a key of the issuer. The address counts only if the issuer says that it is verified.
    """

    key = "openid"

    def __init__(self, *, issuer: str, client_id: str, client_secret: str, label: str) -> None:
        """Keep what the operator configured; the issuer is asked at the first sign-in."""
        self.label = label
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None

    def begin(self, redirect_uri: str) -> SignInBegun:
        """Prepare the redirect to the issuer."""
        verifier, nonce = generate_token(64), generate_token(32)
        with self._session(redirect_uri) as session:
            url, state = session.create_authorization_url(
                self._discover()["authorization_endpoint"],
                code_verifier=verifier,
                nonce=nonce,
                state=generate_token(32),
            )
        return SignInBegun(url, {"state": state, "nonce": nonce, "verifier": verifier})

    def finish(
        self, redirect_uri: str, answer: Mapping[str, str], secrets: Mapping[str, str]
    ) -> IdentitySeen:
        """Exchange the code and check the ID token; raises ``SignInFailed``."""
        check_answer(answer, secrets)
        if answer.get("iss", self._issuer) != self._issuer:
            raise SignInFailed("The answer came from another issuer.")
        metadata = self._discover()
        with self._session(redirect_uri) as session:
            token = fetch_token(
                session, metadata["token_endpoint"], answer["code"], secrets["verifier"]
            )
            claims = self._check(str(token.get("id_token", "")), secrets["nonce"])
            if "email" not in claims and "userinfo_endpoint" in metadata:
                told = fetch_json(metadata["userinfo_endpoint"], session)
                if told.get("sub") != claims["sub"]:
                    raise SignInFailed("The issuer told of somebody else.")
                claims = told | claims
        word = claims.get("email_verified")
        verified = word is True or word == "true"  # some issuers send the word
        return IdentitySeen(
            issuer=self._issuer,
            subject=str(claims["sub"]),
            name=str(claims.get("name") or ""),
            verified_email=str(claims["email"]) if verified and claims.get("email") else None,
        )

    def _session(self, redirect_uri: str) -> OAuth2Session:
        methods = self._discover().get("token_endpoint_auth_methods_supported")
        method = "client_secret_basic"
        if not self._client_secret:
            method = "none"
        elif methods and method not in methods:
            method = "client_secret_post"
        return OAuth2Session(
            self._client_id,
            self._client_secret or None,
            token_endpoint_auth_method=method,
            scope=_SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )

    def _discover(self) -> dict[str, Any]:
        """The issuer's metadata, asked for at most once an hour."""
        with self._lock:
            if time.monotonic() >= self._metadata_until:
                address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
                metadata = fetch_json(address)
                if metadata.get("issuer") != self._issuer:
                    raise SignInFailed("The discovery document names another issuer.")
                needed = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
                if not needed <= metadata.keys():
                    raise SignInFailed("The discovery document is incomplete.")
                self._metadata, self._keys = metadata, None
                self._metadata_until = time.monotonic() + _METADATA_SECONDS
            return self._metadata

    def _check(self, id_token: str, nonce: str) -> dict[str, Any]:
        rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = self._decode(id_token)
            rules.validate(claims)
        except (JoseError, ValueError) as error:
            raise SignInFailed(f"The ID token was refused: {error}") from error
        audience = claims["aud"]
        authorized = claims.get("azp", self._client_id)
        if authorized != self._client_id or (
            isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
        ):
            raise SignInFailed("The ID token was made for somebody else.")
        return claims

    def _decode(self, id_token: str) -> dict[str, Any]:
        """Verify the signature; after a failure the keys are asked for anew, as issuers rotate."""
        try:
            return self._verify(id_token)
        except (JoseError, ValueError):
            self._keys = None
            return self._verify(id_token)

    def _verify(self, id_token: str) -> dict[str, Any]:
        if self._keys is None:
            self._keys = KeySet.import_key_set(fetch_json(self._discover()["jwks_uri"]))
        return dict(jwt.decode(id_token, self._keys, algorithms=_ALGORITHMS).claims)
