"""Signing in and out in a browser; the account page; personas and mailbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db
from portal.models.identity import Person, SignIn
from portal.models.outbox import OutboxMessage
from portal.ports.identity import IdentitySeen, SignInBegun, SignInFailed
from portal.ports.mail import Mail
from tests.builders import make_person, sign_in


def _mailed_path() -> str:
    newest = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert newest is not None
    assert newest.action_url.startswith("http://localhost/sign-in/link/")
    return newest.action_url.removeprefix("http://localhost")


def _is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_a_newcomer_signs_in_by_mail_and_is_asked_for_a_name(
    app: Flask, client: FlaskClient
) -> None:
    answer = client.post("/sign-in", data={"email": "ada@example.org", "next": "/account"})
    assert (answer.status_code, answer.location) == (303, "/sign-in/sent")
    assert "ada@example.org" in client.get("/sign-in/sent").text
    path = _mailed_path()
    for _prefetch in range(2):
        assert 'id="enter"' in client.get(path).text
    answer = client.post(path)
    assert answer.location == "/account/name?next=/account"
    assert 'value="Ada"' in client.get(answer.location).text
    answer = client.post("/account/name", data={"name": "Ada Lovelace", "next": "/account"})
    assert answer.location == "/account"
    assert "Ada Lovelace" in client.get("/account").text
    again = client.post(path)
    assert again.status_code == 422
    assert "does not sign you in" not in again.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("/p/kelpline/tiers/company/buy", "the tier you chose"),
        ("/account", "the page you asked for"),
        ("", None),
    ],
)
def test_signing_in_says_where_it_leads(client: FlaskClient, asked: str, said: str | None) -> None:
    page = client.get("/sign-in", query_string={"next": asked}).text
    assert ("What happens next" in page) is (said is not None)
    assert (said or "") in page


def test_a_used_link_opened_again_says_who_is_signed_in_or_that_it_works_once(
    app: Flask, client: FlaskClient
) -> None:
    client.post("/sign-in", data={"email": "ada@example.org"})
    path = _mailed_path()
    client.post(path)
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 422
        assert "You are signed in" in answer.text
        assert "As Ada." in answer.text
        assert 'href="/desk"' in answer.text
    client.post("/sign-out")
    assert "A link works once" in client.get(path).text


def test_the_answer_is_the_same_whether_the_address_is_known(app: Flask) -> None:
    make_person("Ada", email="ada@example.org")
    pages = []
    for email in ("ada@example.org", "eve@example.org"):
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": email})
        pages.append(
            (
                answer.status_code,
                answer.location,
                client.get("/sign-in/sent").text.replace(email, ""),
            )
        )
    assert pages[0] == pages[1]


def test_only_what_changes_the_session_sets_its_cookie(app: Flask) -> None:
    """An answer still on its way when somebody signs out would bring the cookie back."""
    client = sign_in(app, make_person("Ada"))
    client.get("/account")  # brings the word that forms are signed with
    for path in ("/account", "/robots.txt", "/favicon.ico", "/no-such-page"):
        assert "Set-Cookie" not in client.get(path).headers, path


def test_another_browser_cannot_use_the_link(app: Flask, client: FlaskClient) -> None:
    client.post("/sign-in", data={"email": "ada@example.org"})
    thief = app.test_client()
    assert "only in the browser in which it was asked for" in thief.get(_mailed_path()).text
    assert thief.post(_mailed_path()).status_code == 422
    assert not _is_signed_in(thief)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "a" * 300 + "@example.org",
        "<script>alert(1)</script>",
        "ada@exam\u202eple.org",
        "ad\u200ba@example.org",
    ],
)
def test_a_bad_address_is_refused_at_the_field_and_kept(
    app: Flask, client: FlaskClient, typed: str
) -> None:
    answer = client.post("/sign-in", data={"email": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<script>alert" not in answer.text
    with client.session_transaction() as session:
        assert "_user_id" not in session
    assert db.session.scalars(select(OutboxMessage)).all() == []


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site_after_signing_in(
    app: Flask, client: FlaskClient, target: str
) -> None:
    make_person("Ada", email="ada@example.org")
    client.post("/sign-in", data={"email": "ada@example.org", "next": target})
    assert client.post(_mailed_path()).location == "/desk"
    assert client.get("/sign-in", query_string={"next": target}).location == "/desk"


def test_a_session_planted_before_signing_in_is_dropped(app: Flask, client: FlaskClient) -> None:
    """Fixation: the token is made at sign-in, and what the cookie held before is gone."""
    with client.session_transaction() as session:
        session["_user_id"] = "planted"
        session["planted"] = True
    client.post("/sign-in", data={"email": "ada@example.org"})
    client.post(_mailed_path())
    with client.session_transaction() as session:
        assert session["_user_id"] != "planted"
        assert "planted" not in session
        assert "link_secret" not in session


def test_signing_out_ends_the_session_on_the_server(app: Flask) -> None:
    client = sign_in(app, make_person("Ada"))
    with client.session_transaction() as session:
        stolen = dict(session)
    assert _is_signed_in(client)
    assert client.post("/sign-out").location == "/"
    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(stolen)
    assert not _is_signed_in(thief)
    assert not _is_signed_in(client)


def test_asking_too_often_is_slowed_down(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    client = app.test_client()
    address = {"REMOTE_ADDR": "192.0.2.77"}
    codes = [
        client.post("/sign-in", data={"email": "x"}, environ_overrides=address).status_code
        for _ in range(11)
    ]
    assert codes == [422] * 10 + [429]
    assert client.get("/sign-in", environ_overrides=address).status_code == 200


def test_posting_without_a_token_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    client = sign_in(app, make_person("Ada"))
    for path in (
        "/sign-in",
        "/sign-out",
        "/account",
        "/personas/owner",
        "/account/sessions/end-all",
        "/organizations/new",
    ):
        assert client.post(path, data={"csrf_token": "wrong"}).status_code == 400
    assert _is_signed_in(client)


# Providers


class ScriptedProvider:
    """An identity provider that answers as a test says."""

    key, label = "openid", "Example ID"

    def __init__(self) -> None:
        self.seen: IdentitySeen | SignInFailed = SignInFailed("nobody")

    def begin(self, redirect_uri: str) -> SignInBegun:
        return SignInBegun(f"https://id.example/?r={redirect_uri}", {"state": "s"})

    def finish(
        self, redirect_uri: str, answer: Mapping[str, str], secrets: Mapping[str, str]
    ) -> IdentitySeen:
        if isinstance(self.seen, SignInFailed) or secrets.get("state") != answer.get("state"):
            raise SignInFailed("no")
        return self.seen


@pytest.fixture
def provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    made = ScriptedProvider()
    there = app.extensions["stakehold"]
    monkeypatch.setitem(app.extensions, "stakehold", replace(there, identity={"openid": made}))
    return made


def test_an_identity_provider_signs_in(
    app: Flask, client: FlaskClient, provider: ScriptedProvider
) -> None:
    make_person("Ada", email="ada@example.org")
    provider.seen = IdentitySeen("https://id.example", "7", "Ada", "ada@example.org")
    assert "Continue with Example ID" in client.get("/sign-in").text
    answer = client.get("/sign-in/with/openid?next=/account")
    assert answer.location == "https://id.example/?r=http://localhost/sign-in/return/openid"
    assert client.get("/sign-in/return/openid?state=s&code=c").location == "/account"
    assert "https://id.example" in client.get("/account").text
    assert client.get("/sign-in/return/openid?state=s&code=c").location == "/sign-in"


def test_an_answer_nobody_waits_for_is_refused(
    app: Flask, client: FlaskClient, provider: ScriptedProvider
) -> None:
    provider.seen = IdentitySeen("https://id.example", "7", "Ada", "ada@example.org")
    assert client.get("/sign-in/return/openid?state=s&code=c").location == "/sign-in"
    assert "did not work" in client.get("/sign-in").text
    assert client.get("/sign-in/with/other").status_code == 404
    assert not _is_signed_in(client)


@pytest.mark.parametrize("seen", [None, IdentitySeen("https://id.example", "7", "Ada", None)])
def test_who_comes_back_in_vain_is_still_on_the_way(
    client: FlaskClient, provider: ScriptedProvider, seen: IdentitySeen | None
) -> None:
    provider.seen = seen or SignInFailed("access_denied")
    client.get("/sign-in/with/openid?next=/account")
    answer = client.get("/sign-in/return/openid?state=s&error=access_denied")
    assert answer.location == "/sign-in?next=/account"


def test_an_unverified_address_is_explained(
    app: Flask, client: FlaskClient, provider: ScriptedProvider
) -> None:
    provider.seen = IdentitySeen("https://id.example", "7", "Ada", None)
    client.get("/sign-in/with/openid")
    assert client.get("/sign-in/return/openid?state=s&code=c").location == "/sign-in"
    assert "no verified e-mail address" in client.get("/sign-in").text
    assert db.session.scalars(select(Person)).all() == []


# Account


def test_sessions_are_listed_and_ended(app: Flask) -> None:
    ada, eve = make_person("Ada"), make_person("Eve")
    here, there, stranger = sign_in(app, ada), sign_in(app, ada), sign_in(app, eve)
    ids = db.session.scalars(
        select(SignIn.id).where(SignIn.person_id == ada.id).order_by(SignIn.id)
    ).all()
    assert stranger.post(f"/account/sessions/{ids[1]}/end").status_code == 404
    assert here.post(f"/account/sessions/{ids[1]}/end").status_code == 303
    assert (_is_signed_in(here), _is_signed_in(there)) == (True, False)
    third = sign_in(app, ada)
    here.post("/account/sessions/end-others")
    assert (_is_signed_in(here), _is_signed_in(third)) == (True, False)
    here.post("/account/sessions/end-all")
    assert (_is_signed_in(here), _is_signed_in(stranger)) == (False, True)


@pytest.mark.parametrize("typed", ["", "x" * 121, "a\u202eb", "a\u200bb"])
def test_a_bad_name_is_refused_and_kept(app: Flask, typed: str) -> None:
    client = sign_in(app, make_person("Ada"))
    for path in ("/account", "/account/name"):
        answer = client.post(path, data={"name": typed})
        assert answer.status_code == 422
        assert re.search(r'id="name"[^>]*aria-invalid|aria-invalid[^>]*id="name"', answer.text)


def test_a_right_to_left_name_and_a_script_are_only_text(app: Flask) -> None:
    client = sign_in(app, make_person("Ada"))
    for name in ("שרה", "<script>alert(1)</script>"):
        assert client.post("/account", data={"name": name}).status_code == 303
    assert "<script>alert" not in client.get("/account").text


def test_visitors_are_asked_to_sign_in_first(app: Flask, client: FlaskClient) -> None:
    assert client.get("/account").location == "/sign-in?next=%2Faccount"


# Demonstration


def test_one_click_signs_in_as_a_persona(app: Flask, client: FlaskClient) -> None:
    make_person("Orla", email="owner@personas.example")
    page = client.get("/personas").text
    assert "Be Orla" in page
    assert "The demonstration data is not loaded." in page
    assert client.post("/personas/owner").location == "/desk"
    assert "Orla" in client.get("/account").text
    assert client.post("/personas/billing").status_code == 404
    assert client.post("/personas/nobody").status_code == 404
    assert client.post("/personas/visitor").location == "/"
    assert not _is_signed_in(client)


def test_outside_the_demonstration_there_are_no_personas_and_no_mailbox(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person("Orla", email="owner@personas.example")
    there = app.extensions["stakehold"]
    real = replace(there, settings=replace(there.settings, demonstration=False))
    monkeypatch.setitem(app.extensions, "stakehold", real)
    for path in ("/personas", "/mailbox", "/mailbox/0"):
        assert client.get(path).status_code == 404
    assert client.post("/personas/owner").status_code == 404
    assert not _is_signed_in(client)


def test_mails_are_shown_as_text_with_links(app: Flask, client: FlaskClient) -> None:
    app.extensions["stakehold"].mail.send(
        Mail(
            "1",
            "ada@example.org",
            "Hello <b>",
            "See http://localhost/x?a=1&b=2.\n\n<script>x</script>\nend",
            "<script>evil()</script>",
        )
    )
    assert "Hello &lt;b&gt;" in client.get("/mailbox").text
    page = client.get("/mailbox/0").text
    assert '<a href="http://localhost/x?a=1&amp;b=2" rel="nofollow">' in page
    assert "&lt;script&gt;x&lt;/script&gt;<br>end" in page
    assert "evil()" not in page
    assert client.get("/mailbox/9").status_code == 404
