"""Signing in by mailed link and by identity provider: who gets in, and who is made."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.tokens import hash_token
from portal.models.identity import LinkedIdentity, Person, SignIn, SignInLink
from portal.models.outbox import OutboxMessage
from portal.ports.identity import IdentitySeen
from portal.queries.billing.accounts import find_link_state, get_account
from portal.queries.identity.actors import find_actor
from portal.services.identity.addresses import read_address
from portal.services.identity.people import rename_person
from portal.services.identity.sessions import begin_session, end_session, end_sessions, sign_out
from portal.services.identity.signing_in import (
    SessionBegun,
    ask_for_link,
    sign_in_with_identity,
    use_link,
)
from tests.builders import NOW, actor_of, make_person
from tests.sent_statements import sent_statements

BROWSER = "secret-of-the-browser"


def _ask(
    email: str, *, next_path: str = "", now: datetime = NOW, browser: str = BROWSER
) -> str | None:
    """Ask for a link and return its token, as the mail carries it."""
    with transaction():
        ask_for_link(
            email,
            browser_secret=browser,
            next_path=next_path,
            link_url=lambda token: f"http://localhost/sign-in/link/{token}",
            now=now,
        )
    newest = db.session.scalar(select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1))
    return newest.action_url.rsplit("/", 1)[-1] if newest else None


def _use(token: str, *, browser: str = BROWSER, now: datetime = NOW) -> SessionBegun:
    with transaction():
        return use_link(token, browser_secret=browser, browser="Firefox, Linux", now=now)


def _count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    "variant",
    [
        "ADA@EXAMPLE.ORG",
        "ａｄａ@example.org",
        "Ada@Example.Org ",
        "ada＠example.org",
        " ada@example.org",
    ],
)
def test_case_and_unicode_variants_of_an_address_are_one_person(variant: str) -> None:
    assert read_address(variant).canonical == "ada@example.org"


def test_a_domain_s_two_spellings_are_one() -> None:
    assert (
        read_address("a@münchen.example").canonical
        == read_address("a@xn--mnchen-3ya.example").canonical
    )


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "a b@example.org",
        "ada@exa\u202emple.org",
        "a\u200bda@example.org",
        "ada@example.org\nBcc: x@example.org",
        "<script>@example.org",
        "x" * 250 + "@example.org",
        "ada@@example.org",
    ],
)
def test_what_cannot_be_an_address_is_refused_at_its_field(raw: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_address(raw)
    assert refusal.value.field == "email"


def test_a_link_signs_a_known_person_in(app: Flask) -> None:
    ada = make_person("Ada", email="ada@example.org")
    begun = _use(_ask("ADA@example.org", next_path="/p/x") or "")
    actor = find_actor(hash_token(begun.token), now=NOW)
    assert actor is not None
    assert (actor.person_id, begun.next_path, begun.is_new_person) == (ada.id, "/p/x", False)


def test_a_link_makes_a_person_of_an_unknown_address(app: Flask) -> None:
    begun = _use(_ask("grace.hopper+x@example.org") or "")
    person = db.session.scalars(select(Person)).one()
    assert begun.is_new_person
    assert (person.name, person.email_canonical) == ("Grace Hopper", "grace.hopper+x@example.org")


def test_asking_makes_nobody_yet_and_takes_the_same_steps_for_everybody(app: Flask) -> None:
    make_person("Ada", email="ada@example.org")
    statements: dict[str, list[str]] = {}
    for email in ("ada@example.org", "nobody@example.org"):
        with sent_statements() as sent:
            _ask(email)
        statements[email] = sent
    assert statements["ada@example.org"]
    assert statements["ada@example.org"] == statements["nobody@example.org"]
    assert _count(Person) == 1
    assert _count(OutboxMessage) == 2


def test_a_look_alike_of_a_known_address_never_gets_the_mail(app: Flask) -> None:
    make_person("Ada", email="ada@example.org")
    _ask("ＡDＡ@example.org")
    assert db.session.scalars(select(OutboxMessage.recipient)).all() == ["ada@example.org"]


def test_a_link_works_once(app: Flask) -> None:
    token = _ask("ada@example.org") or ""
    _use(token)
    with pytest.raises(Refusal) as refusal:
        _use(token)
    assert refusal.value.code == "identity.link_used"


def test_a_link_works_for_fifteen_minutes(app: Flask) -> None:
    token = _ask("ada@example.org") or ""
    with pytest.raises(Refusal) as refusal:
        _use(token, now=NOW + timedelta(minutes=15))
    assert refusal.value.code == "identity.link_expired"
    _use(token, now=NOW + timedelta(minutes=14, seconds=59))


def test_a_link_works_only_in_the_browser_that_asked(app: Flask) -> None:
    token = _ask("ada@example.org") or ""
    for other in ("", "another"):
        with pytest.raises(Refusal) as refusal:
            _use(token, browser=other)
        assert refusal.value.code == "identity.link_other_browser"
    _use(token)


def test_looking_at_a_link_does_not_use_it_up(app: Flask) -> None:
    token = _ask("ada@example.org") or ""
    for _time in range(3):
        assert find_link_state(token, browser_secret=BROWSER, now=NOW) == "ready"
    assert find_link_state("other", browser_secret=BROWSER, now=NOW) == "unknown"
    assert find_link_state(token, browser_secret="x", now=NOW) == "other_browser"
    _use(token)
    assert find_link_state(token, browser_secret=BROWSER, now=NOW) == "used"


def test_tokens_are_kept_as_hashes_only(app: Flask) -> None:
    token = _ask("ada@example.org") or ""
    begun = _use(token)
    link = db.session.scalars(select(SignInLink)).one()
    session = db.session.scalars(select(SignIn)).one()
    assert token not in (link.token_hash, link.browser_hash)
    assert link.browser_hash != BROWSER
    assert session.token_hash == hash_token(begun.token) != begun.token


def test_after_five_waiting_links_no_more_mail_is_sent(app: Flask) -> None:
    for _time in range(7):
        _ask("ada@example.org")
    assert _count(OutboxMessage) == 5
    _ask("ada@example.org", now=NOW + timedelta(minutes=16))
    assert _count(OutboxMessage) == 6


def test_of_two_uses_at_once_one_gets_in(committed_app: Flask) -> None:
    with committed_app.app_context():
        token = _ask("ada@example.org") or ""
    barrier, outcomes = threading.Barrier(2), []

    def use() -> None:
        with committed_app.app_context():
            barrier.wait()
            try:
                _use(token)
                outcomes.append("in")
            except Refusal as refusal:
                outcomes.append(refusal.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["identity.link_used", "in"]


def test_two_links_of_a_new_address_used_at_once_make_one_person(committed_app: Flask) -> None:
    with committed_app.app_context():
        tokens = [_ask("ada@example.org") or "" for _ in range(2)]
    barrier, failures = threading.Barrier(2), []

    def use(token: str) -> None:
        with committed_app.app_context():
            barrier.wait()
            try:
                _use(token)
            except Exception as error:  # noqa: BLE001 - told below
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=use, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed_app.app_context():
        assert failures == []
        assert (_count(Person), _count(SignIn)) == (1, 2)


def _seen(
    subject: str = "7",
    email: str | None = "ada@example.org",
    issuer: str = "https://id.example",
    name: str = "Ada L.",
) -> IdentitySeen:
    return IdentitySeen(issuer, subject, name, email)


def _arrive(seen: IdentitySeen) -> SessionBegun:
    with transaction():
        return sign_in_with_identity(seen, next_path="//evil.example", browser="", now=NOW)


def test_an_account_is_known_by_issuer_and_subject_whatever_its_address(app: Flask) -> None:
    _arrive(_seen())
    _arrive(_seen(email="new@example.org"))
    _arrive(_seen(email=None))
    assert db.session.scalars(select(Person.email)).all() == ["ada@example.org"]
    assert _count(LinkedIdentity) == 1


def test_the_same_subject_of_another_issuer_is_somebody_else(app: Flask) -> None:
    _arrive(_seen())
    _arrive(_seen(issuer="https://other.example", email="eve@example.org"))
    assert _count(Person) == 2


def test_a_verified_address_links_to_its_person_who_is_told(app: Flask) -> None:
    ada = make_person("Ada", email="ada@example.org")
    begun = _arrive(_seen(email="ADA@example.org"))
    assert not begun.is_new_person
    assert begun.next_path == ""
    assert db.session.scalars(select(LinkedIdentity.person_id)).one() == ada.id
    assert db.session.scalars(select(OutboxMessage.recipient)).all() == ["ada@example.org"]
    assert db.session.get_one(Person, ada.id).name == "Ada"


def test_an_unverified_address_neither_links_nor_makes_anybody(app: Flask) -> None:
    make_person("Ada", email="ada@example.org")
    with pytest.raises(Refusal) as refusal:
        _arrive(_seen(email=None))
    assert refusal.value.code == "identity.email_unverified"
    assert (_count(Person), _count(LinkedIdentity), _count(SignIn)) == (1, 0, 0)


def test_a_name_that_cannot_be_kept_is_replaced(app: Flask) -> None:
    _arrive(_seen(name="A\u202eda"))
    assert db.session.scalars(select(Person.name)).one() == "Ada"


def _live(token: str) -> bool:
    return find_actor(hash_token(token), now=NOW) is not None


def test_sessions_end_on_the_server(app: Flask) -> None:
    ada, eve = make_person("Ada"), make_person("Eve")
    with transaction():
        tokens = [begin_session(ada.id, browser="x", now=NOW) for _ in range(4)]
        other = begin_session(eve.id, browser="x", now=NOW)
    with transaction():
        sign_out(tokens[0], now=NOW)
    assert [_live(token) for token in tokens] == [False, True, True, True]
    row = db.session.scalars(select(SignIn).where(SignIn.token_hash == hash_token(tokens[1]))).one()
    with pytest.raises(NotFound), transaction():
        end_session(actor_of(eve), row.id, now=NOW)
    with transaction():
        end_session(actor_of(ada), row.id, now=NOW)
        assert end_sessions(actor_of(ada), keep_token=tokens[2], now=NOW) == 1
    assert [_live(token) for token in tokens] == [False, False, True, False]
    with transaction():
        assert end_sessions(actor_of(ada), keep_token=None, now=NOW) == 1
    assert not _live(tokens[2])
    assert _live(other)
    assert find_actor(hash_token(other), now=NOW + timedelta(days=30)) is None


def test_the_account_tells_this_browser_from_others(app: Flask) -> None:
    ada = make_person("Ada")
    with transaction():
        first = begin_session(ada.id, browser="Firefox, Linux", now=NOW)
        begin_session(ada.id, browser="Safari, iPhone", now=NOW)
    sessions = get_account(ada.id, token=first, now=NOW).sessions
    assert {one.browser: one.is_this_one for one in sessions} == {
        "Firefox, Linux": True,
        "Safari, iPhone": False,
    }


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\u202eb"])
def test_a_bad_name_is_refused(app: Flask, name: str) -> None:
    ada = make_person("Ada")
    with pytest.raises(Refusal), transaction():
        rename_person(actor_of(ada), name)
    assert db.session.get_one(Person, ada.id).name == "Ada"
