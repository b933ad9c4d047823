"""Post spoiled forms to every route, and say what is wrong with what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.database import Base, db
from tests.builders import sign_in
from tests.sent_statements import sent_statements
from tests.web.accepted_forms import STOPPING, TALLY, WEBHOOK, Form, example
from tests.web.test_routes import access_of, rules
from tests.web.world import World

# A row that is locked for a change (``FOR UPDATE``) is not changed yet.
WRITES = re.compile(r"\b(INSERT|(?<!FOR )(?<!KEY )UPDATE|DELETE)\b")
OTHER_SITES = ("http://", "https://", "//")


class Controls(HTMLParser):
    """What stands in the controls of a page, and the scripts in it."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.scripts: list[str | None] = []
        self.handlers: list[str] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.handlers += [name for name in held if name.startswith("on")]
        if tag == "script":
            self.scripts.append(held.get("src"))
        if tag == "input" and held.get("name") and held.get("type") not in {"radio", "checkbox"}:
            self.values.setdefault(str(held["name"]), []).append(held.get("value") or "")
        if tag == "textarea" and held.get("name"):
            self._area = str(held["name"])
            self.values.setdefault(self._area, []).append("")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None


# Names of fields in which people write; the others hold choices, figures and days.
TYPED = {
    "body", "changes", "conflict", "conflicts", "description", "evidence", "happened", "meaning",
    "need", "note", "question", "reason", "summary", "text", "title", "tried", "what",
}  # fmt: skip


CHANGED = "changed something although it refused"
# What every refusal has one of: the errors of a form, or a page or a note that says why.
WHY = (
    'class="error-summary"',
    'class="error"',
    'class="notice bad"',
    "Error 4",
    "does not sign you in",
    "this one is not needed any more",
)
SAVE_A_DRAFT = {"contributor_needs.draft", "needs.draft"}


Rows = dict[str, list[str]]


def snapshot() -> Rows:
    """Every row of every table, as the database itself keeps it."""
    db.session.remove()
    rows = db.session.connection().exec_driver_sql
    return {
        table.name: sorted(map(repr, rows(f'SELECT * FROM "{table.name}"')))  # noqa: S608 - ours
        for table in Base.metadata.sorted_tables
    }


def count_rows() -> dict[str, int]:
    """How many rows each table has."""
    db.session.remove()
    counts = " UNION ALL ".join(
        f"SELECT '{table.name}', count(*) FROM \"{table.name}\""  # noqa: S608 - ours
        for table in Base.metadata.sorted_tables
    )
    return dict(map(tuple, db.session.connection().exec_driver_sql(counts)))


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is rolled back."""
    db.session.remove()
    connection = db.engine
    savepoint = connection.begin_nested()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        db.session.remove()
        savepoint.rollback()


def post_routes(app: Flask) -> list[Rule]:
    """What a form changes; routes that take none have tests of their own, named above."""
    elsewhere = {WEBHOOK, TALLY} | STOPPING
    return [rule for rule in rules(app, "POST") if rule.endpoint not in elsewhere]


def problems_of(answer: TestResponse, sent: Form) -> list[str]:
    """What is wrong with an answer to bad input, the database aside."""
    found = []
    if answer.status_code >= 500 or answer.status_code < 300:
        found.append(f"answered {answer.status_code}")
    if answer.status_code < 400 and not is_safe(answer.location or ""):
        found.append(f"sends the browser to {answer.location}")
    controls = Controls()
    controls.feed(answer.text)
    if controls.handlers or None in controls.scripts:
        found.append("lets a script through")
    if any(src and not src.startswith("/static/") for src in controls.scripts):
        found.append("loads a foreign script")
    if answer.status_code in {409, 422}:
        if not any(each in answer.text for each in WHY):
            found.append("does not say why")
        for name, typed in sent.items():
            gone = name in TYPED and typed and f'name="{name}"' not in answer.text
            shown = controls.values.get(name, [""] if gone else None)
            if shown is None or not isinstance(typed, str) or is_secret(name):
                continue
            if typed.strip() not in [each.strip() for each in shown]:
                found.append(f"lost what was typed in {name}: {shown[0][:40]!r}")
    return found


def is_safe(location: str) -> bool:
    """Inside the portal, or the stand-in's checkout page."""
    if location.startswith("http://localhost:1/pay/"):
        return True
    return location.startswith("/") and not location.startswith(OTHER_SITES)


def is_secret(name: str) -> bool:
    """Hidden fields are the page's own: they are set anew."""
    return name.rsplit("-", maxsplit=1)[-1] in {
        "number",
        "revision",
        "seal",
        "version",
        "organization",
        "next",
        "agreement",
        "due",
        "seen_open",
        "day_order",
        "decimal",
    }


def sweep(
    app: Flask, world: World, spoil: Callable[[Form], Iterator[tuple[str, Form]]]
) -> dict[str, list[str]]:
    """Post every spoiled form to every route; what went wrong, by route and kind.

    Once each: where nothing can be spoiled in a form, every kind is the accepted form, which other
    tests post.
    """
    wrong: dict[str, list[str]] = {}
    browser = sign_in(app, world.person)
    before = snapshot()
    for rule in post_routes(app):
        url = world.address(app, rule)
        with undone():
            form = example(world, rule.endpoint)
        tried = [form]
        for kind, sent in spoil(form):
            if sent in tried:
                continue
            tried.append(sent)
            with undone():
                found = attempt(app, browser, url, sent, before)
            if found:
                wrong[f"{rule.endpoint} {kind}"] = found
    assert snapshot() == before, "a test of one route must not reach the next"
    return wrong


def has_changed(sent: list[str], before: Rows) -> bool:
    """Whether any row differs; only a statement that writes can have made it differ."""
    return any(WRITES.search(text) for text in sent) and snapshot() != before


def attempt(app: Flask, browser: FlaskClient, url: str, sent: Form, before: Rows) -> list[str]:
    """Post once, from a browser as it was before; what is wrong with the answer."""
    cookie = browser.get_cookie("stakehold")
    assert cookie
    fresh = app.test_client()
    fresh.set_cookie("stakehold", cookie.value)
    try:
        with sent_statements() as run:
            answer = fresh.post(url, data=sent)
    except Exception as error:  # noqa: BLE001 - a crash is one more finding of the sweep
        return [f"crashed: {type(error).__name__}: {str(error)[:200]}"]
    found = problems_of(answer, sent)
    if answer.status_code >= 400 and has_changed(run, before):
        found.append(CHANGED)
    return found


def texts(form: Form) -> list[str]:
    """Fields with one text; the button that was pressed is none."""
    return [name for name, value in form.items() if isinstance(value, str) and name != "step"]


def scoped(app: Flask) -> list[tuple[str, Rule]]:
    """Routes that need a role in the project or organization of their address."""
    return [
        (method, rule)
        for method in ("GET", "POST")
        for rule in rules(app, method)
        if str(access_of(app, rule.endpoint)).split(":")[0] in {"organization", "project"}
    ]


def personal(app: Flask) -> list[tuple[str, Rule]]:
    """Routes of any signed-in person that name one of that person's rows."""
    return [
        (method, rule)
        for method in ("GET", "POST")
        for rule in rules(app, method)
        if rule.arguments & {"session_id", "identity_id"}
    ]
