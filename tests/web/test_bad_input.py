"""Bad input at every route that changes something: refused clearly, kept as typed, nothing done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.models.identity import Person
from tests.builders import sign_in
from tests.sent_statements import sent_statements
from tests.web.accepted_forms import BALLOTS, FORMS, NEEDS_A_FILE, NEEDS_A_LINK, Form, example
from tests.web.spoiling import (
    CHANGED,
    SAVE_A_DRAFT,
    Controls,
    attempt,
    count_rows,
    has_changed,
    is_safe,
    personal,
    post_routes,
    problems_of,
    scoped,
    snapshot,
    sweep,
    texts,
    undone,
)
from tests.web.test_routes import rules
from tests.web.world import World, build_world

# One database is enough here; values on which databases differ are in ``test_bad_values``.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")

# Doing these twice is meant: a newer invitation or link replaces the last, a figure is read anew.
DONE_ANEW = {
    "contributor_desk.invite",
    "desk.invite",
    "reconciliation.compare",
    "reconciliation.compare_untied",
    "sign_in.send_link",
}
BESIDE = {"audit_entries", "outbox_messages"}


@pytest.fixture
def app(lasting_app: Flask) -> Flask:
    return lasting_app


@pytest.fixture
def world(lasting_world: World) -> World:
    return lasting_world


def test_every_route_that_changes_something_has_an_example(app: Flask) -> None:
    assert {rule.endpoint for rule in post_routes(app)} == FORMS.keys()


def test_every_example_is_accepted(app: Flask, world: World) -> None:
    """Otherwise the sweeps would prove nothing."""
    refused = {}
    browser = sign_in(app, world.person)
    for rule in post_routes(app):
        with undone():
            form = example(world, rule.endpoint)
            fresh = app.test_client()
            fresh.set_cookie("stakehold", browser.get_cookie("stakehold").value)  # type: ignore[union-attr]
            answer = fresh.post(world.address(app, rule), data=form)
            if answer.status_code != 303:
                refused[rule.endpoint] = answer.text
    assert refused.keys() == NEEDS_A_LINK | NEEDS_A_FILE, refused


def test_empty_forms(app: Flask, world: World) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield "nothing", {}
        yield "all empty", dict.fromkeys(form, "")
        yield "all blank", dict.fromkeys(form, " \t ")

    wrong = sweep(app, world, spoil)
    assert wrong == {}


def test_posted_twice(app: Flask, world: World) -> None:
    """A second press, or a form that somebody else's step overtook: done, harmless, or refused.

    A refusal says why and keeps what was typed, also where the page has the form no more. Only a
    need that cannot be handed in is saved all the same: as a draft.
    """
    wrong = {}
    browser = sign_in(app, world.person)
    untouched = snapshot()
    for rule in post_routes(app):
        with undone():
            form, url = example(world, rule.endpoint), world.address(app, rule)
            for kind in ("first", "second"):
                before = untouched if kind == "first" else snapshot()
                found = set(attempt(app, browser, url, form, before))
                if rule.endpoint in SAVE_A_DRAFT:
                    found.discard(CHANGED)
                if found:
                    wrong[f"{rule.endpoint} {kind}"] = sorted(found)
    assert wrong == {}


def test_what_a_form_adds_is_added_once(app: Flask, world: World) -> None:
    """The same again, by a second press, a second tab or the back button, adds nothing.

    It is refused in a sentence; whoever means it twice sends what the page then shows.
    """
    wrong = {}
    browser = sign_in(app, world.person)
    cookie = browser.get_cookie("stakehold")
    assert cookie
    for rule in post_routes(app):
        with undone():
            fresh = app.test_client()
            fresh.set_cookie("stakehold", cookie.value)
            url = world.address(app, rule)
            fresh.post(url, data=example(world, rule.endpoint))
            before = count_rows()
            again = fresh.post(url, data=example(world, rule.endpoint))
            after = count_rows()
            added = {name for name in after if after[name] > before[name]} - BESIDE
            if added and rule.endpoint not in DONE_ANEW:
                wrong[rule.endpoint] = sorted(added)
            if "You sent exactly this" in again.text:
                shown = re.findall(r'name="((?:credit-)?once)"[^>]* value="([^"]+)"', again.text)
                meant = example(world, rule.endpoint) | dict(shown)
                if again.status_code != 422 or len(shown) != 1:
                    wrong[rule.endpoint] = [f"{again.status_code} {shown}"]
                elif "You sent exactly this" in fresh.post(url, data=meant).text:
                    wrong[rule.endpoint] = ["cannot be sent twice on purpose"]
    assert wrong == {}


def test_several_values_and_files_where_one_text_is_expected(app: Flask, world: World) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield (
            "doubled",
            {
                name: [value, value] if isinstance(value, str) else value * 2
                for name, value in form.items()
            },
        )
        yield (
            "two values",
            {
                name: ["", value] if isinstance(value, str) else value
                for name, value in form.items()
            },
        )
        yield "arrays", {f"{name}[]": value for name, value in form.items()}
        yield "files", {name: (BytesIO(b"\x89PNG\r\n"), "text.png") for name in form}

    assert sweep(app, world, spoil) == {}


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "//evil.example/{{ 7*7 }}%(x)s%s",
    ],
)
def test_scripts(app: Flask, world: World, bad: str) -> None:
    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield "everywhere", form | dict.fromkeys(texts(form), bad)
        for name in ("name", "title", "question", "next"):
            if name in form:
                yield name, form | {name: bad}

    assert sweep(app, world, spoil) == {}


def test_unknown_fields_and_bodies_that_are_no_form(app: Flask, world: World) -> None:
    """Nothing but a form's own fields is read: no role, weight or owner is set on the side."""
    extra = {"is_operator": "1", "weight": "999", "organization_id": "1", "id": "1", "roles": "owner",
             "__class__": "x", "state": "closed", "amount_minor": "0"}  # fmt: skip
    wrong: dict[str, list[str]] = {}
    own = world.person.id
    browser = sign_in(app, world.person)
    cookie = browser.get_cookie("stakehold")
    assert cookie
    before = snapshot()
    for rule in post_routes(app):
        url = world.address(app, rule)
        plain = {}
        for kind, sent in (
            ("form", {}),
            ("extra", extra),
        ):
            with undone():
                fresh = app.test_client()
                fresh.set_cookie("stakehold", cookie.value)
                form = example(world, rule.endpoint)
                answer = fresh.post(
                    url, data={k: v for k, v in sent.items() if k not in form} | form
                )
                plain[kind] = (answer.status_code, count_rows())
                operators = select(Person.id).where(Person.is_operator)
                if db.session.scalars(operators).all() != [own]:
                    wrong[rule.endpoint] = ["made an operator"]
        strict = rule.endpoint in BALLOTS
        if strict and plain["extra"][0] != 422:
            wrong[rule.endpoint] = ["took a crafted ballot"]
        if not strict and plain["form"] != plain["extra"]:
            wrong[rule.endpoint] = [f"{plain}"]
        for body, kind in (
            (b'{"name": "x"}', "application/json"),
            (b"\xff\xfe%%%", "text/plain"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (b"name=%ED%A0%80&title=%FF", "application/x-www-form-urlencoded"),
        ):
            with undone():
                fresh = app.test_client()
                fresh.set_cookie("stakehold", cookie.value)
                try:
                    with sent_statements() as run:
                        answer = fresh.post(url, data=body, content_type=kind)
                    found = problems_of(answer, {})
                    if answer.status_code >= 400 and has_changed(run, before):
                        found.append(CHANGED)
                except Exception as error:  # noqa: BLE001 - one more finding
                    found = [f"crashed: {error!r}"]
                if found:
                    wrong[f"{rule.endpoint} {kind}"] = found
    assert wrong == {}


def test_a_wrong_or_missing_csrf_token_changes_nothing(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the true token of somebody else's browser."""
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = Controls()
    page.feed(app.test_client().get("/sign-in").text)
    (strangers,) = page.values["csrf_token"]
    assert strangers
    before = snapshot()
    wrong = {}
    for rule in post_routes(app):
        for token in ({}, {"csrf_token": "wrong"}, {"csrf_token": strangers}):
            url = world.address(app, rule)
            answer = browser.post(url, data=forms[rule.endpoint] | token)
            if answer.status_code != 400:
                wrong[url] = answer.status_code
    assert wrong == {}
    assert snapshot() == before


def test_a_stranger_finds_nothing_at_any_address(app: Flask, world: World) -> None:
    """With every role elsewhere, too."""
    stranger = build_world(
        app, "Stranger", in_organization=tuple(OrganizationRole), in_project=tuple(ProjectRole),
        mark="-b",
    )  # fmt: skip
    browser = sign_in(app, stranger.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong = {}
    for method, rule in scoped(app):
        url = world.address(app, rule)
        with sent_statements() as run:
            answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
        if answer.status_code != 404 or (method == "POST" and has_changed(run, before)):
            wrong[f"{method} {url}"] = answer.status_code
    assert wrong == {}


def test_what_belongs_to_others_is_not_found_under_ones_own_address(
    app: Flask, world: World
) -> None:
    """One's own organization or project in the address, somebody else's row behind it."""
    other = build_world(app, "Other", mark="-b")
    own = {"organization", "project"}
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong = {}
    for method, rule in [*scoped(app), *personal(app)]:
        foreign = {key: value for key, value in other.values_for(rule).items() if key not in own}
        foreign |= {"number": 4711, "tier": "not-there"} if own & rule.arguments else {}
        if not foreign.keys() & rule.arguments:
            continue
        url = world.address(app, rule, **foreign)
        with sent_statements() as run:
            answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
        if answer.status_code != 404 or (method == "POST" and has_changed(run, before)):
            wrong[f"{method} {url}"] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("bad", ["", "9" * 30, "-1", "a\x00b", "//evil.example"])
def test_odd_questions_after_the_question_mark(app: Flask, world: World, bad: str) -> None:
    asked = dict.fromkeys(("after", "as", "before", "cap", "checkout", "damping", "left", "merged",
                           "method", "needs", "next", "organization", "page", "payment", "person",
                           "proposal", "state", "threshold", "tier", "vote"), bad)  # fmt: skip
    browser = sign_in(app, world.person)
    wrong: dict[str, object] = {}
    for rule in rules(app, "GET"):
        if rule.endpoint in {"health.ready", "sign_in.leave", "sign_in.come_back"}:
            continue
        url = world.address(app, rule)
        try:
            answer = browser.get(url, query_string=asked, buffered=True)
        except Exception as error:  # noqa: BLE001 - one more finding
            db.session.rollback()
            wrong[url] = repr(error)[:200]
            continue
        if answer.status_code >= 500 or (answer.location and not is_safe(answer.location)):
            wrong[url] = (answer.status_code, answer.location)
    assert wrong == {}
