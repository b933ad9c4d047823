"""PRODUCT W3: nothing unscreened is reachable by others on any path; every reader tries them all.

Every GET route with every value its address can have, then every link found on the way: pages,
feeds, exports, JSON, calendars, bundles, documents. And every mail. What is planted, and who may
read it, stands in ``canaries``.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import String, Text, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.database import Base, db
from portal.models.outbox import OutboxMessage
from tests.builders import sign_in
from tests.conftest import rolled_back
from tests.web.canaries import NO_WORDS, PLANTED, PLANTERS, Stage, set_stage
from tests.web.spoiling import undone
from tests.web.world import NOTHING

_WORD = re.compile(rb"canary\d{4}x")
_LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# Modules of rows in which people write to a project's workshop.
_WORKSHOP = ("needs", "blocks", "conduct", "statements", "support", "contributors")

# The world defers a proposal that was never voted on: there is no such page outside of tests.
_MADE_UP = {"/desk/kelp/proposals/90"}


@pytest.fixture(scope="module")
def stage(_portal: Flask) -> Iterator[Stage]:
    """Set once for all tests: what one of them does is undone."""
    with rolled_back(_portal) as app:
        stage = set_stage(app)
        for plant in PLANTERS:
            plant(stage)
        for person in filter(None, stage.readers.values()):
            db.session.refresh(person)
        yield stage


@pytest.fixture
def app(_portal: Flask, stage: Stage) -> Iterator[Flask]:
    with undone():
        yield _portal


# What a page shows is the same on both databases, and a crawl of every page is long.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("third", range(3))
def test_w3_nobody_reaches_words_that_are_not_for_them(
    app: Flask, stage: Stage, third: int
) -> None:
    addresses = set(_addresses(app, stage))
    routes = app.url_map.bind("localhost")

    def is_guarded(path: str) -> bool:
        """Whether a link leads where answers differ by who asks: only visitors follow the others."""
        try:
            endpoint = routes.match(urlsplit(path).path)[0]
        except (HTTPException, RequestRedirect):
            return False
        return getattr(app.view_functions[endpoint], "portal_access", "public") != "public"

    reached: dict[str, dict[str, str]] = {each.word: {} for each in stage.canaries}
    readers = dict(list(stage.readers.items())[third::3])
    for name, person in readers.items():
        browser = app.test_client() if person is None else sign_in(app, person)
        for word, path in _crawl(browser, addresses, is_guarded if person else _any_page).items():
            reached[word].setdefault(name, path)
    wrong = {}
    for each in stage.canaries:
        found, expected = reached[each.word], each.readers & readers.keys()
        if found.keys() != expected:
            wrong[each.about] = {
                "reached": {name: found[name] for name in found.keys() - expected},
                "not reached": sorted(expected - found.keys()),
            }
    assert wrong == {}


# What a page shows is the same on both databases, and a crawl of every page is long.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
def test_w3_no_mail_carries_what_its_receiver_may_not_read(app: Flask, stage: Stage) -> None:
    names = {person.email: name for name, person in stage.readers.items() if person}
    readers = {each.word: each for each in stage.canaries}
    mails = db.session.scalars(select(OutboxMessage)).all()
    assert mails
    wrong = [
        (readers[word].about, mail.subject, names.get(mail.recipient, mail.recipient))
        for mail in mails
        for word in set(_words(f"{mail.subject} {mail.paragraphs} {mail.action_url}".encode()))
        if names.get(mail.recipient) not in readers[word].readers
    ]
    assert wrong == []


def test_w3_every_text_of_the_workshop_is_planted_or_named_as_none() -> None:
    missing = []
    for mapper in Base.registry.mappers:
        module = mapper.class_.__module__.rsplit(".", 1)[-1]
        if module not in _WORKSHOP:
            continue
        table = mapper.local_table
        known = PLANTED.get(table.name, set()) | NO_WORDS.get(table.name, {}).keys()
        missing += [
            f"{table.name}.{column.name}"
            for column in table.columns
            if type(column.type) in {String, Text} and column.name not in known
        ]
    assert missing == []


def _addresses(app: Flask, stage: Stage) -> Iterator[str]:
    """Every GET route with every value that the parts of its address can have.

    Numbers count the needs, proposals, requests or reports of one project: in another project they
    name what is there, not what is here.
    """
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        own = NOTHING | stage.world.values | stage.world.of_endpoint.get(rule.endpoint, {})
        names = sorted(rule.arguments)
        counted = rule.rule.partition("/<int:number>")[0].rpartition("/")[2]
        named = stage.named | {"number": stage.named.get(f"{counted}/number", set())}
        for values in product(*({own[name]} | named.get(name, set()) for name in names)):
            parts = dict(zip(names, values, strict=True))
            elsewhere = parts.get("project", own["project"]) != own["project"]
            if elsewhere and parts.get("number", own["number"]) != own["number"]:
                continue
            path = urls.build(rule.endpoint, parts)
            if path not in _MADE_UP:
                yield path


def _any_page(path: str) -> bool:
    return not path.startswith("/static/")


def _crawl(
    browser: FlaskClient, addresses: set[str], follows: Callable[[str], bool]
) -> dict[str, str]:
    """Ask for all addresses and whatever they link to: each word that was answered, and where."""
    waiting, seen = sorted(addresses), addresses | _MADE_UP
    found: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code != 500, path
        for word in _words(answer.data):
            found.setdefault(word, path)
        for word in _words(str(answer.headers).encode()):
            found.setdefault(word, path)
        if answer.mimetype == "text/html":
            links = {html.unescape(each) for each in _LINK.findall(answer.text)}
            new = {each for each in links - seen if follows(each)}
            seen |= new
            waiting += sorted(new)
    return found


def _words(data: bytes) -> Iterator[str]:
    """The planted words in an answer, whatever it is packed in."""
    parts = [data]
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    elif data.startswith(b"%PDF"):
        for stream in _STREAM.findall(data):
            try:
                parts.append(zlib.decompress(stream))
            except zlib.error:
                continue
    for part in parts:
        yield from (word.decode() for word in _WORD.findall(part))
