"""W3: a waiting statement stands on its stewards' desks alone, one to reword on its author's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from portal.database import transaction
from portal.domain.charter import DecisionMode
from portal.domain.needs import Credit
from portal.domain.statements import StatementAction
from portal.domain.tasks import TaskKind
from portal.models.identity import Person
from portal.queries.desks.desks import find_my_desks, get_overview
from portal.services.workshop.blocks import block_in_workshop
from tests.builders import NOW, actor_of
from tests.contributor_builders import make_contributor
from tests.statement_builders import HIDDEN, TEXT, Consultation, make_statements
from tests.vote_builders import make_vote


@pytest.fixture
def consultation(app: Flask) -> Consultation:
    return make_statements()


def on_desk_of(consultation: Consultation, person: Person) -> list[tuple[str, str]]:
    """Title and detail of the statements that wait on somebody's desk."""
    found = get_overview(consultation.project_id, actor_of(person), now=NOW).tasks
    kind = TaskKind.PROJECT_SCREEN_STATEMENT
    return [(task.title, task.detail) for task in found if task.kind is kind]


def on_own_desk(consultation: Consultation, by: int) -> list[str]:
    found = find_my_desks(consultation.scene.representative(by), now=NOW).tasks
    return [task.key for task in found if task.kind is TaskKind.ORGANIZATION_STATEMENT]


def test_what_waits_stands_on_stewards_desks_without_a_name(consultation: Consultation) -> None:
    consultation.put(HIDDEN)
    assert on_desk_of(consultation, consultation.steward) == [("Persistent queues", "")]
    assert on_desk_of(consultation, consultation.maintainer) == []


def test_w5_what_a_block_holds_back_is_no_task(consultation: Consultation) -> None:
    consultation.put()
    author = consultation.scene.representatives[0]
    with transaction():
        block_in_workshop(
            actor_of(consultation.steward), consultation.project_id, author.id, note="", now=NOW
        )
    assert on_desk_of(consultation, consultation.steward) == []


def test_other_words_are_asked_of_the_author_while_the_consultation_runs(
    consultation: Consultation,
) -> None:
    statement_id = consultation.put()
    consultation.screen(statement_id, StatementAction.ASK_TO_REWORD, reason="Kinder.")
    assert on_own_desk(consultation, 0) == [
        f"{consultation.scene.project.slug}/{consultation.number}"
    ]
    assert on_own_desk(consultation, 1) == []
    make_vote(consultation.scene, consultation.number)
    assert on_own_desk(consultation, 0) == []


def test_a_maintainers_own_statement_comes_back_to_them_alone(app: Flask) -> None:
    consultation = make_statements(mode=DecisionMode.TWO_HOUSES)
    statement_id = consultation.put_own(replace(TEXT, credit=Credit.NONE))
    make_contributor(consultation.scene.project, consultation.maintainer)
    consultation.screen(statement_id, StatementAction.ASK_TO_REWORD, reason="Kinder.")
    reader = actor_of(consultation.maintainer)
    assert [
        (task.kind, task.key)
        for task in find_my_desks(reader, now=NOW).tasks
        if task.kind.name.endswith("_STATEMENT")
    ] == [(TaskKind.PROJECT_STATEMENT, str(consultation.number))]
    lead = get_overview(consultation.project_id, consultation.scene.lead_actor, now=NOW).tasks
    assert TaskKind.PROJECT_STATEMENT not in {task.kind for task in lead}
