"""Proposals, openings, decisions and roadmap steps: who may, what is refused, what is kept."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.canonical import fingerprint
from portal.domain.charter import DecisionMode
from portal.domain.decisions import DecisionKind, Hands, RoadmapAction, RoadmapOwner, RoadmapState
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.permissions import ProjectRole
from portal.domain.proposals import ProposalState
from portal.models.audit import AuditEntry
from portal.models.decisions import DecisionRecord
from portal.models.outbox import OutboxMessage
from portal.models.projects import CharterVersion
from portal.models.proposals import Proposal
from portal.models.votes import Elector
from portal.queries.projects.roadmap import get_roadmap, get_roadmap_item
from portal.queries.votes.outcomes import get_outcome_page
from portal.queries.votes.proposals import get_desk_proposal, get_proposal_page, list_proposals
from portal.queries.votes.vote_lists import list_organization_votes
from portal.services.projects.roadmap import report_progress
from portal.services.votes.decisions import decide
from portal.services.votes.proposals import edit_proposal, take_up_proposal, withdraw_proposal
from tests.builders import NOW, actor_of, make_person, make_project
from tests.sent_statements import sent_statements
from tests.vote_builders import (
    DAY,
    Scene,
    cast,
    close,
    get_vote,
    make_consultation,
    make_draft,
    make_scene,
    make_vote,
)

END = NOW + 14 * DAY


def make_closed(scene: Scene, said: str = "for") -> int:
    """A counted vote in which all sponsors said the same."""
    vote = make_vote(scene)
    for index in range(len(scene.organizations)):
        cast(scene, vote, index, said)
    close(vote)
    return vote


def make_decision(scene: Scene, kind: DecisionKind, number: int = 1, **values: Any) -> None:
    settings: dict[str, Any] = {
        "reasons": "Reasons.",
        "responsible": "Noor",
        "review_on": date(2027, 6, 1),
        "now": END + DAY,
    }
    with transaction():
        decide(scene.lead_actor, scene.project.id, number, kind=kind, **settings | values)


def state_of(scene: Scene) -> ProposalState:
    return get_desk_proposal(scene.project.id, 1, now=NOW).state


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (DecisionKind.ACCEPTED, ProposalState.DECIDED),
        (DecisionKind.DECLINED, ProposalState.DECIDED),
        (DecisionKind.DEFERRED, ProposalState.DEFERRED),
        (DecisionKind.BACK_TO_WORK, ProposalState.DRAFT),
    ],
)
def test_a_decision_moves_the_proposal(
    app: Flask, kind: DecisionKind, state: ProposalState
) -> None:
    scene = make_scene()
    make_closed(scene)
    make_decision(scene, kind)
    assert state_of(scene) is state
    decision = get_outcome_page(scene.project.id, 1).decision
    assert decision is not None
    assert decision.follows is (kind is DecisionKind.ACCEPTED)
    on_roadmap = [entry.number for entry in get_roadmap(scene.project.id).columns["accepted"]]
    assert on_roadmap == ([1] if kind is DecisionKind.ACCEPTED else [])


def test_a_vote_is_decided_once(app: Flask) -> None:
    scene = make_scene()
    make_closed(scene)
    make_decision(scene, DecisionKind.ACCEPTED)
    with pytest.raises(Refusal, match=r"proposal\.decided"):
        make_decision(scene, DecisionKind.DECLINED)
    assert len(db.session.scalars(select(DecisionRecord)).all()) == 1


def test_a_binding_vote_binds_but_for_a_veto_with_reasons(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.BINDING, veto_allowed=True)
    make_closed(scene)
    with pytest.raises(Refusal, match=r"decision\.reasons"):
        make_decision(scene, DecisionKind.DECLINED, reasons="")
    with pytest.raises(Refusal, match=r"decision\.veto_late"):
        make_decision(scene, DecisionKind.DECLINED, now=END + 15 * DAY)
    make_decision(scene, DecisionKind.DECLINED, now=END + 14 * DAY)
    record = db.session.scalars(select(DecisionRecord)).one()
    assert (record.vetoed, record.follows) == (True, False)
    assert db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == "decision:record:vetoed")
    ).one()
    page = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/decision").text
    assert "Vetoed" in page
    assert "Reasons." in page


def test_without_the_charters_leave_nobody_vetoes(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.BINDING)
    make_closed(scene)
    for kind in set(DecisionKind) - {DecisionKind.ACCEPTED}:
        with pytest.raises(Refusal, match=r"decision\.no_veto"):
            make_decision(scene, kind)
    make_decision(scene, DecisionKind.ACCEPTED)
    assert db.session.scalars(select(DecisionRecord)).one().vetoed is False


def test_a_veto_rests_on_the_charter_of_its_vote_not_on_todays(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.BINDING)
    make_closed(scene)
    with transaction() as session:
        charter = session.scalars(
            select(CharterVersion).where(CharterVersion.project_id == scene.project.id)
        ).one()
        charter.veto_allowed = True
    with pytest.raises(Refusal, match=r"decision\.no_veto"):
        make_decision(scene, DecisionKind.DECLINED)


def test_what_a_binding_vote_did_not_carry_cannot_be_accepted(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.BINDING)
    make_closed(scene, "against")
    with pytest.raises(Refusal, match=r"decision\.binding"):
        make_decision(scene, DecisionKind.ACCEPTED)


def test_without_quorum_an_advisory_decision_neither_follows_nor_departs(app: Flask) -> None:
    scene = make_scene()
    close(make_vote(scene))
    make_decision(scene, DecisionKind.ACCEPTED)
    assert db.session.scalars(select(DecisionRecord)).one().follows is None


def test_back_to_work_shows_the_public_the_text_that_was_voted_on(app: Flask) -> None:
    scene = make_scene()
    make_closed(scene)
    make_decision(scene, DecisionKind.BACK_TO_WORK)
    with transaction():
        edit_proposal(
            scene.lead_actor,
            scene.project.id,
            1,
            title="Rewritten",
            summary="s",
            body="b",
            revision=1,
            now=END + DAY,
        )
    assert get_desk_proposal(scene.project.id, 1, now=NOW).title == "Rewritten"
    assert get_proposal_page(scene.project.id, 1, now=NOW).title == "Persistent queues"


def test_a_deferred_proposal_is_taken_up_and_voted_on_again(app: Flask) -> None:
    scene = make_scene()
    first = make_closed(scene)
    make_decision(scene, DecisionKind.DEFERRED)
    with transaction():
        take_up_proposal(scene.lead_actor, scene.project.id, 1, now=END + DAY)
    second = make_vote(scene, 1, now=END + DAY)
    close(second, now=END + 30 * DAY)
    page = get_outcome_page(scene.project.id, 1)
    assert (page.vote_id, [other.id for other in page.others]) == (second, [first])
    assert get_outcome_page(scene.project.id, 1, vote_id=first).decision is not None


def test_nothing_is_shown_of_an_outcome_before_the_count(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    for asked in (None, vote):
        with pytest.raises(NotFound):
            get_outcome_page(scene.project.id, 1, vote_id=asked)


def test_drafts_are_not_public(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    make_draft(scene)
    make_consultation(scene)
    assert [row.number for row in list_proposals(scene.project.id, now=NOW).rows] == [2]
    with pytest.raises(NotFound):
        get_proposal_page(scene.project.id, 1, now=NOW)


def test_the_text_freezes_with_the_vote(app: Flask) -> None:
    scene = make_scene()
    make_vote(scene)
    with pytest.raises(Refusal, match=r"proposal\.voting"), transaction():
        edit_proposal(
            scene.lead_actor,
            scene.project.id,
            1,
            title="Changed",
            summary="",
            body="",
            revision=1,
            now=NOW,
        )
    with pytest.raises(Refusal, match=r"proposal\.voting"), transaction():
        withdraw_proposal(scene.lead_actor, scene.project.id, 1, reason="No.", now=NOW)


def test_opening_freezes_electors_weights_and_text_under_one_fingerprint(app: Flask) -> None:
    scene = make_scene(weights=(20, 4, 4, 2, 2, 2, 1, 1, 1, 1), cap=Fraction(1, 4))
    vote = get_vote(make_vote(scene))
    electors = db.session.scalars(select(Elector).order_by(Elector.position)).all()
    # VOTING 2: these weights are capped at 6.
    assert [each.weight for each in electors][:3] == [6000, 4000, 4000]
    assert electors[0].raw_weight == 20
    assert fingerprint(vote.rules) == vote.fingerprint
    assert vote.rules["proposal"]["body"] == "Why."
    assert vote.rules["charter"]["number"] == 1
    keys = db.session.scalars(select(OutboxMessage.dedupe_key)).all()
    assert len([key for key in keys if ":open:" in key]) == 10


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"question": ""}, "vote.question"),
        ({"closes_at": NOW}, "vote.window_short"),
        ({"closes_at": NOW + 100 * DAY}, "vote.window_long"),
    ],
)
def test_a_vote_without_question_or_window_is_refused(
    app: Flask, values: dict[str, Any], code: str
) -> None:
    scene = make_scene()
    with pytest.raises(Refusal) as refusal:
        make_vote(scene, **values)
    assert refusal.value.code == code


def test_a_forged_seal_opens_nothing(app: Flask) -> None:
    with pytest.raises(Conflict, match=r"vote\.standing_changed"):
        make_vote(make_scene(), seal="0" * 64)


def test_only_leads_and_maintainers_decide(app: Flask) -> None:
    scene = make_scene()
    make_closed(scene)
    steward, stranger = make_person(), make_person()
    make_project(roles={stranger: [ProjectRole.LEAD]})
    with transaction() as session:
        from portal.models.projects import Maintainership

        session.add(
            Maintainership(
                project_id=scene.project.id,
                person_id=steward.id,
                role=ProjectRole.STEWARD,
                since=NOW,
            )
        )
    for person, kind in ((steward, Forbidden), (stranger, NotFound)):
        with pytest.raises(kind), transaction():
            decide(
                actor_of(person),
                scene.project.id,
                1,
                kind=DecisionKind.ACCEPTED,
                reasons="R",
                responsible="N",
                review_on=date(2027, 6, 1),
                now=END,
            )


def test_an_item_goes_to_shipped_with_its_reports(app: Flask) -> None:
    scene = make_scene()
    make_closed(scene)
    make_decision(scene, DecisionKind.ACCEPTED)

    def step(action: RoadmapAction, **values: Any) -> None:
        with transaction():
            report_progress(
                scene.lead_actor, scene.project.id, 1, action=action, now=END + DAY, **values
            )

    with pytest.raises(Refusal, match=r"roadmap\.accepted"):
        step(RoadmapAction.SHIP, shipped_url="https://example.org")
    step(RoadmapAction.START, text="Begun.", hands=Hands(RoadmapOwner.CONTRIBUTOR, "Sam"))
    with pytest.raises(Refusal, match=r"roadmap\.link"):
        step(RoadmapAction.SHIP)
    with pytest.raises(Refusal, match=r"roadmap\.link_https"):
        step(RoadmapAction.SHIP, shipped_url="http://example.org/1.0")
    step(RoadmapAction.SHIP, shipped_url="https://example.org/1.0", text="Out.")
    entry = get_roadmap_item(scene.project.id, 1)
    assert (entry.state, entry.owner, entry.credit, entry.shipped_url) == (
        RoadmapState.SHIPPED,
        RoadmapOwner.CONTRIBUTOR,
        "Sam",
        "https://example.org/1.0",
    )
    assert [update.text for update in entry.updates] == ["Out.", "Begun."]


def test_every_change_leaves_an_entry(app: Flask) -> None:
    scene = make_scene()
    make_closed(scene)
    make_decision(scene, DecisionKind.ACCEPTED)
    tags = set(db.session.scalars(select(AuditEntry.tag)))
    assert {
        "proposal:text:drafted",
        "proposal:text:published",
        "vote:window:opened",
        "ballot:elector:cast",
        "vote:outcome:stored",
        "decision:record:made",
    } <= tags


def test_lists_cost_the_same_statements_for_any_number_of_rows(app: Flask) -> None:
    scene = make_scene(weights=(1, 1))

    def statements() -> list[int]:
        counted = []
        for query in (
            lambda: list_proposals(scene.project.id, now=NOW, limit=50),
            lambda: list_organization_votes(scene.organizations[0].id, now=NOW, limit=50),
            lambda: get_roadmap(scene.project.id),
            lambda: get_outcome_page(scene.project.id, 1),
        ):
            db.session.expire_all()
            with sent_statements() as sent:
                query()
            counted.append(len(sent))
        return counted

    make_closed(scene)
    make_decision(scene, DecisionKind.ACCEPTED)
    few = statements()
    for number in range(2, 8):
        make_closed(scene)
        make_decision(scene, DecisionKind.ACCEPTED, number)
    assert statements() == few
    *lists, outcome = few
    assert max(lists) <= 3
    assert outcome <= 5, "with the frame of the page, six"


def test_pages_of_a_list_follow_each_other_without_gap(app: Flask) -> None:
    scene = make_scene(weights=(1,))
    for _ in range(5):
        make_consultation(scene)
    first = list_proposals(scene.project.id, now=NOW, limit=3)
    rest = list_proposals(scene.project.id, now=NOW, limit=3, before=first.older)
    assert [row.number for row in first.rows + rest.rows] == [5, 4, 3, 2, 1]
    assert rest.older is None
    assert db.session.scalars(select(Proposal.number)).all()
