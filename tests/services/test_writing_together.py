"""Work of several requests in one commit: each durable or refused for itself, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal.database import db, transaction, write_together
from portal.domain.errors import Refusal
from portal.models.outbox import OutboxMessage
from portal.models.projects import Project
from portal.services.votes.ballots import cast_ballot
from portal.services.votes.vote_mail import Receipt
from tests.builders import NOW, actor_of, make_project
from tests.services.test_record import check_log, types_of
from tests.vote_builders import DAY, SITE, ballots_of, make_scene, make_vote

_LIMIT = 20


@contextmanager
def commits(app: Flask) -> Iterator[list[int]]:
    """One entry for each commit that the database makes meanwhile."""
    with app.app_context():
        engine = db.engine
    made: list[int] = []
    event.listen(engine, "commit", note := lambda _connection: made.append(1))
    yield made
    event.remove(engine, "commit", note)


def at_once(app: Flask, first: Callable[[], object], *others: Callable[[], object]) -> list[object]:
    """All in threads, the others while the first has the turn; what each gave or was refused."""
    begun, everybody_waits = threading.Event(), threading.Event()

    def lead() -> object:
        begun.set()
        assert everybody_waits.wait(_LIMIT)
        return first()

    def one(work: Callable[[], object]) -> object:
        with app.app_context():
            try:
                return write_together(work)
            except Exception as error:  # noqa: BLE001 - what it was refused with
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(others) + 1) as pool:
        led = pool.submit(one, lead)
        assert begun.wait(_LIMIT)
        waiting = [pool.submit(one, other) for other in others]
        queued_or_written(app, len(others))
        everybody_waits.set()
        return [each.result(_LIMIT) for each in (led, *waiting)]


def queued_or_written(app: Flask, number: int) -> None:
    """Wait until so many are in the queue behind whoever writes; PostgreSQL has no queue."""
    from portal.database import _queue_of

    if is_sqlite(app):
        pause = threading.Event()
        with app.app_context():
            queue = _queue_of(db.engine)
        while len(queue._waiting) <= number:
            assert not pause.wait(0.01)


def is_sqlite(app: Flask) -> bool:
    return str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")


def rename(project_id: int, name: str) -> Callable[[], str]:
    def work() -> str:
        project = db.session.get_one(Project, project_id, with_for_update=True)
        project.tagline += name
        if name == "!":
            raise Refusal("name.odd", "No.")
        return name

    return work


def tagline(app: Flask) -> str:
    with app.app_context():
        return db.session.scalars(select(Project.tagline)).one()


@pytest.fixture
def project_id(committed_app: Flask) -> int:
    with committed_app.app_context():
        project = make_project()
        with transaction():
            db.session.get_one(Project, project.id).tagline = ""
        return project.id


def test_whoever_waits_shares_the_next_commit(committed_app: Flask, project_id: int) -> None:
    with commits(committed_app) as made:
        answers = at_once(committed_app, *(rename(project_id, each) for each in "abcd"))
    assert answers == ["a", "b", "c", "d"]
    assert sorted(tagline(committed_app)) == ["a", "b", "c", "d"]
    # The first was alone when its turn came; the other three were written together.
    assert len(made) == (2 if is_sqlite(committed_app) else 4)


def test_a_refusal_concerns_its_own_work_alone(committed_app: Flask, project_id: int) -> None:
    answers = at_once(committed_app, *(rename(project_id, each) for each in "ab!c"))
    refused = answers.pop(2)
    assert isinstance(refused, Refusal)
    assert refused.code == "name.odd"
    assert answers == ["a", "b", "c"]
    assert sorted(tagline(committed_app)) == ["a", "b", "c"]


def test_a_commit_that_fails_is_told_to_everybody_in_it(
    committed_app: Flask, project_id: int
) -> None:
    with committed_app.app_context():
        session_class = type(db.session())

    def fail(session: Session) -> None:
        if session.info.get("portal_writing"):
            raise OSError("no space left")

    with commits(committed_app) as made:
        event.listen(session_class, "before_commit", fail)
        try:
            answers = at_once(committed_app, *(rename(project_id, each) for each in "abc"))
        finally:
            event.remove(session_class, "before_commit", fail)
    assert [str(each) for each in answers] == ["no space left"] * 3
    assert made == []
    assert tagline(committed_app) == ""


def test_ballots_written_together_stand_for_themselves(committed_app: Flask) -> None:
    """One current ballot each, with an entry of its own in an unbroken log; a bad one has none."""
    with committed_app.app_context():
        scene = make_scene()
        vote = make_vote(scene)
        actors = [actor_of(person) for person in scene.representatives]
        ids = [organization.id for organization in scene.organizations]

    def cast(place: int, position: str) -> Callable[[], Receipt]:
        return lambda: cast_ballot(
            actors[place], vote, ids[place], {"position": position}, site=SITE, now=NOW + DAY
        )

    answers = at_once(
        committed_app, cast(0, "for"), cast(1, "against"), cast(2, "perhaps"), cast(3, "abstain")
    )
    assert isinstance(answers.pop(2), Refusal)
    with committed_app.app_context():
        ballots = {ballot.reference: ballot.choice["position"] for ballot in ballots_of(vote)}
        assert {ballots[answer.reference] for answer in answers} == {"for", "against", "abstain"}  # type: ignore[attr-defined]
        assert len(ballots) == 3
        check_log(scene.project.id)
        assert types_of(scene.project.id).count("ballot_cast") == 3
        mails = select(OutboxMessage).where(OutboxMessage.dedupe_key.contains("receipt"))
        assert len(db.session.scalars(mails).all()) == 3
