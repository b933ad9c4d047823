"""Reviews of decisions: back to the desk on their day, beside the decision for good, on record."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.decisions import DecisionKind, ReviewFinding, RoadmapAction, RoadmapOwner
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import ProjectRole
from portal.domain.tasks import TaskKind
from portal.jobs import run_due
from portal.models.audit import AuditEntry
from portal.models.decisions import RoadmapItem
from portal.models.freshness import PageVersion, project_scope
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.models.record import LogEntry
from portal.queries.desks.desks import get_overview
from portal.queries.votes.outcomes import get_outcome_page
from portal.services.projects.roadmap import report_progress
from portal.services.votes.decisions import decide
from portal.services.votes.proposals import take_up_proposal
from portal.services.votes.reviews import review_decision
from tests.builders import NOW, actor_of, make_person, sign_in
from tests.vote_builders import DAY, Scene, cast, close, make_scene, make_vote

END = NOW + 14 * DAY
DUE = date(2027, 1, 10)
ON_THE_DAY = datetime.combine(DUE, NOW.timetz())


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_decided(DecisionKind.ACCEPTED)


def make_decided(kind: DecisionKind) -> Scene:
    scene = make_scene()
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    close(vote)
    with transaction():
        decide(
            scene.lead_actor, scene.project.id, 1, kind=kind, reasons="Reasons.",
            responsible="The lead", review_on=DUE, now=END + DAY,
        )  # fmt: skip
    return scene


def review(scene: Scene, **values: Any) -> None:
    settings = {
        "finding": ReviewFinding.STANDS,
        "text": "Still right.",
        "next_review_on": None,
        "now": ON_THE_DAY,
    }
    with transaction():
        review_decision(scene.lead_actor, scene.project.id, 1, **settings | values)


def due(scene: Scene, now: datetime) -> list[str]:
    tasks = get_overview(scene.project.id, scene.lead_actor, now=now).tasks
    return [task.key for task in tasks if task.kind is TaskKind.PROJECT_REVIEW]


def test_d1_a_decision_whose_date_has_come_is_on_the_desk_until_it_was_looked_at(
    scene: Scene,
) -> None:
    assert due(scene, ON_THE_DAY - DAY) == []
    assert due(scene, ON_THE_DAY) == ["1"]
    review(scene, next_review_on=date(2027, 7, 1))
    assert due(scene, ON_THE_DAY) == []
    assert due(scene, datetime(2027, 7, 1, tzinfo=NOW.tzinfo)) == ["1"]
    review(scene, finding=ReviewFinding.DONE, now=datetime(2027, 7, 1, tzinfo=NOW.tzinfo))
    assert due(scene, datetime(2029, 7, 1, tzinfo=NOW.tzinfo)) == []


def test_d1_a_review_stands_beside_the_decision_which_stays_as_it_was(
    app: Flask, scene: Scene
) -> None:
    before = get_outcome_page(scene.project.id, 1, reviews=True).decision
    review(scene, finding=ReviewFinding.REVISIT, text="Disks became *cheap*.")
    after = get_outcome_page(scene.project.id, 1, reviews=True).decision
    assert before is not None
    assert after is not None
    assert (after.reasons, after.review_on, after.kind) == (
        before.reasons,
        before.review_on,
        before.kind,
    )
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/decision").text
    assert "It no longer fits" in page
    assert "Disks became <em>cheap</em>." in page
    assert "Reasons." in page


def test_a_review_is_on_record_and_in_the_audit_list(scene: Scene) -> None:
    review(scene)
    leaf = db.session.scalars(select(LogEntry).order_by(LogEntry.index.desc())).first()
    assert leaf is not None
    assert json.loads(leaf.leaf)["body"] == {
        "proposal": 1, "review": "stands", "review_on": None, "text": "Still right.",
    }  # fmt: skip
    tags = set(db.session.scalars(select(AuditEntry.tag)))
    assert "decision:record:reviewed" in tags


def test_a_review_makes_the_public_pages_stale(scene: Scene) -> None:
    scope = project_scope(scene.project.id)

    def version() -> int:
        return db.session.get_one(PageVersion, scope, populate_existing=True).version

    before = version()
    review(scene)
    assert version() > before


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"text": ""}, r"review\.text"),
        ({"next_review_on": DUE}, r"review\.next_review_on"),
        ({"next_review_on": date(2031, 1, 1)}, r"review\.next_review_on"),
        (
            {"finding": ReviewFinding.DONE, "next_review_on": date(2027, 8, 1)},
            r"review\.done",
        ),
    ],
)
def test_what_a_review_refuses(scene: Scene, values: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        review(scene, **values)


def test_d1_those_who_decide_get_one_mail_when_the_date_has_come(app: Flask, scene: Scene) -> None:
    steward = make_person()
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=scene.project.id, person_id=steward.id, role=ProjectRole.STEWARD,
                since=NOW,
            )
        )  # fmt: skip

    def told() -> list[str]:
        rows = db.session.scalars(
            select(OutboxMessage.dedupe_key)
            .where(OutboxMessage.dedupe_key.like("decision:%:review:%"))
            .order_by(OutboxMessage.id)
        )
        return [key.split(":", 3)[3] for key in rows]

    first, second = f"{DUE}:{scene.lead.id}", f"2027-07-01:{scene.lead.id}"

    run_due(app, ON_THE_DAY - DAY)
    assert told() == []
    run_due(app, ON_THE_DAY)
    run_due(app, ON_THE_DAY + DAY)
    assert told() == [first]
    review(scene, next_review_on=date(2027, 7, 1))
    run_due(app, datetime(2027, 6, 30, tzinfo=NOW.tzinfo))
    assert told() == [first]
    run_due(app, datetime(2027, 7, 1, tzinfo=NOW.tzinfo))
    assert told() == [first, second]


def test_what_nobody_decided_on_is_not_reviewed(app: Flask) -> None:
    scene = make_scene()
    make_vote(scene)
    with pytest.raises(NotFound):
        review(scene)


def test_a_deferred_proposal_that_was_taken_up_waits_for_its_own_decision(app: Flask) -> None:
    scene = make_decided(DecisionKind.DEFERRED)
    assert due(scene, ON_THE_DAY) == ["1"]
    with transaction():
        take_up_proposal(scene.lead_actor, scene.project.id, 1, now=ON_THE_DAY)
    assert due(scene, ON_THE_DAY) == []


def test_the_review_is_typed_on_the_desk_and_refused_at_its_field(app: Flask, scene: Scene) -> None:
    browser = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/1/decision"
    assert 'id="review"' in browser.get(url).text
    wrong = browser.post(f"{url}/review", data={"finding": "stands", "text": ""})
    assert wrong.status_code == 422
    assert 'href="#text"' in wrong.text
    answer = browser.post(f"{url}/review", data={"finding": "done", "text": "It works."})
    assert answer.status_code == 303
    assert "It works." in browser.get(url).text
    steward = make_person()
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=scene.project.id, person_id=steward.id, role=ProjectRole.STEWARD,
                since=NOW,
            )
        )  # fmt: skip
    stewards = sign_in(app, steward)
    assert stewards.post(f"{url}/review", data={"finding": "done", "text": "x"}).status_code == 403


def test_d2_a_roadmap_item_is_in_the_hands_of_a_role_and_comes_back_when_silent(
    scene: Scene,
) -> None:
    item = db.session.scalars(select(RoadmapItem)).one()
    assert (item.owner_role, item.owner) == (RoadmapOwner.MAINTAINERS, "")
    month = timedelta(days=30)

    def silent(now: datetime) -> bool:
        tasks = get_overview(scene.project.id, actor_of(scene.lead), now=now).tasks
        return any(task.kind is TaskKind.PROJECT_ROADMAP for task in tasks)

    assert not silent(END + DAY + month - timedelta(minutes=1))
    assert silent(END + DAY + month)
    with transaction():
        report_progress(
            scene.lead_actor, scene.project.id, 1, action=RoadmapAction.START, now=END + DAY + month
        )
    assert not silent(END + DAY + month)
