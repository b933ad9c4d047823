"""GitHub, played by a small server: numeric ids, verified primary addresses, client_secret_post."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import portal
from portal.adapters.identity.github import GitHubProvider
from portal.adapters.identity.providers import build_providers
from portal.ports.identity import IdentitySeen, SignInFailed
from tests.adapters.identity.loopback import Loopback
from tests.conftest import make_settings

RETURN = "http://localhost/sign-in/return/github"
ADDRESSES = [
    {"email": "second@example.org", "primary": False, "verified": True},
    {"email": "ada@example.org", "primary": True, "verified": True},
]


def _sign_in(server: Loopback, *, account: Any, addresses: Any, token: Any = None) -> IdentitySeen:
    server.answers |= {
        "/login/oauth/access_token": token or {"access_token": "t", "token_type": "bearer"},
        "/api/v3/user": account,
        "/api/v3/user/emails": addresses,
    }
    provider = GitHubProvider(base=server.url, client_id="portal", client_secret="secret")
    begun = provider.begin(RETURN)
    server.answers["begun"] = begun
    return provider.finish(RETURN, {"code": "c", "state": begun.secrets["state"]}, begun.secrets)


def test_the_number_is_the_subject_and_the_primary_address_counts(loopback: Loopback) -> None:
    seen = _sign_in(loopback, account={"id": 42, "login": "ada", "name": None}, addresses=ADDRESSES)
    assert seen == IdentitySeen(loopback.url, "42", "ada", "ada@example.org")


def test_the_secret_and_the_verifier_are_posted(loopback: Loopback) -> None:
    _sign_in(loopback, account={"id": 42, "login": "ada"}, addresses=ADDRESSES)
    [(form, headers)] = [
        (form, headers)
        for path, form, headers in loopback.forms
        if path == "/login/oauth/access_token"
    ]
    assert (form["client_id"], form["client_secret"]) == ("portal", "secret")
    assert "Authorization" not in headers
    asked = parse_qs(urlsplit(loopback.answers["begun"].url).query)
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == [base64.urlsafe_b64encode(digest).rstrip(b"=").decode()]


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        {},
        "x",
        [{"email": "ada@example.org", "primary": True, "verified": False}],
        [{"email": "ada@example.org", "primary": False, "verified": True}],
        [None],
    ],
)
def test_an_unverified_or_secondary_address_does_not_count(
    loopback: Loopback, addresses: Any
) -> None:
    seen = _sign_in(loopback, account={"id": 42, "login": "ada"}, addresses=addresses)
    assert seen.verified_email is None


@pytest.mark.parametrize("account", [{"login": "ada"}, {"id": "42"}, {"id": True}, [], None])
def test_an_account_without_a_number_is_refused(loopback: Loopback, account: Any) -> None:
    with pytest.raises(SignInFailed):
        _sign_in(loopback, account=account, addresses=ADDRESSES)


def test_github_s_error_answer_with_status_200_is_refused(loopback: Loopback) -> None:
    with pytest.raises(SignInFailed):
        _sign_in(
            loopback,
            account={"id": 42},
            addresses=ADDRESSES,
            token={"error": "bad_verification_code"},
        )


def test_providers_are_those_with_a_client_id() -> None:
    assert build_providers(make_settings("sqlite://")) == {}
    both = make_settings(
        "sqlite://",
        OIDC_ISSUER="https://id.example",
        OIDC_CLIENT_ID="a",
        OIDC_NAME="Example ID",
        GITHUB_CLIENT_ID="b",
    )
    assert {key: p.label for key, p in build_providers(both).items()} == {
        "openid": "Example ID",
        "github": "GitHub",
    }
    page = (Path(portal.__file__).parents[1] / "docs/operations.md").read_text(encoding="utf-8")
    assert set(re.findall("/sign-in/return/([a-z]+)", page)) == build_providers(both).keys()
