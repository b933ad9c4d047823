"""PRODUCT W3, W4 for contributors: with a voice they say it in person, and unnamed stay unnamed."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import ContributorsVoice, DecisionMode, StatementsShown
from portal.domain.errors import NotFound, Refusal
from portal.domain.needs import Credit
from portal.domain.statements import StatementAction, StatementState, StatementText
from portal.models.identity import Person
from portal.models.outbox import OutboxMessage
from portal.models.projects import CharterVersion
from portal.models.statements import Statement
from portal.queries.desks.desks import find_my_desks
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.own_statements import (
    get_personal_consultation,
    list_own_consultations,
)
from portal.queries.workshop.screening import get_screening_desk
from portal.queries.workshop.statements import find_public_statements
from portal.services.workshop.contributors import leave_project, show_name
from portal.services.workshop.statements import put_own_statement, withdraw_own_statement
from tests.builders import NOW, actor_of, make_person, sign_in
from tests.contributor_builders import make_contributor
from tests.statement_builders import TEXT, Consultation, make_statements, state_of
from tests.vote_builders import make_vote

NAME = "Lin Zanzibar"
UNNAMED = replace(TEXT, credit=Credit.NONE)
HOUSE, IN_MAINTAINERS = ContributorsVoice.HOUSE, ContributorsVoice.MAINTAINERS


def set_stage(voice: ContributorsVoice = HOUSE) -> tuple[Consultation, Person]:
    consultation = make_statements(
        slug="kelp",
        mode=DecisionMode.TWO_HOUSES,
        contributors=voice,
        statements_shown=StatementsShown.EVERYTHING,
    )
    person = make_person(NAME)
    make_contributor(consultation.scene.project, person)
    return consultation, person


def put(consultation: Consultation, person: Person, text: StatementText = UNNAMED) -> int:
    with transaction():
        put_own_statement(
            actor_of(person), consultation.project_id, consultation.number, text, seen=0,
            read_standing=partial(find_standing, consultation.project_id, now=NOW), now=NOW,
        )  # fmt: skip
    return db.session.scalars(select(Statement.id).where(Statement.author_id == person.id)).one()


@pytest.mark.parametrize("voice", [HOUSE, IN_MAINTAINERS])
def test_w3_a_contributor_with_a_voice_puts_a_statement_and_a_steward_reads_it_first(
    app: Flask, voice: ContributorsVoice
) -> None:
    consultation, person = set_stage(voice)
    statement_id = put(consultation, person)
    assert state_of(statement_id) is StatementState.WAITING
    public = partial(find_public_statements, consultation.project_id, consultation.number)
    assert not (found := public()) or found.statements == ()
    desk = get_screening_desk(consultation.project_id, now=NOW)
    assert NAME not in str(desk.statements)
    consultation.screen(statement_id)
    found = public()
    assert found
    assert [(each.name, each.said is None) for each in found.statements] == [(None, False)]
    with transaction():
        withdraw_own_statement(
            actor_of(person), consultation.project_id, consultation.number, now=NOW
        )
    assert state_of(statement_id) is StatementState.WITHDRAWN


def test_without_a_voice_there_is_no_statement(app: Flask) -> None:
    consultation, person = set_stage(ContributorsVoice.NONE)
    with pytest.raises(Refusal) as refused:
        put(consultation, person)
    assert refused.value.code == "statement.no_elector"
    page = get_personal_consultation(consultation.project_id, 1, person.id, now=NOW)
    assert page.reads is None


def test_w4_there_is_no_organization_to_name(app: Flask) -> None:
    consultation, person = set_stage()
    with pytest.raises(Refusal) as refused:
        put(consultation, person, TEXT)
    assert (refused.value.code, refused.value.field) == ("statement.credit", "credit")


def test_whoever_has_left_and_strangers_put_none(app: Flask) -> None:
    consultation, person = set_stage()
    with pytest.raises(NotFound):
        put(consultation, make_person())
    with transaction():
        leave_project(actor_of(person), consultation.project_id, now=NOW)
    with pytest.raises(NotFound):
        put(consultation, person)


@pytest.mark.parametrize("is_named", [False, True])
def test_w4_the_form_proposes_no_name_to_whom_public_pages_do_not_name(
    app: Flask, *, is_named: bool
) -> None:
    consultation, person = set_stage()
    with transaction():
        show_name(actor_of(person), consultation.project_id, is_named=is_named, now=NOW)
    page = sign_in(app, person).get("/contributor/kelp/statements/1/edit").get_data(as_text=True)
    inputs = [each for each in re.findall(r"<input[^>]*>", page) if 'name="credit"' in each]
    assert len(inputs) == 3
    chosen = [re.findall(r'value="(\w+)"', each) for each in inputs if "checked" in each]
    assert chosen == [["person" if is_named else "none"]]
    assert ("this statement would" in page) is not is_named


def test_asked_for_other_words_it_waits_on_the_contributors_pages_and_the_mail_leads_there(
    app: Flask,
) -> None:
    consultation, person = set_stage()
    statement_id = put(consultation, person)

    def waiting() -> list[str]:
        return [task.key for task in find_my_desks(actor_of(person), now=NOW).tasks]

    assert waiting() == []
    consultation.screen(statement_id, StatementAction.ASK_TO_REWORD, reason="Shorter, please")
    assert waiting() == ["1"]
    mail = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient == person.email)
    ).one()
    assert mail.action_url.endswith("/contributor/kelp/statements/1")
    browser = sign_in(app, person)
    home = browser.get("/contributor/kelp").get_data(as_text=True)
    assert "/contributor/kelp/statements/1/edit" in home
    answered = browser.post(
        "/contributor/kelp/statements/1/edit",
        data={"position": "support", "meaning": "Less waiting", "conflicts": "None",
              "credit": "none", "revision": "1"},
    )  # fmt: skip
    assert answered.location == "/contributor/kelp/statements/1"
    assert state_of(statement_id) is StatementState.WAITING
    assert "Less waiting" in browser.get(answered.location).get_data(as_text=True)


def test_the_list_holds_consultations_and_what_one_said_and_nothing_of_others(app: Flask) -> None:
    consultation, person = set_stage()
    consultation.put(by=0)
    lines, older = list_own_consultations(consultation.project_id, person.id)
    assert [(each.number, each.state) for each in lines] == [(1, None)]
    assert older is None
    put(consultation, person)
    lines, _older = list_own_consultations(consultation.project_id, person.id)
    assert [each.state for each in lines] == [StatementState.WAITING]


def test_an_elector_in_person_reads_on_after_the_voice_is_gone(app: Flask) -> None:
    consultation, person = set_stage()
    consultation.release(by=0)
    make_vote(consultation.scene, number=consultation.number)
    with transaction() as session:
        session.scalars(select(CharterVersion)).one().contributors = ContributorsVoice.NONE
    page = get_personal_consultation(consultation.project_id, 1, person.id, now=NOW)
    assert page.reads
    assert len(page.reads.statements) == 1
