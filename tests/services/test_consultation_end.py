"""The last day of a consultation: who sets it, what ends with it, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, Refusal
from portal.domain.statements import StatementAction, StatementState
from portal.domain.tasks import Horizon, horizon
from portal.models.notifications import ProposalNews
from portal.queries.desks.desks import get_overview
from portal.queries.workshop.own_statements import get_organization_consultation
from portal.services.votes.proposals import date_consultation, publish_proposal
from portal.services.workshop.statements import withdraw_statement
from tests.builders import NOW, actor_of, make_person, sign_in
from tests.statement_builders import TEXT, Consultation, make_statements, state_of
from tests.vote_builders import DAY, make_draft, make_vote

LAST = datetime.combine((NOW + 9 * DAY).date(), time.max, tzinfo=NOW.tzinfo)
LATE = LAST + timedelta(microseconds=1)


@pytest.fixture
def consultation(app: Flask) -> Consultation:
    return make_statements(slug="kelp")


def date(consultation: Consultation, until: datetime | None = LAST, *, now: datetime = NOW) -> None:
    with transaction():
        date_consultation(
            actor_of(consultation.maintainer), consultation.project_id, consultation.number,
            until=until, now=now,
        )  # fmt: skip


def put(consultation: Consultation, *, now: datetime, by: int = 0, meaning: str = "Words") -> int:
    return consultation.put(replace(TEXT, meaning=meaning), by=by, now=now)


def test_after_the_last_day_nothing_is_put_or_changed_and_more_time_opens_it_again(
    consultation: Consultation,
) -> None:
    date(consultation)
    put(consultation, now=LAST)
    for by in (0, 1):
        with pytest.raises(Refusal) as refused:
            put(consultation, now=LATE, by=by, meaning="Late")
        assert refused.value.code == "statement.ended"
    date(consultation, LAST + 5 * DAY, now=LATE)
    put(consultation, now=LATE, by=1)
    date(consultation, None, now=LATE)
    put(consultation, now=LATE + 90 * DAY, meaning="As long as no vote is open")


def test_words_that_are_asked_for_may_come_late_and_everybody_may_withdraw(
    consultation: Consultation,
) -> None:
    date(consultation)
    reworded, other = put(consultation, now=NOW), put(consultation, now=NOW, by=1)
    consultation.screen(reworded, StatementAction.ASK_TO_REWORD, reason="Kinder.")
    put(consultation, now=LATE, meaning="Kinder words")
    assert state_of(reworded) is StatementState.WAITING
    scene = consultation.scene
    with transaction():
        withdraw_statement(
            scene.representative(1), scene.organizations[1].id, consultation.project_id,
            consultation.number, now=LATE,
        )  # fmt: skip
    assert state_of(other) is StatementState.WITHDRAWN


def test_its_page_says_until_when_and_that_it_is_over(consultation: Consultation) -> None:
    date(consultation)

    def read(now: datetime) -> tuple[bool, list[str]]:
        page = get_organization_consultation(
            consultation.scene.organizations[0].id, consultation.project_id, consultation.number,
            now=now,
        )  # fmt: skip
        assert page.consulted_until == LAST
        return page.ended, [each.code for each in page.obstacles]

    assert read(LAST) == (False, [])
    assert read(LATE) == (True, ["statement.ended"])


@pytest.mark.parametrize(
    ("until", "code"),
    [(NOW - DAY, "proposal.until_past"), (NOW + 367 * DAY, "proposal.until_far")],
)
def test_an_end_is_ahead_and_within_a_year(
    consultation: Consultation, until: datetime, code: str
) -> None:
    draft = make_draft(consultation.scene)
    with pytest.raises(Refusal) as dated:
        date(consultation, until)
    with pytest.raises(Refusal) as published, transaction():
        publish_proposal(
            consultation.scene.lead_actor, consultation.project_id, draft,
            revision=1, until=until, now=NOW,
        )  # fmt: skip
    for refused in (dated, published):
        assert (refused.value.code, refused.value.field) == (code, "until")


def test_it_is_for_maintainers_and_for_consultations(consultation: Consultation) -> None:
    with pytest.raises(Forbidden), transaction():
        date_consultation(
            actor_of(consultation.steward), consultation.project_id, consultation.number,
            until=LAST, now=NOW,
        )  # fmt: skip
    make_vote(consultation.scene, consultation.number)
    with pytest.raises(Refusal, match=r"statement\.over"):
        date(consultation)


def test_electors_are_told_once_of_each_change(consultation: Consultation) -> None:
    date(consultation)
    date(consultation)
    told = list(db.session.scalars(select(ProposalNews).order_by(ProposalNews.id)))[1:]
    assert [each.subject for each in told] == ["Time for statements: Persistent queues"]
    assert f"until {LAST.day} {LAST:%B %Y} (UTC)" in told[0].paragraphs


def test_the_desk_follows_the_last_day_and_not_the_usual_time(consultation: Consultation) -> None:
    def waits(now: datetime) -> list[tuple[str, Horizon]]:
        tasks = get_overview(consultation.project_id, consultation.scene.lead_actor, now=now).tasks
        return [(each.kind.removeprefix("project_"), horizon(each, now=now)) for each in tasks]

    assert waits(NOW + 29 * DAY) == [("consultation", Horizon.NOW)]
    date(consultation, NOW + 60 * DAY)
    assert waits(NOW + 59 * DAY) == [("consultation", Horizon.LATER)]
    assert waits(NOW + 61 * DAY) == [("consulted", Horizon.NOW)]


def test_it_is_set_on_the_desk_and_shown_to_everybody(
    app: Flask, consultation: Consultation
) -> None:
    browser, desk = sign_in(app, consultation.maintainer), "/desk/kelp/proposals/1"
    today = datetime.now(tz=NOW.tzinfo)
    last = (today + 9 * DAY).date()
    for typed in ("soon", str((today - 3 * DAY).date()), "99999-01-01"):
        answer = browser.post(f"{desk}/consultation", data={"until": typed})
        assert answer.status_code == 422
        assert 'href="#until"' in answer.text
    assert browser.post(f"{desk}/consultation", data={"until": str(last)}).status_code == 303
    assert "until" in browser.get(desk).text
    public = app.test_client().get("/p/kelp/proposals/1").text
    assert "Statements are taken until" in public
    own = sign_in(app, consultation.scene.representatives[0])
    slug = consultation.scene.organizations[0].slug
    assert (
        "It stays yours to change until" in own.get(f"/organizations/{slug}/statements/kelp/1").text
    )
    stranger = sign_in(app, make_person())
    assert stranger.post(f"{desk}/consultation", data={}).status_code == 404
