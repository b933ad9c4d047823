"""PRODUCT W2: several needs join in one proposal, all or none, and can leave it before the vote."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.needs import NeedState
from portal.domain.permissions import ProjectRole
from portal.models.needs import Need
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from portal.queries.workshop.joined_needs import list_joinable, list_joined
from portal.services.votes.proposals import withdraw_proposal
from portal.services.workshop.joining import join_needs, put_back_need
from tests.builders import NOW, make_person, sign_in
from tests.need_builders import make_need
from tests.vote_builders import SITE, Scene, make_consultation, make_draft, make_scene, make_vote


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def make_needs(scene: Scene, *states: NeedState) -> list[int]:
    """Needs of several organizations; their numbers."""
    return [
        make_need(
            scene.project, scene.organizations[index], scene.representatives[index], state,
            need=f"Need of {index}",
        ).number
        for index, state in enumerate(states)
    ]  # fmt: skip


def join(scene: Scene, numbers: list[int], proposal: int = 1) -> None:
    with transaction():
        join_needs(scene.lead_actor, scene.project.id, numbers, proposal, site=SITE, now=NOW)


def put_back(scene: Scene, number: int) -> None:
    with transaction():
        put_back_need(scene.lead_actor, scene.project.id, number, site=SITE, now=NOW)


def states(scene: Scene) -> list[NeedState]:
    db.session.expire_all()
    return list(db.session.scalars(select(Need.state).order_by(Need.number)))


def test_w2_several_needs_join_in_one_proposal_and_each_author_is_told(scene: Scene) -> None:
    make_draft(scene)
    numbers = make_needs(scene, NeedState.OPEN, NeedState.ANSWERED, NeedState.OPEN)
    assert [each.number for each in list_joinable(scene.project.id)] == numbers
    join(scene, numbers[:2])
    assert [each.number for each in list_joined(scene.project.id, 1)] == numbers[:2]
    assert [each.number for each in list_joinable(scene.project.id)] == numbers[2:]
    told = set(db.session.scalars(select(OutboxMessage.recipient)))
    assert told >= {person.email for person in scene.representatives[:2]}


def test_an_author_of_several_needs_gets_one_mail_for_all_of_them(scene: Scene) -> None:
    make_draft(scene)
    author, company = scene.representatives[0], scene.organizations[0]
    own = [make_need(scene.project, company, author, need="Words").number for _each in range(3)]
    join(scene, [*own, *make_needs(scene, NeedState.DRAFT, NeedState.OPEN)[1:]])
    mails = list(
        db.session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == author.email))
    )
    first, second, third = own
    assert [each.subject for each in mails] == [
        f"Your needs {first}, {second} and {third} to {scene.project.name}: taken up"
    ]
    assert mails[0].action_url == f"{SITE}/organizations/{company.slug}/needs"
    assert "Words" not in mails[0].paragraphs


def test_w2_all_join_or_none_does(scene: Scene) -> None:
    make_draft(scene)
    numbers = make_needs(scene, NeedState.OPEN, NeedState.DECLINED)
    with pytest.raises(Refusal, match=r"need\.declined"):
        join(scene, numbers)
    assert states(scene) == [NeedState.OPEN, NeedState.DECLINED]
    with pytest.raises(Refusal, match=r"need\.none"):
        join(scene, [])


def test_nothing_joins_a_proposal_that_is_put_to_the_vote(scene: Scene) -> None:
    numbers = make_needs(scene, NeedState.OPEN)
    make_vote(scene)
    with pytest.raises(Refusal, match=r"need\.proposal"):
        join(scene, numbers)


def test_a_need_leaves_its_proposal_before_the_vote_and_not_after(scene: Scene) -> None:
    number = make_consultation(scene)
    first, second = make_needs(scene, NeedState.OPEN, NeedState.OPEN)
    join(scene, [first, second])
    put_back(scene, first)
    assert states(scene) == [NeedState.OPEN, NeedState.TAKEN_UP]
    with pytest.raises(Refusal, match=r"need\.open"):
        put_back(scene, first)
    make_vote(scene, number)
    with pytest.raises(Refusal, match=r"need\.frozen"):
        put_back(scene, second)


def test_a_need_leaves_a_proposal_that_was_withdrawn(scene: Scene) -> None:
    make_draft(scene)
    numbers = make_needs(scene, NeedState.OPEN)
    join(scene, numbers)
    with transaction():
        withdraw_proposal(scene.lead_actor, scene.project.id, 1, reason="No.", now=NOW)
    put_back(scene, numbers[0])
    assert states(scene) == [NeedState.OPEN]


def test_needs_of_another_project_and_unreleased_ones_are_not_there(scene: Scene) -> None:
    other = make_scene()
    make_draft(scene)
    foreign = make_need(other.project, other.organizations[0], other.representatives[0])
    waiting = make_need(
        scene.project, scene.organizations[0], scene.representatives[0], NeedState.WAITING
    )
    with pytest.raises(NotFound):
        join(scene, [foreign.number + 10_000])
    with pytest.raises(Refusal, match=r"need\.waiting"):
        join(scene, [waiting.number])
    assert list_joinable(scene.project.id) == ()


def test_stewards_and_treasurers_join_nothing(app: Flask, scene: Scene) -> None:
    make_draft(scene)
    numbers = make_needs(scene, NeedState.OPEN)
    treasurer = make_person()
    with transaction() as session:
        session.add(
            Maintainership(
                project_id=scene.project.id, person_id=treasurer.id, role=ProjectRole.TREASURER,
                since=NOW,
            )
        )  # fmt: skip
    from tests.builders import actor_of

    with pytest.raises(Forbidden), transaction():
        join_needs(actor_of(treasurer), scene.project.id, numbers, 1, site=SITE, now=NOW)
    join(scene, numbers)
    page = sign_in(app, treasurer).get(f"/desk/{scene.project.slug}/proposals/1")
    assert page.status_code == 200
    assert "Need of 0" not in page.text, "what is private to author and maintainers"


def test_needs_are_ticked_while_a_proposal_is_drafted(app: Flask, scene: Scene) -> None:
    first, second = make_needs(scene, NeedState.OPEN, NeedState.OPEN)
    browser, root = sign_in(app, scene.lead), f"/desk/{scene.project.slug}"
    answer = browser.post(f"{root}/needs/join", data={"needs": [first, second], "proposal": 0})
    assert answer.status_code == 303
    page = browser.get(answer.location).text
    assert page.count("checked") >= 2
    text = {"title": "One thing", "summary": "S", "body": "B", "needs": [first, second]}
    preview = browser.post(f"{root}/proposals/new", data=text | {"step": "preview"}).text
    assert preview.count("checked") >= 2
    assert browser.post(f"{root}/proposals/new", data=text).status_code == 303
    assert [each.number for each in list_joined(scene.project.id, 1)] == [first, second]
    assert "Need of 1" in browser.get(f"{root}/proposals/1").text
    assert "Need of 1" in browser.get(f"{root}/proposals/1/edit").text
    public = app.test_client().get(f"/p/{scene.project.slug}/proposals/1")
    assert public.status_code == 404
    assert browser.post(f"{root}/needs/{first}/put-back").status_code == 303
    assert [each.number for each in list_joined(scene.project.id, 1)] == [second]


@pytest.mark.parametrize(
    "typed", [{}, {"needs": "x"}, {"needs": "999"}, {"needs": "1", "proposal": "999"}]
)
def test_a_bad_join_is_refused_at_its_field(
    app: Flask, scene: Scene, typed: dict[str, str]
) -> None:
    make_needs(scene, NeedState.OPEN)
    answer = sign_in(app, scene.lead).post(
        f"/desk/{scene.project.slug}/needs/join", data={"proposal": "0"} | typed
    )
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
