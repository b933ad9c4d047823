"""Choosing mail on the account page, and stopping it by the link in a mail, as a browser sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.app import create_app
from portal.database import db, transaction
from portal.domain.notifications import DEFAULT_WAYS, NECESSARY, MailKind, Way
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.stop_links import LIFETIME, StopLink, sign_stop_link
from portal.jobs import run_due
from portal.models.identity import Person
from portal.models.notifications import MailChoice
from portal.services.outbox import post_mail
from portal.web.notifications import kind_words
from tests.builders import make_organization, make_person, make_project, sign_in
from tests.conftest import make_settings

NOW = datetime.now(UTC)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def link(person: Person, kind: MailKind = MailKind.REMINDER, *, key: str = "test") -> str:
    token = sign_stop_link(key, StopLink(person.id, kind), issued_on=NOW.date())
    return f"/notifications/stop/{token}"


def way_of(person: Person, kind: MailKind = MailKind.REMINDER) -> Way:
    chosen = select(MailChoice.way).filter_by(person_id=person.id, kind=kind.value)
    return db.session.scalar(chosen) or DEFAULT_WAYS[kind]


def mailed_link(app: Flask, person: Person) -> str:
    """The address in the header of a mail that was really rendered."""
    with transaction():
        post_mail(
            dedupe_key="x", recipient=person.email, subject="S", paragraphs=["P"], why="W",
            kind=MailKind.REMINDER, person_id=person.id, now=NOW,
        )  # fmt: skip
    run_due(app, NOW)
    (mail,) = app.extensions["stakehold"].mail.sent
    assert mail.stop_url in mail.text
    assert mail.stop_url in mail.html
    return str(mail.stop_url).removeprefix("http://localhost")


def test_looking_at_a_link_stops_nothing_and_pressing_the_button_does(
    app: Flask, client: FlaskClient
) -> None:
    person = make_person(email="rita@example.org")
    url = mailed_link(app, person)
    page = client.get(url).get_data(as_text=True)
    assert "Reminders of votes" in page
    assert "r…@example.org" in page
    assert "rita@" not in page
    assert way_of(person) is Way.IMMEDIATELY
    for _time in range(2):
        answer = client.post(url)
        assert answer.status_code == 200
        assert "Stopped: Reminders of votes" in answer.get_data(as_text=True)
        assert way_of(person) is Way.NEVER


def test_a_mail_program_stops_it_by_one_post_without_cookie_or_token(tmp_path: object) -> None:
    app = create_app(make_settings(f"sqlite:///{tmp_path}/one.db"))
    with app.app_context():
        db.create_all()
        person = make_person()
        answer = app.test_client().post(link(person), data=ONE_CLICK)
        assert (answer.status_code, way_of(person)) == (200, Way.NEVER)
        refused = app.test_client().post("/account/notifications", data={"vote": "never"})
        assert refused.status_code == 400, "every other form is guarded"
        db.session.remove()
        db.engine.dispose()


def test_the_page_after_it_takes_it_back_in_one_step(app: Flask, client: FlaskClient) -> None:
    person = make_person()
    page = client.post(link(person)).get_data(as_text=True)
    (again,) = re.findall(r'action="(/notifications/resume/[^"]+)"', page)
    for _time in range(2):
        assert "It comes again" in client.post(again).get_data(as_text=True)
        assert way_of(person) is Way.IMMEDIATELY


def test_a_digests_link_says_what_comes_in_digests(app: Flask, client: FlaskClient) -> None:
    person = make_person()
    url = link(person, MailKind.DIGEST)
    assert "Roadmap updates" in client.get(url).get_data(as_text=True)
    page = client.post(url).get_data(as_text=True)
    assert "Stopped: the digest" in page
    assert way_of(person, MailKind.ROADMAP) is Way.NEVER
    assert way_of(person) is Way.IMMEDIATELY
    resume = client.post(url.replace("/stop/", "/resume/")).get_data(as_text=True)
    assert "It comes again: the digest" in resume


@pytest.mark.parametrize("path", ["stop", "resume"])
def test_forged_and_old_links_are_refused_and_change_nothing(
    app: Flask, client: FlaskClient, path: str
) -> None:
    person, other = make_person(), make_person()
    old = sign_stop_link(
        "test",
        StopLink(person.id, MailKind.REMINDER),
        issued_on=(NOW - LIFETIME - timedelta(days=2)).date(),
    )
    real = link(person).rsplit("/", 1)[1]
    forged = [
        real.replace(f"{person.id}.", f"{other.id}.", 1),
        real.replace("reminder", "vote"),
        real[:-1],
        link(person, key="guessed").rsplit("/", 1)[1],
        old,
        "nothing",
    ]
    for token in forged:
        url = f"/notifications/{path}/{token}"
        assert client.post(url, data=ONE_CLICK).status_code == 422
        assert client.get(f"/notifications/stop/{token}").status_code == 422
    assert db.session.scalars(select(MailChoice)).all() == []


def test_somebody_else_who_is_signed_in_cannot_use_a_forwarded_link(app: Flask) -> None:
    person, other = make_person(), make_person()
    browser = sign_in(app, other)
    for method in (browser.get, browser.post):
        answer = method(link(person))
        assert answer.status_code == 422
        assert "somebody else" in answer.get_data(as_text=True)
    assert way_of(person) is Way.IMMEDIATELY
    assert sign_in(app, person).post(link(person)).status_code == 200


def test_the_account_page_offers_each_way_for_what_concerns_one_and_keeps_it(app: Flask) -> None:
    person = make_person()
    make_organization(roles={person: [OrganizationRole.REPRESENTATIVE]})
    make_project(roles={person: [ProjectRole.STEWARD]})
    browser = sign_in(app, person)
    assert "/account/notifications" in browser.get("/account").get_data(as_text=True)
    page = browser.get("/account/notifications").get_data(as_text=True)
    offered = set(re.findall(r'name="(\w+)" type="radio"', page))
    assert offered == {
        "consultation", "vote", "reminder", "outcome", "roadmap", "need", "statement",
        "support", "screening",
    }  # fmt: skip
    assert "Always sent" in page
    assert "Links to sign in" in page
    chosen = dict.fromkeys(offered, "weekly") | {"vote": "never"}
    assert browser.post("/account/notifications", data=chosen).status_code == 303
    assert (way_of(person, MailKind.VOTE), way_of(person)) == (Way.NEVER, Way.WEEKLY)


def test_a_way_that_there_is_not_is_refused_and_what_is_left_out_stays(app: Flask) -> None:
    browser = sign_in(app, make_person())
    answer = browser.post("/account/notifications", data={"outcome": "hourly", "roadmap": "never"})
    assert answer.status_code == 422
    assert browser.post("/account/notifications", data={}).status_code == 303
    assert db.session.scalars(select(MailChoice)).all() == []


def test_every_kind_has_its_words_on_the_page() -> None:
    assert kind_words.KINDS.keys() == DEFAULT_WAYS.keys()
    assert set(kind_words.NECESSARY) == set(NECESSARY)
    assert kind_words.WAYS.keys() == set(Way)
    grouped = [kind for kinds in kind_words.GROUPS.values() for kind in kinds]
    assert sorted(grouped) == sorted(DEFAULT_WAYS)
