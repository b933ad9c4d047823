"""The day's work in a browser: what is next after each step, and where stewards can block."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.domain.needs import NeedState
from tests.builders import NOW, sign_in
from tests.need_builders import make_message, make_need
from tests.statement_builders import HIDDEN, TEXT, Consultation, make_statements
from tests.support_builders import make_request, make_words
from tests.vote_builders import DAY


@pytest.fixture
def consultation(app: Flask) -> Consultation:
    return make_statements(slug="kelp")


def steward_of(app: Flask, consultation: Consultation) -> FlaskClient:
    return sign_in(app, consultation.steward)


def cards(page: str) -> list[str]:
    """What stands in a queue, in its order."""
    return re.findall(r'<article class="card" id="(\w+)-\d+"', page)


def test_one_queue_the_oldest_first_and_each_step_lands_on_the_next(
    app: Flask, consultation: Consultation
) -> None:
    scene = consultation.scene
    author, company = scene.representatives[0], scene.organizations[0]
    consultation.put()
    need = make_need(scene.project, company, author, NeedState.WAITING, handed_in_at=NOW - DAY)
    make_message(make_need(scene.project, company, author), author, written_at=NOW - 2 * DAY)
    browser, desk = steward_of(app, consultation), "/desk/kelp/screening"
    assert cards(browser.get(desk).text) == ["message", "need", "statement"]
    answer = browser.post(f"{desk}/needs/{need.number}", data={"action": "release"})
    assert answer.location == f"{desk}#queue"
    page = browser.get(desk).text
    queue = page[page.index('id="queue"') :]
    assert page.count("Done. The author gets a mail.") == 1
    assert queue.index("Done. The author gets a mail.") < queue.index('id="message-')


def test_the_last_of_a_queue_leads_to_what_waits_elsewhere(
    app: Flask, consultation: Consultation
) -> None:
    scene = consultation.scene
    asked = [
        make_request(scene.project, company, person, asked_at=NOW - index * DAY)
        for index, (company, person) in enumerate(
            zip(scene.organizations[:2], scene.representatives[:2], strict=True)
        )
    ]
    need = make_need(scene.project, scene.organizations[0], scene.representatives[0], need="Old")
    browser, desk = sign_in(app, consultation.maintainer), "/desk/kelp/support"
    for request in asked:
        answer = browser.post(f"{desk}/{request.number}/close", data={"action": "close_gap"})
        assert answer.location == f"{desk}#queue"
        page = browser.get(desk).text
        assert "Closed. Those who asked get a mail." in page
        leads_on = f'<a href="/desk/kelp/needs/{need.number}#answer">Old</a>' in page
        assert leads_on is (request is asked[-1])
    assert "Next:" not in browser.get(desk).text


def test_a_steward_can_block_beside_all_that_they_read_but_never_behind_a_pseudonym(
    app: Flask, consultation: Consultation
) -> None:
    scene = consultation.scene
    _first, second, third, fourth = scene.representatives[:4]
    consultation.put(HIDDEN, by=0)
    consultation.put(TEXT, by=1)
    need = make_need(scene.project, scene.organizations[2], third)
    make_message(need, third)
    request = make_request(scene.project, scene.organizations[3], fourth)
    make_words(request, third)
    make_words(request, consultation.maintainer, by_project=True)

    def blockable(browser: FlaskClient, path: str) -> set[int]:
        found = re.findall(r"/desk/kelp/blocks\?person=(\d+)", browser.get(path).text)
        return {int(each) for each in found}

    screening, support = "/desk/kelp/screening", f"/desk/kelp/support/{request.number}"
    steward = steward_of(app, consultation)
    assert blockable(steward, screening) == {second.id, third.id}, "not the first, hidden"
    assert blockable(steward, support) == {third.id, fourth.id}
    lead = sign_in(app, scene.lead)
    assert blockable(lead, screening) | blockable(lead, support) == set(), "a steward's power"
