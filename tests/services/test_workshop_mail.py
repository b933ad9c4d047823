"""Stewards and maintainers learn that something waits; no mail to others says what (W3, W5)."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.needs import NeedAction
from portal.domain.notifications import MailKind, Way
from portal.jobs import run_due
from portal.models.identity import Person
from portal.models.needs import NeedMessage
from portal.models.outbox import OutboxMessage
from portal.services.notifications.choices import choose_ways
from portal.services.workshop.blocks import block_in_workshop, block_person
from portal.services.workshop.need_answers import write_to_author
from portal.services.workshop.needs import write_to_maintainers
from portal.services.workshop.screening import grant_trust, screen_message
from tests.builders import NOW
from tests.services.test_needs import HOUR, SITE, Workshop, number_of
from tests.services.test_needs import workshop as workshop  # noqa: PLC0414 - the fixture
from tests.statement_builders import HIDDEN, make_statements

SECRET_WORDS = ("satellite", "broken transfers", "Forty ships", "working days", "Hush")


def waiting_for(kind: MailKind) -> list[tuple[int, str]]:
    rows = db.session.scalars(
        select(OutboxMessage).filter_by(kind=kind.value).order_by(OutboxMessage.id)
    )
    return [(row.person_id or 0, row.subject) for row in rows]


def address(person_id: int | None) -> str:
    return db.session.get_one(Person, person_id).email


def write(workshop: Workshop, need_id: int, text: str = "Hush") -> int:
    with transaction():
        write_to_maintainers(workshop.author, workshop.company.id, need_id, text, now=NOW)
    return db.session.scalars(select(NeedMessage.id).order_by(NeedMessage.id.desc())).first() or 0


def release(workshop: Workshop, message_id: int) -> None:
    with transaction():
        screen_message(
            workshop.steward, workshop.project.id, message_id, released=True, reason="", now=NOW
        )


def test_stewards_learn_of_what_waits_and_maintainers_of_what_was_released(
    workshop: Workshop,
) -> None:
    need_id = workshop.submit()
    steward, maintainer = workshop.steward.person_id, workshop.maintainer.person_id
    number, name = number_of(need_id), workshop.project.name
    assert waiting_for(MailKind.SCREENING) == [
        (steward, f"For the stewards of {name}: need {number} was handed in")
    ]
    assert waiting_for(MailKind.NEED_DESK) == []
    workshop.screen(need_id, NeedAction.RELEASE)
    assert waiting_for(MailKind.NEED_DESK) == [(maintainer, f"{name}: need {number}")]
    message_id = write(workshop, need_id)
    assert len(waiting_for(MailKind.SCREENING)) == 2
    release(workshop, message_id)
    assert waiting_for(MailKind.NEED_DESK)[1:] == [
        (maintainer, f"{name}: a message about need {number}")
    ]


def test_what_a_trusted_person_writes_passes_the_stewards_by(workshop: Workshop) -> None:
    workshop.submit()
    with transaction():
        grant_trust(workshop.steward, workshop.project.id, workshop.author.person_id or 0, now=NOW)
    workshop.submit()
    assert len(waiting_for(MailKind.SCREENING)) == 1
    assert len(waiting_for(MailKind.NEED_DESK)) == 1


def test_w3_no_mail_to_others_carries_what_somebody_wrote_digests_included(
    app: Flask, workshop: Workshop
) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.ASK_TO_REWORD, "Please, other words")
    second = workshop.submit()
    workshop.screen(second, NeedAction.RELEASE)
    write(workshop, second)
    release(workshop, write(workshop, second))
    for actor in (workshop.steward, workshop.maintainer):
        with transaction():
            choose_ways(actor, {MailKind.SCREENING: Way.WEEKLY}, now=NOW)
    run_due(app, NOW + HOUR)
    run_due(app, NOW + timedelta(days=8))
    own = address(workshop.author.person_id)
    sent = app.extensions["stakehold"].mail.sent
    others = [mail for mail in sent if mail.recipient != own]
    assert any("need" in mail.text for mail in others)
    for mail in others:
        for words in SECRET_WORDS:
            assert words not in mail.text + mail.html + mail.subject


def test_w5_nobody_is_told_of_what_a_block_holds_back(workshop: Workshop) -> None:
    with transaction():
        block_in_workshop(
            workshop.steward, workshop.project.id, workshop.author.person_id or 0, note="", now=NOW
        )
    workshop.submit()
    assert waiting_for(MailKind.SCREENING) == waiting_for(MailKind.NEED_DESK) == []


def test_w5_an_answer_in_ones_own_name_is_not_told_between_people_kept_apart(
    workshop: Workshop,
) -> None:
    need_id = workshop.submit()
    workshop.screen(need_id, NeedAction.RELEASE)
    with transaction():
        block_person(workshop.author, workshop.maintainer.person_id or 0, now=NOW)
    before = len(waiting_for(MailKind.NEED))
    for as_project, more in ((False, 0), (True, 1)):
        with transaction():
            write_to_author(
                workshop.maintainer, workshop.project.id, number_of(need_id),
                text="Words", as_project=as_project, site=SITE, now=NOW,
            )  # fmt: skip
        assert len(waiting_for(MailKind.NEED)) == before + more


def test_stewards_learn_of_a_statement_without_a_word_of_it_or_its_author(app: Flask) -> None:
    consultation = make_statements()
    consultation.put(HIDDEN)
    (told,) = {subject for _person, subject in waiting_for(MailKind.SCREENING)}
    name = consultation.scene.project.name
    assert told == f"For the stewards of {name}: a statement on proposal 1 was handed in"
