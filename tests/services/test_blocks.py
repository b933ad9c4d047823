"""PRODUCT W5: blocks are silent; what the blocked write reaches nobody, and their ballots count."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.needs import NeedAction, NeedState
from portal.domain.permissions import Actor, OrganizationRole, ProjectRole
from portal.models.audit import AuditEntry
from portal.models.blocks import are_apart
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership, Project
from portal.queries.workshop.blocks import list_kept_apart, list_workshop_blocks
from portal.queries.workshop.needs import get_own_need, get_project_need, list_project_needs
from portal.queries.workshop.screening import count_waiting, get_screening_desk
from portal.services.workshop.blocks import (
    block_in_workshop,
    block_person,
    leave_out_apart,
    lift_block,
    unblock_person,
)
from portal.services.workshop.needs import edit_need, submit_need, write_to_maintainers
from portal.services.workshop.screening import grant_trust, screen_message
from tests.builders import NOW, actor_of, make_person, make_project
from tests.services.test_needs import TEXT, Workshop, number_of, state_of, workshop
from tests.services.test_tallies import outcome_of
from tests.vote_builders import ballots_of, cast, close, make_scene, make_vote

__all__ = ["workshop"]


def block(workshop: Workshop, person_id: int | None) -> None:
    with transaction():
        block_in_workshop(
            workshop.steward, workshop.project.id, person_id or 0, note="Why", now=NOW
        )


def lift(workshop: Workshop, person_id: int | None) -> None:
    with transaction():
        lift_block(workshop.steward, workshop.project.id, person_id or 0, now=NOW)


def is_unseen(workshop: Workshop, need_id: int) -> bool:
    """Neither stewards nor maintainers reach a need in any way."""
    project_id, number = workshop.project.id, number_of(need_id)
    for screening in (True, False):
        try:
            get_project_need(project_id, number, screening=screening)
        except NotFound:
            continue
        return False
    desk = get_screening_desk(project_id, now=NOW)
    return not desk.needs and desk.size == 0 and list_project_needs(project_id) == ((), None)


def test_w5_what_the_blocked_write_reaches_nobody(workshop: Workshop) -> None:
    block(workshop, workshop.author.person_id)
    need_id = workshop.submit()
    assert is_unseen(workshop, need_id)
    with pytest.raises(Refusal) as refused:
        workshop.screen(need_id, NeedAction.RELEASE)
    assert refused.value.code == "block.held"
    assert state_of(need_id) is NeedState.WAITING


def test_w5_a_block_holds_what_waits_already(workshop: Workshop) -> None:
    need_id = workshop.submit()
    block(workshop, workshop.author.person_id)
    assert is_unseen(workshop, need_id)


def test_w5_what_was_released_stays_and_new_words_about_it_are_held(workshop: Workshop) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    number = number_of(need_id)
    block(workshop, workshop.author.person_id)
    with transaction():
        write_to_maintainers(workshop.author, workshop.company.id, need_id, "Held", now=NOW)
    for screening in (True, False):
        assert get_project_need(workshop.project.id, number, screening=screening).messages == ()
    assert count_waiting(workshop.project.id) == 0
    (own,) = get_own_need(workshop.company.id, need_id).messages
    assert (own.text, own.released, own.refused) == ("Held", False, False)
    lift(workshop, workshop.author.person_id)
    (waiting,) = get_screening_desk(workshop.project.id, now=NOW).messages
    assert waiting.text == "Held"
    block(workshop, workshop.author.person_id)
    with pytest.raises(Refusal), transaction():
        screen_message(
            workshop.steward, workshop.project.id, waiting.id, released=True, reason="", now=NOW
        )


def test_w5_a_colleague_is_no_way_around_a_block(workshop: Workshop) -> None:
    """Held is what a blocked person began, and what one handed in."""
    colleague = make_person()
    with transaction() as session:
        session.add(
            Membership(
                organization_id=workshop.company.id,
                person_id=colleague.id,
                role=OrganizationRole.DEPUTY,
                since=NOW,
            )
        )
    actor = actor_of(colleague)
    begun = workshop.submit()
    workshop.screen(begun, NeedAction.ASK_TO_REWORD, "In other words, please.")
    block(workshop, actor.person_id)
    with transaction():
        edit_need(
            actor, workshop.company.id, begun, replace(TEXT, need="Worse"), revision=1, now=NOW
        )
        submit_need(actor, workshop.company.id, begun, now=NOW)
    assert is_unseen(workshop, begun)
    lift(workshop, actor.person_id)
    assert not is_unseen(workshop, begun)
    block(workshop, workshop.author.person_id)
    assert is_unseen(workshop, begun)


def test_w5_the_blocked_see_nothing_of_it(workshop: Workshop) -> None:
    """Their page, their organization's audit list and their mail are those of a thing that waits."""

    def traces() -> tuple[object, ...]:
        page = get_own_need(workshop.company.id, workshop.submit())
        said = db.session.scalars(
            select(AuditEntry.tag).where(AuditEntry.organization_id == workshop.company.id)
        ).all()
        own = select(Person.email).where(Person.id == workshop.author.person_id)
        mails = db.session.scalar(
            select(func.count(OutboxMessage.id)).where(OutboxMessage.recipient.in_(own))
        )
        with transaction() as session:
            session.execute(delete(AuditEntry))
            session.execute(delete(OutboxMessage))
        return replace(page, id=0, number=0), said, mails

    before = traces()
    block(workshop, workshop.author.person_id)
    assert traces() == before


def test_w5_a_lifted_block_brings_what_was_held_into_the_queue(workshop: Workshop) -> None:
    block(workshop, workshop.author.person_id)
    need_id = workshop.submit()
    (line,) = list_workshop_blocks(workshop.project.id)
    assert (line.name, line.note, line.held) == ("Rita Rep", "Why", 1)
    lift(workshop, workshop.author.person_id)
    lift(workshop, workshop.author.person_id)
    assert list_workshop_blocks(workshop.project.id) == ()
    (waiting,) = get_screening_desk(workshop.project.id, now=NOW).needs
    assert waiting.number == number_of(need_id)


def test_w5_a_block_ends_trust_and_none_is_granted_meanwhile(workshop: Workshop) -> None:
    workshop.submit()
    person_id = workshop.author.person_id or 0
    with transaction():
        grant_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
    block(workshop, person_id)
    assert get_screening_desk(workshop.project.id, now=NOW).trusted == ()
    assert state_of(workshop.submit()) is NeedState.WAITING
    with pytest.raises(Refusal), transaction():
        grant_trust(workshop.steward, workshop.project.id, person_id, now=NOW)
    lift(workshop, person_id)
    assert get_screening_desk(workshop.project.id, now=NOW).trusted == ()


def test_w5_a_block_holds_in_its_project_alone(workshop: Workshop) -> None:
    other, steward = make_project(), make_person()
    _appoint(other, steward, ProjectRole.STEWARD)
    with transaction():
        block_in_workshop(
            actor_of(steward), other.id, workshop.author.person_id or 0, note="", now=NOW
        )
    assert not is_unseen(workshop, workshop.submit())


def test_w5_only_stewards_block_and_never_a_maintainer(workshop: Workshop) -> None:
    lead = make_person()
    _appoint(workshop.project, lead, ProjectRole.LEAD)
    cases: list[tuple[Actor, type[Exception]]] = [
        (actor_of(lead), Forbidden),
        (workshop.maintainer, Forbidden),
        (workshop.author, NotFound),
    ]
    for actor, error in cases:
        for verb in (_set_by, _lift_by):
            with pytest.raises(error), transaction():
                verb(actor, workshop)
    with pytest.raises(Refusal) as refused:
        block(workshop, lead.id)
    assert refused.value.code == "block.maintainer"
    with pytest.raises(NotFound):
        lift(workshop, workshop.author.person_id)


def _set_by(actor: Actor, workshop: Workshop) -> None:
    person_id = workshop.author.person_id or 0
    block_in_workshop(actor, workshop.project.id, person_id, note="", now=NOW)


def _lift_by(actor: Actor, workshop: Workshop) -> None:
    lift_block(actor, workshop.project.id, workshop.author.person_id or 0, now=NOW)


def _appoint(project: Project, person: Person, role: ProjectRole) -> None:
    with transaction() as session:
        session.add(
            Maintainership(project_id=project.id, person_id=person.id, role=role, since=NOW)
        )


def test_w5_the_audit_list_says_that_it_happened_and_not_to_whom(workshop: Workshop) -> None:
    block(workshop, workshop.author.person_id)
    block(workshop, workshop.author.person_id)
    lift(workshop, workshop.author.person_id)
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag.startswith("block:"))
    ).all()
    assert [each.tag for each in entries] == ["block:workshop:set", "block:workshop:lifted"]
    assert {each.project_id for each in entries} == {workshop.project.id}
    assert not [each for each in entries if "Rita" in each.sentence or each.details]


@pytest.mark.parametrize("when", ["before the vote opens", "while it is open"])
def test_w5_a_block_never_takes_a_ballot_away(app: Flask, when: str) -> None:
    def count(*, blocked: bool) -> tuple[object, int]:
        scene, steward = make_scene(weights=(4, 2)), make_person()
        _appoint(scene.project, steward, ProjectRole.STEWARD)

        def block_all(now: str) -> None:
            if blocked and now == when:
                with transaction():
                    for each in scene.representatives:
                        block_in_workshop(
                            actor_of(steward), scene.project.id, each.id, note="", now=NOW
                        )

        block_all("before the vote opens")
        vote_id = make_vote(scene)
        block_all("while it is open")
        for index in range(2):
            cast(scene, vote_id, index, "for")
        close(vote_id)
        figures = dict(outcome_of(vote_id).figures)
        return figures, len([each for each in ballots_of(vote_id) if not each.superseded_at])

    assert count(blocked=True) == count(blocked=False)
    assert count(blocked=True)[1] == 2


@pytest.mark.parametrize("who", ["blocker", "blocked"])
def test_w5_nobody_is_notified_of_somebody_they_are_apart_from(app: Flask, who: str) -> None:
    ada, ben, cleo = make_person("Ada"), make_person("Ben"), make_person("Cleo")
    with transaction():
        block_person(actor_of(ada), ben.id, now=NOW)
        block_person(actor_of(ada), ben.id, now=NOW)
    one, other = (ada, ben) if who == "blocker" else (ben, ada)
    assert leave_out_apart([one.id, cleo.id], other.id) == {cleo.id}
    assert leave_out_apart([one.id, other.id], other.id) == {other.id}
    assert leave_out_apart([one.id, other.id, cleo.id], cleo.id) == {one.id, other.id, cleo.id}
    assert leave_out_apart([one.id, other.id], None) == {one.id, other.id}
    apart = select(Person.name).where(are_apart(Person.id, other.id)).order_by(Person.name)
    assert db.session.scalars(apart).all() == [one.name]


def test_w5_only_who_blocked_sees_it_and_ends_it(app: Flask) -> None:
    ada, ben = make_person("Ada"), make_person("Ben")
    with transaction():
        block_person(actor_of(ada), ben.id, now=NOW)
        unblock_person(actor_of(ben), ada.id, now=NOW)
    assert [each.name for each in list_kept_apart(ada.id)] == ["Ben"]
    assert list_kept_apart(ben.id) == ()
    with transaction():
        unblock_person(actor_of(ada), ben.id, now=NOW)
    assert list_kept_apart(ada.id) == ()
    assert leave_out_apart([ada.id], ben.id) == {ada.id}
    assert not [each for each in db.session.scalars(select(AuditEntry.sentence)) if "Ben" in each]


def test_w5_nobody_blocks_oneself(app: Flask) -> None:
    ada = make_person()
    with pytest.raises(Refusal), transaction():
        block_person(actor_of(ada), ada.id, now=NOW)
    with pytest.raises(NotFound), transaction():
        block_person(actor_of(ada), 987_654, now=NOW)
