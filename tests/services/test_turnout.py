"""Turnout is counted to the full hour; reminders stand in rows, so that none is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.charter import DecisionMode, House, PrivacyMode
from portal.domain.papers import YES_NO_PAPER
from portal.domain.votes import Method, full_hour, reminder_instants
from portal.jobs import run_due
from portal.models.outbox import OutboxMessage
from portal.models.votes import VoteReminder
from portal.queries.votes.windows import PresentPage, find_window, get_present_page
from portal.services.votes.ballots import cast_maintainer_ballot, void_ballots
from portal.services.votes.reminders import find_due_reminders, remind
from portal.services.votes.turnout import count_turnout, find_uncounted
from portal.services.votes.windows import extend_window
from tests.builders import NOW
from tests.vote_builders import DAY, SITE, Scene, cast, close, make_paper, make_scene, make_vote

END = NOW + 14 * DAY
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def count(vote: int, now: datetime) -> None:
    with transaction():
        count_turnout(vote, now=now)


def present(scene: Scene, now: datetime = NOW + 5 * DAY) -> PresentPage:
    return get_present_page(scene.project.id, 1, now=now)


def reminded(scene: Scene) -> list[int]:
    """How many reminders each representative was posted."""
    posted = [
        mail.recipient
        for mail in db.session.scalars(
            select(OutboxMessage).where(OutboxMessage.dedupe_key.like("%:reminder:%"))
        )
    ]
    return [posted.count(each.email) for each in scene.representatives]


def run_reminders(now: datetime) -> None:
    for vote_id in find_due_reminders(now=now):
        with transaction():
            remind(vote_id, site=SITE, now=now)


def test_turnout_is_that_of_the_last_full_hour(app: Flask) -> None:
    scene = make_scene(weights=(4, 2, 2, 1), cap=Fraction(1))
    vote = make_vote(scene)
    cast(scene, vote, 0, "for", now=NOW + DAY + 59 * MINUTE)
    cast(scene, vote, 1, "recused", now=NOW + DAY + HOUR)
    count(vote, NOW + DAY + HOUR + MINUTE)
    (turnout,) = find_window(vote).turnouts
    assert (turnout.house, turnout.electors, turnout.weight) == (House.SPONSORS, 4, 9000)
    assert (turnout.needed, turnout.needed_weight) == (2, 4500)
    assert (turnout.present, turnout.present_weight) == (1, 4000)
    assert turnout.counted_to == NOW + DAY + HOUR
    assert [each.name for each in present(scene).present] == [scene.organizations[0].name]
    count(vote, NOW + DAY + 2 * HOUR)
    assert len(present(scene).present) == 2


def test_an_open_vote_is_counted_once_an_hour(app: Flask) -> None:
    vote = make_vote(make_scene())
    assert find_uncounted(now=NOW + 59 * MINUTE) == []
    assert find_uncounted(now=NOW + HOUR) == [vote]
    count(vote, NOW + HOUR)
    assert find_uncounted(now=NOW + HOUR + MINUTE) == []
    close(vote)
    assert find_uncounted(now=END + DAY) == []


def test_at_the_close_everybody_who_has_voted_is_counted(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "for", now=END - MINUTE)
    close(vote, now=END + MINUTE)
    (turnout,) = find_window(vote).turnouts
    assert (turnout.present, turnout.counted_to) == (1, END)
    assert len(present(scene).present) == 1


def test_a_replaced_ballot_stays_counted_and_a_voided_one_does_not(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    for index in (0, 1):
        cast(scene, vote, index, "for")
    count(vote, NOW + 2 * DAY)
    cast(scene, vote, 0, "against", now=NOW + 2 * DAY + MINUTE)
    with transaction():
        void_ballots(
            scene.lead_actor, scene.project.id, scene.organizations[1].id, why="R",
            now=NOW + 2 * DAY + MINUTE,
        )  # fmt: skip
    count(vote, NOW + 2 * DAY + 2 * MINUTE)
    assert [each.name for each in present(scene).present] == [scene.organizations[0].name]
    assert find_window(vote).turnouts[0].present == 1


def test_a_secret_vote_shows_neither_who_has_voted_nor_their_weight(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    vote = make_vote(scene)
    cast(scene, vote, 0, "for")
    count(vote, NOW + 2 * DAY)
    page = present(scene)
    assert (page.secret, page.present) == (True, ())
    assert (page.window.turnouts[0].present, page.window.turnouts[0].present_weight) == (1, None)


def test_each_house_has_its_own_turnout_and_the_list_its_pages(app: Flask) -> None:
    scene = make_scene(mode=DecisionMode.TWO_HOUSES)
    vote = make_vote(scene)
    for index in range(3):
        cast(scene, vote, index, "for")
    with transaction():
        cast_maintainer_ballot(scene.lead_actor, scene.project.id, vote, {"position": "for"},
                               site=SITE, now=NOW + DAY)  # fmt: skip
    count(vote, NOW + 2 * DAY)
    shown = {each.house: (each.present, each.electors) for each in find_window(vote).turnouts}
    assert shown == {House.SPONSORS: (3, 4), House.MAINTAINERS: (1, 1)}
    first = get_present_page(scene.project.id, 1, now=NOW, limit=3)
    assert first.further is not None
    rest = get_present_page(scene.project.id, 1, now=NOW, after=first.further, limit=3)
    assert [each.house for each in rest.present] == [House.MAINTAINERS]
    assert rest.further is None


@pytest.mark.parametrize(
    ("hours", "due"),
    [(24 * 14, [168, 264, 312]), (24 * 7, [96, 144]), (48, [24]), (24, [12]), (1, [0.5])],
)
def test_when_reminders_are_due(hours: int, due: list[float]) -> None:
    found = reminder_instants(NOW, NOW + timedelta(hours=hours))
    assert [(each - NOW) / HOUR for each in found] == due
    assert full_hour(NOW + 59 * MINUTE) == NOW


def test_only_those_who_have_not_voted_are_reminded(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    cast(scene, vote, 0, "abstain")
    with transaction():
        void_ballots(
            scene.lead_actor, scene.project.id, scene.organizations[3].id, why="R", now=NOW
        )
    run_reminders(NOW + 7 * DAY - MINUTE)
    assert reminded(scene) == [0, 0, 0, 0]
    run_reminders(NOW + 7 * DAY)
    run_reminders(NOW + 7 * DAY + MINUTE)
    assert reminded(scene) == [0, 1, 1, 0]
    cast(scene, vote, 1, "for", now=NOW + 8 * DAY)
    run_reminders(NOW + 11 * DAY)
    assert reminded(scene) == [0, 1, 2, 0]
    mail = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.dedupe_key.like("%:reminder:%"))
    ).first()
    assert mail is not None
    assert f"{SITE}/p/{scene.project.slug}/votes/{vote}/deadline.ics" in mail.paragraphs


def test_missed_runs_lose_no_reminder_and_send_no_heap_of_them(app: Flask) -> None:
    scene = make_scene()
    make_vote(scene)
    run_reminders(END - HOUR)
    assert reminded(scene) == [1, 1, 1, 1]
    assert all(each.settled_at for each in db.session.scalars(select(VoteReminder)))


def test_after_the_close_nobody_is_reminded(app: Flask) -> None:
    scene = make_scene()
    make_vote(scene)
    run_reminders(END)
    assert reminded(scene) == [0, 0, 0, 0]
    assert find_due_reminders(now=END + DAY) == []


def test_an_extension_moves_what_is_still_to_come(app: Flask) -> None:
    scene = make_scene()
    vote = make_vote(scene)
    run_reminders(END - 2 * DAY)
    with transaction():
        extend_window(scene.lead_actor, scene.project.id, vote, closes_at=END + 7 * DAY,
                      seen_close=END, reason="R", site=SITE, now=END - DAY - HOUR)  # fmt: skip
    due = [each.due_at for each in db.session.scalars(select(VoteReminder)) if not each.settled_at]
    assert sorted(due) == [END + 4 * DAY, END + 6 * DAY]
    run_reminders(END + 4 * DAY)
    assert reminded(scene) == [2, 2, 2, 2]


def test_the_periodic_work_counts_and_reminds(committed_app: Flask) -> None:
    with committed_app.app_context():
        scene = make_scene()
        vote = make_vote(scene)
        cast(scene, vote, 0, "for")
        run_due(committed_app, NOW + 7 * DAY)
        db.session.rollback()
        assert find_window(vote).turnouts[0].present == 1
        assert reminded(scene) == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("method", "said"),
    [(Method.YES_NO, "To abstain or to recuse yourself"), (Method.SCORE, "To recuse yourself")],
)
def test_a_reminder_names_what_the_ballot_offers(app: Flask, method: Method, said: str) -> None:
    """Nobody can abstain where there are options."""
    paper = YES_NO_PAPER if method is Method.YES_NO else make_paper(method)
    make_vote(make_scene(weights=(1,)), paper=paper)
    run_reminders(NOW + 8 * DAY)
    mails = select(OutboxMessage).where(OutboxMessage.dedupe_key.like("%:reminder:%"))
    told = db.session.scalars(mails).one().paragraphs.splitlines()
    assert f"{said} counts as taking part, too." in told
