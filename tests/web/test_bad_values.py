"""Values that are too long, too large, hidden or no value at all: at every field and address."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.routing import BuildError, IntegerConverter

from portal.database import db
from tests.builders import sign_in
from tests.sent_statements import sent_statements
from tests.web.accepted_forms import Form, example
from tests.web.spoiling import has_changed, post_routes, snapshot, sweep, texts
from tests.web.test_routes import rules
from tests.web.world import World

# One database is enough here, and PostgreSQL takes less: no NUL, no long text, no large number.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True, scope="session")
# Entries of the public record and sizes of its log.
COUNTED_FROM_ZERO = {"first", "index", "second", "size"}
# So many fields are the same form wherever they are asked for.
_LONG = 4


@pytest.fixture
def app(lasting_app: Flask) -> Flask:
    return lasting_app


@pytest.fixture
def world(lasting_world: World) -> World:
    return lasting_world


def each_alone(bad: str) -> Callable[[Form], Iterator[tuple[str, Form]]]:
    """Spoils one text after the other; of long forms that several routes share, the first."""
    tried = set()

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        if len(form) < _LONG or frozenset(form) not in tried:
            tried.add(frozenset(form))
            for name in texts(form):
                yield name, form | {name: bad}

    return spoil


def test_far_too_long_texts(app: Flask, world: World) -> None:
    alone = each_alone("x" * 50_000)

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        yield from alone(form)
        yield "digits", dict.fromkeys(form, "9" * 5_000)

    assert sweep(app, world, spoil) == {}


def test_wrong_types(app: Flask, world: World) -> None:
    """Text, huge and odd numbers where figures, dates and choices are expected."""
    alone = each_alone("9" * 20)

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        for bad in ("many", "-1", "1e999", "٣²", "0000-00-00T99:99"):
            yield bad, form | dict.fromkeys(texts(form), bad)
        yield from alone(form)

    assert sweep(app, world, spoil) == {}


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\x00"])
def test_invisible_characters(app: Flask, world: World, hidden: str) -> None:
    """Right-to-left override, zero width, isolates, control characters: at every text alone."""

    def spoil(form: Form) -> Iterator[tuple[str, Form]]:
        if form:
            yield "everywhere", form | {name: f"{form[name]}{hidden}x" for name in texts(form)}

    assert sweep(app, world, spoil) == {}


@pytest.mark.parametrize("bad", ["0", "2147483648", "a\x00b", "x" * 5000])
def test_addresses_that_can_name_nothing(app: Flask, world: World, bad: str) -> None:
    """Each part of each address in turn is too large, too long, hidden or odd."""
    browser = sign_in(app, world.person)
    forms = {rule.endpoint: example(world, rule.endpoint) for rule in post_routes(app)}
    before = snapshot()
    wrong: dict[str, object] = {}
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            for name in rule.arguments - {"key", "provider"}:
                if bad == "0" and name in COUNTED_FROM_ZERO:
                    continue
                number = isinstance(rule._converters[name], IntegerConverter)
                if number and not bad.isdigit():
                    continue
                with app.test_request_context():
                    values = world.values_for(rule) | {name: int(bad) if number else bad}
                    try:
                        url = app.url_for(rule.endpoint, **values)
                    except BuildError:
                        continue  # the router knows that it names nothing
                try:
                    with sent_statements() as run:
                        answer = browser.open(url, method=method, data=forms.get(rule.endpoint))
                    status: object = answer.status_code
                except Exception as error:  # noqa: BLE001 - one more finding
                    db.session.rollback()
                    status = repr(error)[:200]
                if status not in {404, 405, 422} or (method == "POST" and has_changed(run, before)):
                    wrong[f"{method} {rule} {name}"] = status
    assert wrong == {}
