"""What a stake did: for members, never more than the vote's privacy allows; for others, credits."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask

from portal.database import db, transaction
from portal.domain.charter import PrivacyMode
from portal.domain.decisions import DecisionKind, RoadmapAction, RoadmapState
from portal.domain.needs import Credit, NeedState
from portal.domain.permissions import OrganizationRole
from portal.models.organizations import Membership
from portal.models.proposals import Proposal
from portal.queries.sponsorship.stake_effects import (
    ProjectEffects,
    find_effects,
    list_credited,
)
from portal.services.projects.roadmap import report_progress
from portal.services.votes.decisions import decide
from tests.builders import NOW, make_person, sign_in
from tests.need_builders import make_need
from tests.vote_builders import DAY, Scene, cast, close, make_scene, make_vote

END = NOW + 14 * DAY


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def effects(scene: Scene, *, reads_needs: bool = True) -> ProjectEffects:
    (found,) = find_effects(scene.organizations[0].id, reads_needs=reads_needs, now=END)
    return found


def vote_and_ship(scene: Scene) -> None:
    vote = make_vote(scene)
    for index in range(4):
        cast(scene, vote, index, "for")
    close(vote)
    said: dict[str, Any] = {
        "kind": DecisionKind.ACCEPTED, "reasons": "R", "responsible": "L",
        "review_on": date(2027, 6, 1), "now": END,
    }  # fmt: skip
    steps = ((RoadmapAction.START, ""), (RoadmapAction.SHIP, "https://example.org/1"))
    with transaction():
        decide(scene.lead_actor, scene.project.id, 1, **said)
    for action, url in steps:
        with transaction():
            report_progress(
                scene.lead_actor, scene.project.id, 1, action=action, shipped_url=url, now=END
            )


def test_a_stake_is_followed_from_the_ballot_to_what_shipped(scene: Scene) -> None:
    vote_and_ship(scene)
    found = effects(scene)
    (ballot,) = found.ballots
    assert (ballot.cast, ballot.position, ballot.decision, ballot.follows) == (
        True,
        "for",
        DecisionKind.ACCEPTED,
        True,
    )
    assert (ballot.roadmap, ballot.shipped_url) == (RoadmapState.SHIPPED, "https://example.org/1")
    assert (found.cast, found.votes, found.shipped) == (1, 1, 1)


def test_a_choice_is_not_shown_before_the_close(scene: Scene) -> None:
    cast(scene, make_vote(scene), 0, "against")
    (found,) = find_effects(scene.organizations[0].id, reads_needs=True, now=NOW + 2 * DAY)
    assert [(each.cast, each.position) for each in found.ballots] == [(True, None)]


def test_a_choice_in_a_secret_vote_is_never_shown(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = make_vote(scene)
    for index in range(6):
        cast(scene, vote, index, "against")
    close(vote)
    (ballot,) = effects(scene).ballots
    assert (ballot.cast, ballot.position) == (True, None)
    page = sign_in(app, scene.representatives[0]).get(
        f"/organizations/{scene.organizations[0].slug}/stake"
    )
    assert page.status_code == 200
    assert not re.search(r"Against", page.text)


def test_needs_are_for_those_who_may_read_them(app: Flask, scene: Scene) -> None:
    company = scene.organizations[0]
    make_need(scene.project, company, scene.representatives[0], need="A private matter")
    make_need(scene.project, company, scene.representatives[0], NeedState.DRAFT, need="A draft")
    assert effects(scene, reads_needs=False).needs is None
    viewer = make_person()
    with transaction() as session:
        session.add(
            Membership(
                organization_id=company.id, person_id=viewer.id, role=OrganizationRole.VIEWER,
                since=NOW,
            )
        )  # fmt: skip
    url = f"/organizations/{company.slug}/stake"
    own = sign_in(app, scene.representatives[0]).get(url).text
    assert "A private matter" in own
    assert "A draft" not in own
    others = sign_in(app, viewer).get(url)
    assert others.status_code == 200
    assert "A private matter" not in others.text
    assert sign_in(app, scene.representatives[1]).get(url).status_code == 404


def test_the_public_page_names_only_proposals_that_credit_the_organization(
    app: Flask, scene: Scene
) -> None:
    vote_and_ship(scene)
    proposal = db.session.query(Proposal).one()
    company, author = scene.organizations[0], scene.representatives[0]
    taken = {"state": NeedState.TAKEN_UP, "proposal_id": proposal.id, "need": "Private words"}
    make_need(scene.project, company, author, **taken, is_private=True)
    make_need(scene.project, company, author, **taken, credit=Credit.NONE)
    assert list_credited(company.slug) == ()
    make_need(scene.project, company, author, **taken)
    assert [each.number for each in list_credited(company.slug)] == [1]
    page = app.test_client().get(f"/o/{company.slug}").text
    assert "Persistent queues" in page
    assert "https://example.org/1" in page
    assert "Private words" not in page
