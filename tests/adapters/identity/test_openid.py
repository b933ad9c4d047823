"""OpenID Connect: against a running provider, and against an issuer that lies."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from portal.adapters.identity.openid import OpenIdProvider
from portal.ports.identity import SignInBegun, SignInFailed
from tests.adapters.identity.loopback import Loopback

RETURN = "http://localhost/sign-in/return/openid"


def _provider(issuer: str) -> OpenIdProvider:
    return OpenIdProvider(issuer=issuer, client_id="portal", client_secret="s", label="Issuer")


def _agree(begun: SignInBegun, subject: str) -> dict[str, str]:
    """Play the person who agrees at the provider; returns what the browser brings back."""
    answer = requests.post(begun.url, data={"sub": subject}, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_a_verified_person_comes_back(issuer: str) -> None:
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    seen = provider.finish(RETURN, _agree(begun, "ada"), begun.secrets)
    assert (seen.issuer, seen.subject, seen.name) == (issuer, "ada", "Ada Lovelace")
    assert seen.verified_email == "Ada@Example.org"


@pytest.mark.parametrize("subject", ["eve", "nobody"])
def test_an_unverified_or_missing_address_is_not_passed_on(issuer: str, subject: str) -> None:
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    assert provider.finish(RETURN, _agree(begun, subject), begun.secrets).verified_email is None


def test_the_code_verifier_that_is_sent_matches_the_challenge(
    issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []
    original = requests.Session.send

    def record(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        sent.append((request, options))
        return original(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", record)
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    asked = parse_qs(urlsplit(begun.url).query)
    answer = _agree(begun, "ada")
    provider.finish(RETURN, answer, begun.secrets)
    [exchange] = [request for request, _ in sent if str(request.url).endswith("/oauth2/token")]
    form = parse_qs(str(exchange.body))
    digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["code_challenge"] == [challenge]
    assert 43 <= len(form["code_verifier"][0]) <= 128
    assert begun.secrets["verifier"] not in begun.url
    assert all(options["timeout"] for _request, options in sent)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "other"},
        {"state": ""},
        {"code": ""},
        {"code": "x"},
        {"iss": "https://other.example"},
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused(issuer: str, change: dict[str, str]) -> None:
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    with pytest.raises(SignInFailed):
        provider.finish(RETURN, _agree(begun, "ada") | change, begun.secrets)


@pytest.mark.parametrize("secret", ["state", "nonce"])
def test_another_browser_s_secrets_are_refused(issuer: str, secret: str) -> None:
    provider = _provider(issuer)
    begun, other = provider.begin(RETURN), provider.begin(RETURN)
    mixed = dict(begun.secrets) | {secret: other.secrets[secret]}
    with pytest.raises(SignInFailed):
        provider.finish(RETURN, _agree(begun, "ada"), mixed)


def test_a_denial_and_missing_secrets_are_refused(issuer: str) -> None:
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    denied = {"state": begun.secrets["state"], "error": "access_denied"}
    with pytest.raises(SignInFailed, match="access_denied"):
        provider.finish(RETURN, denied, begun.secrets)
    with pytest.raises(SignInFailed):
        provider.finish(RETURN, {"state": "", "code": "x"}, {})


def test_a_code_works_once(issuer: str) -> None:
    provider = _provider(issuer)
    begun = provider.begin(RETURN)
    answer = _agree(begun, "ada")
    provider.finish(RETURN, answer, begun.secrets)
    with pytest.raises(SignInFailed):
        provider.finish(RETURN, answer, begun.secrets)


def test_an_issuer_that_cannot_be_reached_is_a_clear_failure() -> None:
    with pytest.raises(SignInFailed):
        _provider("http://127.0.0.1:9").begin(RETURN)


def test_a_discovery_document_for_another_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(SignInFailed, match="another issuer"):
        _provider(issuer + "/").begin(RETURN)


KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


def _lying_issuer(loopback: Loopback, make_token: Callable[[dict[str, Any]], str]) -> SignInBegun:
    """An issuer that answers with a token of our making; returns what ``begin`` gave."""
    loopback.answers |= {
        "/.well-known/openid-configuration": {
            "issuer": loopback.url,
            "authorization_endpoint": f"{loopback.url}/authorize",
            "token_endpoint": f"{loopback.url}/token",
            "jwks_uri": f"{loopback.url}/jwks",
        },
        "/jwks": {"keys": [KEY.as_dict(private=False)]},
    }
    begun = _provider(loopback.url).begin(RETURN)
    claims = {
        "iss": loopback.url,
        "aud": "portal",
        "sub": "ada",
        "nonce": begun.secrets["nonce"],
        "iat": int(time.time()),
        "exp": int(time.time()) + 300,
        "email": "ada@example.org",
        "email_verified": True,
    }
    loopback.answers["/token"] = {
        "access_token": "t",
        "token_type": "Bearer",
        "id_token": make_token(claims),
    }
    return begun


def _signed(claims: dict[str, Any], key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def _finish(loopback: Loopback, begun: SignInBegun) -> Any:
    answer = {"code": "c", "state": begun.secrets["state"]}
    return _provider(loopback.url).finish(RETURN, answer, begun.secrets)


def test_a_well_made_token_passes(loopback: Loopback) -> None:
    begun = _lying_issuer(loopback, _signed)
    assert _finish(loopback, begun).verified_email == "ada@example.org"


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": []},
        {"aud": ["portal", "other"]},
        {"aud": ["portal", "other"], "azp": "other"},
        {"azp": "other"},
        {"nonce": "other"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": ""},
        {"iat": 32503680000},
    ],
)
def test_a_token_that_was_not_made_for_this_sign_in_is_refused(
    loopback: Loopback, lie: dict[str, Any]
) -> None:
    def make(claims: dict[str, Any]) -> str:
        return _signed({key: value for key, value in (claims | lie).items() if value is not None})

    with pytest.raises(SignInFailed):
        _finish(loopback, _lying_issuer(loopback, make))


def test_a_signature_by_another_key_is_refused(loopback: Loopback) -> None:
    with pytest.raises(SignInFailed):
        _finish(loopback, _lying_issuer(loopback, lambda claims: _signed(claims, OTHER)))


def test_a_shared_secret_or_no_signature_is_refused(loopback: Loopback) -> None:
    def symmetric(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s" * 32))

    def unsigned(claims: dict[str, Any]) -> str:
        return ".".join((*_signed(claims).split(".")[:2], ""))

    for make in (symmetric, unsigned, lambda _claims: "", lambda _claims: "a.b.c"):
        with pytest.raises(SignInFailed):
            _finish(loopback, _lying_issuer(loopback, make))


def test_rotated_keys_are_asked_for_again(loopback: Loopback) -> None:
    begun = _lying_issuer(loopback, lambda claims: _signed(claims, OTHER))
    provider = _provider(loopback.url)
    answer = {"code": "c", "state": begun.secrets["state"]}
    with pytest.raises(SignInFailed):
        provider.finish(RETURN, answer, begun.secrets)
    loopback.answers["/jwks"] = {"keys": [OTHER.as_dict(private=False)]}
    assert provider.finish(RETURN, answer, begun.secrets).subject == "ada"


@pytest.mark.parametrize("word", [1, "no", "True ", None, ["true"], False])
def test_only_a_plain_yes_verifies_an_address(loopback: Loopback, word: Any) -> None:
    begun = _lying_issuer(loopback, lambda claims: _signed(claims | {"email_verified": word}))
    assert _finish(loopback, begun).verified_email is None
