"""The log of a project: it only grows, never forks, and holds what happened in its order."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from portal.database import db, transaction
from portal.domain.charter import Charter
from portal.domain.decisions import DecisionKind
from portal.domain.record.entries import EntryType, commit, opened_ballot, vote_subject
from portal.domain.record.tree import Frontier, full_subtrees, leaf_hash, root_of
from portal.models.record import LogEntry, LogHead, LogNode, WaitingEntry
from portal.models.votes import Elector
from portal.services.projects.charters import change_charter
from portal.services.record.record import append_entry, begin_log, find_unbegun_projects
from portal.services.record.vote_log import append_waiting, find_waiting_subjects
from portal.services.votes.ballots import void_ballots
from portal.services.votes.decisions import decide
from tests.builders import NOW, make_project
from tests.services.test_vote_races import race
from tests.vote_builders import (
    DAY,
    Scene,
    ballots_of,
    cast,
    close,
    make_scene,
    make_vote,
)

SECRET: dict[str, Any] = {"privacy": "secret_aggregate"}


def entries_of(project_id: int) -> list[LogEntry]:
    return list(
        db.session.scalars(
            select(LogEntry).where(LogEntry.project_id == project_id).order_by(LogEntry.index)
        )
    )


def types_of(project_id: int) -> list[str]:
    return [entry.type.value for entry in entries_of(project_id)]


def check_log(project_id: int) -> None:
    """Leaves, hashes, places, subtrees and head of a log all agree."""
    db.session.expire_all()
    entries = entries_of(project_id)
    assert [entry.index for entry in entries] == list(range(len(entries)))
    hashes = [leaf_hash(entry.leaf.encode()) for entry in entries]
    assert [entry.leaf_hash for entry in entries] == hashes
    head = db.session.get_one(LogHead, project_id)
    peaks = tuple(root_of(hashes[a:b]) for a, b in full_subtrees(0, len(entries)))
    assert (head.size, head.peaks) == (len(entries), b"".join(peaks))
    assert Frontier(head.size, peaks).root == root_of(hashes)
    nodes = db.session.scalars(select(LogNode).where(LogNode.project_id == project_id)).all()
    assert len(nodes) == len(entries) - sum(1 for _ in full_subtrees(0, len(entries)))
    for node in nodes:
        assert node.hash == root_of(hashes[node.start : node.start + node.length])
    counted: dict[str, int] = {}
    for entry in entries:
        counted[entry.subject] = counted.get(entry.subject, 0) + 1
        written = json.loads(entry.leaf)
        assert entry.seq == written["seq"] == counted[entry.subject]
        assert (written["subject"], written["type"]) == (entry.subject, entry.type)


def note(project_id: int, **body: object) -> None:
    append_entry(project_id, "notes", EntryType.CORRECTED, body, at=NOW)


def test_a_vote_leaves_all_it_did_in_its_order(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    cast(scene, vote, 1, "against")
    cast(scene, vote, 0, "against")
    cast(scene, vote, 0, "against")
    with transaction():
        organization = scene.organizations[1].id
        void_ballots(scene.lead_actor, scene.project.id, organization, why="Refund.", now=NOW + DAY)
    close(vote)
    with transaction():
        decide(
            scene.lead_actor,
            scene.project.id,
            1,
            kind=DecisionKind.DECLINED,
            reasons="As advised.",
            responsible="Noor",
            review_on=(NOW + 40 * DAY).date(),
            now=NOW + 15 * DAY,
        )
    check_log(scene.project.id)
    assert types_of(scene.project.id) == [
        "charter_changed",
        "vote_opened",
        "ballot_cast",
        "ballot_cast",
        "ballot_superseded",
        "ballot_cast",
        "ballot_voided",
        "vote_closed",
        "tallied",
        "decided",
    ]


def test_a_ballot_on_record_is_a_commitment_and_nothing_else(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 2, "for", reason="WHY")
    ballot = ballots_of(vote)[0]
    elector = db.session.get_one(Elector, ballot.elector_id)
    entry = entries_of(scene.project.id)[-1]
    value = opened_ballot(ballot, elector.house, elector.position)
    assert ballot.nonce
    assert json.loads(entry.leaf)["body"] == {"commitment": commit(value, ballot.nonce)}
    assert json.loads(entry.leaf)["at"].endswith("12:00:00Z")
    assert entry.ballot_id == ballot.id


def _note_and_fail(project_id: int) -> None:
    note(project_id)
    raise RuntimeError("fails")


def test_what_is_rolled_back_is_on_no_record(app: Flask) -> None:
    project = make_project()
    with pytest.raises(RuntimeError, match="fails"), transaction():
        _note_and_fail(project.id)
    with transaction():
        note(project.id)
    assert types_of(project.id) == ["charter_changed", "corrected"]


def test_an_older_project_begins_with_its_charter_once(app: Flask) -> None:
    project = make_project(number=4)
    assert project.id in find_unbegun_projects()
    for _ in range(2):
        with transaction():
            begin_log(project.id, now=NOW)
    assert project.id not in find_unbegun_projects()
    (entry,) = entries_of(project.id)
    assert json.loads(entry.leaf)["body"]["number"] == 4


def test_a_changed_charter_is_on_record(app: Flask) -> None:
    scene = make_scene()
    with transaction():
        change_charter(
            scene.lead_actor, scene.project.id, Charter(), seen_number=1, note="Why", now=NOW
        )
    body = json.loads(entries_of(scene.project.id)[-1].leaf)["body"]
    assert (body["number"], body["note"], body["settings"]["cap"]) == (2, "Why", "1/4")


def test_projects_have_logs_of_their_own(app: Flask) -> None:
    one, other = make_project(), make_project()
    with transaction():
        for project in (other, one, other):
            note(project.id)
    assert len(entries_of(one.id)) == 2
    assert len(entries_of(other.id)) == 3
    check_log(one.id)
    check_log(other.id)


@pytest.mark.parametrize("row", [LogEntry, LogNode, LogHead])
def test_the_database_refuses_to_change_a_log(app: Flask, row: Any) -> None:
    project = make_project()
    with transaction():
        for _ in range(3):
            note(project.id)
    column = {LogEntry: "leaf", LogNode: "length", LogHead: "size"}[row]
    for statement in (update(row).values({column: getattr(row, column)}), delete(row)):
        with pytest.raises(DBAPIError, match="never changed"), db.session.begin_nested():
            db.session.execute(statement)
    check_log(project.id)


def test_a_log_never_forks_whoever_appends_at_once(committed_app: Flask) -> None:
    with committed_app.app_context():
        one, other = make_project().id, make_project().id

    def both(number: int) -> None:
        for project_id in (one, other) if number % 2 else (other, one):
            note(project_id, number=number)

    for _ in range(2):
        race(committed_app, *[partial(both, number) for number in range(8)])
    with committed_app.app_context():
        for project_id in (one, other):
            assert types_of(project_id) == ["charter_changed", *["corrected"] * 16]
            check_log(project_id)


def secret_scene() -> tuple[Scene, int]:
    scene = make_scene(weights=(1,) * 6, **SECRET)
    return scene, make_vote(scene)


def test_secret_ballots_wait_and_are_appended_together(app: Flask) -> None:
    scene, vote = secret_scene()
    subject = vote_subject(vote)
    for index in range(4):
        cast(scene, vote, index, "for")
    with transaction():
        assert append_waiting(subject) == 0
    assert find_waiting_subjects() == []
    assert types_of(scene.project.id) == ["charter_changed", "vote_opened"]
    cast(scene, vote, 4, "for")
    assert find_waiting_subjects() == [subject]
    with transaction():
        assert append_waiting(subject) == 5
    with transaction():
        assert append_waiting(subject) == 0
    assert types_of(scene.project.id)[2:] == ["ballot_cast"] * 5
    cast(scene, vote, 5, "against")
    close(vote)
    assert types_of(scene.project.id)[7:] == ["ballot_cast", "vote_closed", "tallied"]
    check_log(scene.project.id)
    assert not db.session.scalars(select(WaitingEntry)).all()


def test_a_batch_tells_neither_the_order_nor_the_minute(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, vote = secret_scene()
    for index in range(5):
        cast(scene, vote, index, "for", now=NOW + DAY + index * DAY / 1440)
    monkeypatch.setattr("random.SystemRandom.shuffle", lambda _self, rows: rows.reverse())
    with transaction():
        append_waiting(vote_subject(vote))
    entries = entries_of(scene.project.id)[2:]
    assert {entry.at for entry in entries} == {NOW + DAY}
    order = [entry.ballot_id for entry in entries]
    assert order == [ballot.id for ballot in reversed(ballots_of(vote))]


def test_the_head_is_the_last_thing_that_is_locked(app: Flask) -> None:
    project = make_project()
    with transaction() as session:
        note(project.id)
        assert session.scalar(text("SELECT count(*) FROM log_entries")) == 0
