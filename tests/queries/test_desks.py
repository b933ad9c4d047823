"""The desks: each kind of task, who is shown it, and what is done with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal.database import db, transaction
from portal.domain.charter import ContributorsVoice, DecisionMode
from portal.domain.conduct import ReportState
from portal.domain.needs import NeedState
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.proposals import ProposalState
from portal.domain.reconciliation import FindingKind
from portal.domain.sponsorship import Publication, Term
from portal.domain.tasks import TaskKind
from portal.models.conduct import ConductDistance, ConductReport
from portal.models.identity import Person
from portal.models.needs import Need
from portal.models.proposals import Proposal
from portal.models.reconciliation import ReconciliationFinding
from portal.queries.desks.desks import (
    find_my_desks,
    get_overview,
)
from portal.services.workshop.blocks import block_in_workshop
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.contributor_builders import cast_own, make_contributor
from tests.need_builders import make_message, make_need
from tests.sent_statements import sent_statements
from tests.vote_builders import DAY, Scene, cast, close, make_consultation, make_scene, make_vote

K = TaskKind


def kinds(scene: Scene, person: Person | None = None, *, days: int = 0) -> list[tuple[str, str]]:
    """What stands on the project's desk for somebody: kind without its place, and title."""
    actor = actor_of(person or scene.lead)
    found = get_overview(scene.project.id, actor, now=NOW + days * DAY).tasks
    return [(task.kind.removeprefix("project_"), task.title) for task in found]


def make_maintainer(scene: Scene, role: ProjectRole) -> Person:
    from portal.models.projects import Maintainership

    person = make_person()
    with transaction() as session:
        session.add(
            Maintainership(project_id=scene.project.id, person_id=person.id, role=role, since=NOW)
        )
    return person


@pytest.fixture
def scene(app: Flask) -> Scene:
    return make_scene()


def test_an_empty_desk_has_nothing(scene: Scene) -> None:
    assert kinds(scene) == []


def test_w3_what_waits_for_a_steward_is_shown_to_nobody_else(scene: Scene) -> None:
    company, author = scene.organizations[0], scene.representatives[0]
    make_need(scene.project, company, author, NeedState.WAITING, need="Unscreened")
    opened = make_need(scene.project, company, author, need="Released")
    make_message(opened, author, "A word nobody read yet")
    steward = make_maintainer(scene, ProjectRole.STEWARD)
    maintainer = make_maintainer(scene, ProjectRole.MAINTAINER)
    treasurer = make_maintainer(scene, ProjectRole.TREASURER)
    assert kinds(scene, steward) == [
        ("screen_message", "Released"),
        ("screen_need", "Unscreened"),
    ]
    assert kinds(scene, maintainer) == [("need", "Released")]
    assert kinds(scene, treasurer) == []


def test_w5_what_a_block_holds_back_is_not_on_the_desk(scene: Scene) -> None:
    company, author = scene.organizations[0], scene.representatives[0]
    make_need(scene.project, company, author, NeedState.WAITING)
    steward = actor_of(make_maintainer(scene, ProjectRole.STEWARD))
    with transaction():
        block_in_workshop(steward, scene.project.id, author.id, note="", now=NOW)
    assert kinds(scene) == []


def test_w5_a_conduct_report_is_on_the_desk_of_stewards_it_is_open_to(scene: Scene) -> None:
    steward, apart = (make_maintainer(scene, ProjectRole.STEWARD) for _each in range(2))
    reporter = scene.representatives[0]
    with transaction() as session:
        report = ConductReport(
            project_id=scene.project.id, number=1, reporter_id=reporter.id, what="Secret words",
            state=ReportState.RECEIVED, received_at=NOW, updated_at=NOW,
        )  # fmt: skip
        session.add(report)
        session.flush()
        session.add(ConductDistance(report_id=report.id, person_id=apart.id))
    assert kinds(scene, steward) == [("conduct", "")], "nothing of what it says"
    assert kinds(scene, apart) == []
    assert kinds(scene) == [], "not even for leads"


def test_a_need_waits_for_whoever_has_to_speak_next(scene: Scene) -> None:
    need = make_need(scene.project, scene.organizations[0], scene.representatives[0], need="N")
    assert kinds(scene) == [("need", "N")]
    make_message(need, scene.lead, by_project=True, released_at=NOW)
    assert kinds(scene) == [("need_asked", "N")]
    representative = scene.representative(0)
    waiting = find_my_desks(representative, now=NOW).tasks
    assert [task.kind for task in waiting] == [K.ORGANIZATION_ASKED]
    make_message(need, scene.representatives[0], released_at=NOW)
    assert kinds(scene) == [("need", "N")]
    assert find_my_desks(representative, now=NOW).tasks == ()


def test_a_contributor_finds_their_ballot_and_what_came_back(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES, contributors=ContributorsVoice.HOUSE)
    lin, kai = make_person("Lin"), make_person("Kai")
    for person in (lin, kai):
        make_contributor(scene.project, person)
    vote = make_vote(scene)

    def waiting(person: Person = lin) -> list[tuple[TaskKind, str]]:
        desks = find_my_desks(actor_of(person), now=NOW + 10 * DAY)
        assert [each.waiting for each in desks.contributions] == [len(desks.tasks)]
        return [(task.kind, task.key) for task in desks.tasks]

    ballot = (K.CONTRIBUTOR_BALLOT, str(vote))
    assert waiting() == waiting(kai) == [ballot]
    reword = make_need(scene.project, None, lin, NeedState.REWORD)
    asked = make_need(scene.project, None, lin)
    make_message(asked, scene.lead, by_project=True, released_at=NOW)
    cast_own(scene.project, lin, vote, "for")
    assert set(waiting()) == {
        (K.CONTRIBUTOR_REWORD, str(reword.id)), (K.CONTRIBUTOR_ASKED, str(asked.id)),
    }  # fmt: skip
    assert waiting(kai) == [ballot], "nothing of what others wrote"


def test_a_last_word_on_what_is_dealt_with_leaves_by_itself(scene: Scene) -> None:
    need = make_need(
        scene.project, scene.organizations[0], scene.representatives[0], NeedState.ANSWERED
    )
    make_message(need, scene.representatives[0], "Thank you", released_at=NOW)
    assert [kind for kind, _title in kinds(scene)] == ["need_message"]
    assert kinds(scene, days=31) == []


def test_a_need_whose_proposal_was_withdrawn_comes_back(scene: Scene) -> None:
    number = make_consultation(scene)
    proposal = db.session.query(Proposal).filter_by(number=number).one()
    make_need(
        scene.project, scene.organizations[0], scene.representatives[0], NeedState.TAKEN_UP,
        need="N", proposal_id=proposal.id,
    )  # fmt: skip
    assert ("need_left", "N") not in kinds(scene)
    with transaction() as session:
        session.execute(
            update(Proposal).values(state=ProposalState.WITHDRAWN).where(Proposal.id == proposal.id)
        )
    assert ("need_left", "N") in kinds(scene)


def test_votes_stand_as_a_ballot_until_it_is_cast_then_as_a_close(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    question = "Shall queues survive restarts?"
    assert kinds(scene) == [("ballot", question)]
    newcomer = make_maintainer(scene, ProjectRole.MAINTAINER)
    assert kinds(scene, newcomer) == [("vote", question)], "no elector of this vote"
    ballots = find_my_desks(scene.representative(0), now=NOW).tasks
    assert [(task.kind, task.key) for task in ballots] == [(K.ORGANIZATION_BALLOT, str(vote))]
    cast(scene, vote, 0, "for")
    assert find_my_desks(scene.representative(0), now=NOW + DAY).tasks == ()
    close(vote)
    assert kinds(scene, days=14) == [("decision", "Persistent queues")]


def test_sponsors_to_approve_and_money_go_to_those_who_look_after_them(scene: Scene) -> None:
    tier = make_tier(scene.project)
    make_sponsorship(make_organization("new", name="New"), tier, publication=Publication.IN_REVIEW)
    make_sponsorship(
        make_organization("late", name="Late"), tier,
        term=Term.GRACE, grace_ends_at=NOW + 5 * DAY,
    )  # fmt: skip
    with transaction() as session:
        session.add(
            ReconciliationFinding(
                kind=FindingKind.CHECKOUT_UNKNOWN,
                key="k",
                project_id=scene.project.id,
                sentence="Differs",
                first_seen_at=NOW,
            )
        )
    treasurer = make_maintainer(scene, ProjectRole.TREASURER)
    maintainer = make_maintainer(scene, ProjectRole.MAINTAINER)
    assert kinds(scene, treasurer) == [("grace", "Late"), ("finding", "Differs")]
    assert kinds(scene, maintainer) == [("sponsor", "New")]
    assert {kind for kind, _title in kinds(scene)} == {"grace", "finding", "sponsor"}


def test_no_more_than_five_of_a_kind_are_listed_and_the_rest_is_counted(scene: Scene) -> None:
    for number in range(8):
        make_need(
            scene.project, scene.organizations[0], scene.representatives[0], NeedState.WAITING,
            handed_in_at=NOW - number * DAY,
        )  # fmt: skip
    tasks = get_overview(scene.project.id, scene.lead_actor, now=NOW).tasks
    assert [task.more for task in tasks] == [0, 0, 0, 0, 3]
    assert tasks[0].since == NOW - 7 * DAY
    place = find_my_desks(scene.lead_actor, now=NOW).projects[0]
    assert place.waiting == 8


def test_nobody_is_shown_what_waits_elsewhere(scene: Scene) -> None:
    other = make_scene()
    make_need(other.project, other.organizations[0], other.representatives[0])
    make_vote(other)
    assert find_my_desks(scene.lead_actor, now=NOW).tasks == ()
    assert find_my_desks(scene.representative(0), now=NOW).tasks == ()
    assert len(find_my_desks(other.lead_actor, now=NOW).tasks) == 2


def test_statements_are_few_and_do_not_grow(scene: Scene) -> None:
    person = scene.lead

    def statements() -> tuple[int, int]:
        actor, project_id = actor_of(person), scene.project.id
        with sent_statements() as sent:
            get_overview(project_id, actor, now=NOW)
            half = len(sent)
            find_my_desks(actor, now=NOW)
        return half, len(sent) - half

    make_organization(roles={person: list(OrganizationRole)})
    make_contributor(make_project(), person)
    before = statements()
    assert before == (3, 5)
    for index in range(4):
        other = make_project()
        make_contributor(other, person)
        make_need(other, None, person, NeedState.REWORD)
        company = make_organization(roles={person: list(OrganizationRole)})
        make_sponsorship(company, make_tier(scene.project), publication=Publication.IN_REVIEW)
        make_need(scene.project, scene.organizations[index], scene.representatives[index])
    assert statements() == before


def test_the_order_is_by_what_is_due_first(scene: Scene) -> None:
    make_vote(scene)
    make_need(
        scene.project, scene.organizations[0], scene.representatives[0], need="Old",
        released_at=NOW - timedelta(days=40),
    )  # fmt: skip
    assert [kind for kind, _title in kinds(scene)] == ["need", "vote"]
    assert db.session.query(Need).count() == 1
