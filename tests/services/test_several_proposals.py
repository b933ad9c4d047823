"""One vote on several proposals: together into the vote, together out, a decision for each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode
from portal.domain.decisions import DecisionKind
from portal.domain.errors import Conflict, DomainError, Refusal
from portal.domain.money import Money
from portal.domain.papers import BallotPaper, Option
from portal.domain.proposals import ProposalState
from portal.domain.rules import read_text
from portal.domain.tasks import TaskKind
from portal.domain.votes import Method
from portal.models.outbox import OutboxMessage
from portal.queries.desks.desks import get_overview
from portal.queries.votes.outcomes import get_outcome_page
from portal.queries.votes.proposals import get_desk_proposal, get_proposal_page
from portal.services.votes.decisions import decide
from portal.services.votes.proposals import edit_proposal, withdraw_proposal
from tests.builders import NOW, sign_in
from tests.vote_builders import (
    DAY,
    Scene,
    cast,
    close,
    get_vote,
    make_consultation,
    make_scene,
    make_vote,
    seal_of,
)

END = NOW + 14 * DAY


def paper_of(*numbers: int, method: Method = Method.APPROVAL, **values: Any) -> BallotPaper:
    options = tuple(Option("", str(each), cost=100, proposal=each) for each in numbers)
    return BallotPaper(method, options, **values)


def open_together(scene: Scene, *others: int, **values: Any) -> int:
    paper = values.pop("paper", paper_of(1, *others, seats=1))
    revisions = dict.fromkeys(others, 1) | values.pop("revisions", {})
    return make_vote(scene, 1, paper=paper, revisions=revisions, **values)


def states(scene: Scene) -> list[ProposalState]:
    return [get_desk_proposal(scene.project.id, number, now=NOW).state for number in (1, 2, 3)]


@pytest.fixture
def scene(app: Flask) -> Scene:
    made = make_scene(mode=DecisionMode.ADVISORY)
    for title in ("Queues", "Mirrors", "Guides"):
        make_consultation(made, title=title)
    return made


def test_they_move_together_and_each_gets_its_own_decision(app: Flask, scene: Scene) -> None:
    vote = open_together(scene, 2)
    voting, consulted = ProposalState.VOTING, ProposalState.CONSULTATION
    assert states(scene) == [voting, voting, consulted]
    assert [each["id"] for each in get_vote(vote).rules["options"]] == ["p1", "p2"]
    assert get_vote(vote).rules["options"][1]["name"] == "Mirrors"
    assert read_text(get_vote(vote).rules, 2)["body"] == "Why."
    for index in range(3):
        cast(scene, vote, index, {"approved": ["p2"]})
    close(vote)
    assert states(scene) == [ProposalState.CLOSED, ProposalState.CLOSED, consulted]

    pages = {number: get_outcome_page(scene.project.id, number) for number in (1, 2)}
    assert {number: page.carried for number, page in pages.items()} == {1: False, 2: True}
    for number in (1, 2):
        with transaction():
            decide(
                scene.lead_actor,
                scene.project.id,
                number,
                kind=DecisionKind.ACCEPTED,
                reasons="Because.",
                responsible="Noor",
                review_on=date(2027, 6, 1),
                now=END + DAY,
            )
    decisions = {number: get_outcome_page(scene.project.id, number).decision for number in (1, 2)}
    assert {number: each and each.follows for number, each in decisions.items()} == {
        1: False,
        2: True,
    }
    lines = {
        number: get_proposal_page(scene.project.id, number, now=END).votes for number in (1, 2)
    }
    assert [line.follows for line in (*lines[1], *lines[2])] == [False, True]
    for number, said in ((1, "was not chosen"), (2, "this one was chosen")):
        page = app.test_client().get(f"/p/{scene.project.slug}/proposals/{number}/outcome")
        assert said in page.text
    assert len(app.test_client().get(f"/p/{scene.project.slug}").text) > 0


def test_a_decision_is_owed_on_each_of_them(scene: Scene) -> None:
    close(open_together(scene, 2))
    tasks = get_overview(scene.project.id, scene.lead_actor, now=END).tasks
    owed = [task.key for task in tasks if task.kind is TaskKind.PROJECT_DECISION]
    assert owed == ["1", "2"]
    page = get_outcome_page(scene.project.id, 2)
    assert page.carried is None  # nobody came, so there is no quorum


def test_the_mail_about_decisions_owed_names_every_proposal(scene: Scene) -> None:
    close(open_together(scene, 2, 3))
    mails = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.subject.startswith("A decision is owed"))
    ).all()
    assert mails
    for mail in mails:
        for number, title in ((1, "Queues"), (2, "Mirrors"), (3, "Guides")):
            assert f"{number}. {title}" in mail.paragraphs
            assert f"/proposals/{number}/decision" in mail.paragraphs


def test_a_budget_may_be_spent_on_proposals(scene: Scene) -> None:
    paper = paper_of(1, 2, 3, method=Method.BUDGET, budget=Money(250, "EUR"))
    vote = open_together(scene, 2, 3, paper=paper)
    for index in range(4):
        cast(scene, vote, index, {"approved": ["p1", "p3"]})
    close(vote)
    carried = [get_outcome_page(scene.project.id, number).carried for number in (1, 2, 3)]
    assert carried == [True, False, True]


def test_what_changed_since_it_was_read_opens_nothing(scene: Scene) -> None:
    with transaction():
        edit_proposal(
            scene.lead_actor,
            scene.project.id,
            2,
            title="Other",
            summary="Other.",
            body="Other.",
            revision=1,
            now=NOW,
        )
    with pytest.raises(Conflict, match=r"vote\.standing_changed"):
        open_together(scene, 2)
    assert states(scene) == [ProposalState.CONSULTATION] * 3
    assert open_together(scene, 2, revisions={2: 2})


@pytest.mark.parametrize(
    ("paper", "others", "code"),
    [
        (paper_of(1, 2), (), "vote.proposals"),
        (paper_of(2, 3), (2, 3), "vote.proposals"),
        (paper_of(1, 2, 2), (2,), "vote.proposals"),
        (BallotPaper(Method.YES_NO), (2,), "vote.proposals"),
        (paper_of(1), (), "vote.options"),
        (paper_of(1, 99), (99,), "not_found"),
    ],
)
def test_a_paper_names_exactly_the_proposals_of_its_vote(
    scene: Scene, paper: BallotPaper, others: tuple[int, ...], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        open_together(scene, *others, paper=paper)
    assert refused.value.code.startswith(code)


def test_a_proposal_in_another_state_stands_in_no_vote(scene: Scene) -> None:
    with transaction():
        withdraw_proposal(scene.lead_actor, scene.project.id, 2, reason="No.", now=NOW)
    with pytest.raises(Refusal, match=r"proposal\.withdrawn"):
        open_together(scene, 2)
    open_together(scene, 3)
    with pytest.raises(Refusal, match=r"proposal\.voting"):
        make_vote(scene, 3)


def test_they_are_ticked_on_the_opening_form(app: Flask, scene: Scene) -> None:
    lead = sign_in(app, scene.lead)
    url = f"/desk/{scene.project.slug}/proposals/1/open-vote"
    assert "3. Guides" in lead.get(f"{url}?method=approval").text
    form = {"method": "approval", "question": "Which?", "seats": "1", "points": "0"}
    form |= {"unranked": "abstain", "closes_at": "2020-01-01T10:00", "step": "preview"}
    for row in range(3):
        form |= {f"proposals-{row}-number": str(row + 1), f"proposals-{row}-revision": "1"}
    form |= {"proposals-0-chosen": "y", "proposals-2-chosen": "y"}
    page = lead.post(url, data=form)
    assert page.status_code == 200
    assert page.text.count("<b>Guides</b>") == 1
    assert page.text.count("<b>Mirrors</b>") == 0
    form |= {"step": "", "closes_at": f"{datetime.now(UTC) + DAY:%Y-%m-%dT%H:%M}"}
    form |= {"seal": seal_of(scene, 1, now=datetime.now(UTC))}
    stale = lead.post(url, data=form | {"proposals-2-revision": "7"})
    assert stale.status_code == 409
    assert 'name="proposals-2-revision" type="hidden" value="1"' in stale.text
    assert lead.post(url, data=form).status_code == 303
    assert states(scene) == [
        ProposalState.VOTING, ProposalState.CONSULTATION, ProposalState.VOTING]  # fmt: skip
