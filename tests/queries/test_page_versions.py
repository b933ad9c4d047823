"""Reading the versions behind ready pages once for all who ask at the same time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import pytest

from portal.queries.projects import page_versions
from portal.queries.projects.page_versions import (
    Scopes,
    SharedReading,
    Versions,
    VersionsUnreadable,
)
from tests.sandbox.stage import wait_for

KELP: Scopes = ("project:1", "site")
ALGA: Scopes = ("project:2", "site")
WAITING = 5


class Database:
    """Versions that rise at each read; the first read takes until it is let go on."""

    def __init__(self, *, fails: int = -1) -> None:
        self._numbers = itertools.count()
        self._fails = fails
        self.reads: list[Scopes] = []
        self.begun, self.goes_on = Event(), Event()

    def read(self, scopes: Scopes) -> Versions:
        """Read as the portal's reader does."""
        self.reads.append(scopes)
        number = next(self._numbers)
        if number == 0:
            self.begun.set()
            assert self.goes_on.wait(10)
        if number == self._fails:
            raise VersionsUnreadable
        return frozenset({(scopes[0], number)})


Answers = tuple[Future[Versions], list[Future[Versions]]]
Ask = Callable[..., Answers]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """One thread reads; while it does, others ask. What each of them is answered."""
    looks: list[int] = []

    def look() -> int:
        looks.append(time.monotonic_ns())
        return looks[-1]

    def ask(database: Database, *later: Scopes) -> Answers:
        shared = SharedReading()
        with ThreadPoolExecutor(1 + len(later)) as threads:
            first = threads.submit(shared.find, KELP, database.read)
            assert database.begun.wait(10)
            others = [threads.submit(shared.find, scopes, database.read) for scopes in later]
            # The first one looked at the clock twice, whoever has asked since once.
            wait_for(lambda: len(looks) == 2 + len(later))
            database.goes_on.set()
        return first, others

    monkeypatch.setattr(page_versions, "time", SimpleNamespace(monotonic_ns=look))
    return ask


def test_one_read_answers_all_who_asked_while_another_was_under_way(ask: Ask) -> None:
    database = Database()
    first, others = ask(database, *[KELP] * WAITING)
    assert first.result() == {("project:1", 0)}
    # The first read began before they asked, so they are not answered with it.
    assert {other.result() for other in others} == {frozenset({("project:1", 1)})}
    assert len(database.reads) == 2


def test_other_scopes_are_read_for_themselves(ask: Ask) -> None:
    database = Database()
    _first, others = ask(database, ALGA)
    assert others[0].result() == {("project:2", 1)}


def test_who_asks_later_is_never_answered_with_what_was_read_before() -> None:
    shared, database = SharedReading(), Database()
    database.goes_on.set()
    assert [shared.find(KELP, database.read) for _ in range(3)] == [
        {("project:1", number)} for number in range(3)
    ]


def test_not_everybody_waits_for_a_server_that_is_gone(ask: Ask) -> None:
    database = Database(fails=1)
    first, others = ask(database, *[KELP] * WAITING)
    assert first.result() == {("project:1", 0)}
    for other in others:
        with pytest.raises(VersionsUnreadable):
            other.result()
    assert len(database.reads) == 2
