"""A form that somebody else's step overtook: the page says why, and what was typed can be copied."""

from __future__ import annotations

import pytest
from flask import Flask
from markupsafe import escape

from portal.domain.permissions import ProjectRole
from tests.builders import make_person, sign_in
from tests.web.test_routes import rules
from tests.web.world import build_world

# A form by its route, and what the page says once a colleague was faster.
OVERTAKEN = {
    "conduct_desk.close": ({"ending": "talked", "reason": "Both <b>spoke</b>."}, "closed"),
    "proposals.withdraw": ({"reason": "Both <b>spoke</b>."}, "withdrawn"),
    "screening.decide_need": ({"action": "refuse", "reason": "Both <b>spoke</b>."}, "refused"),
    "screening.decide_statement": ({"action": "refuse", "reason": "Both <b>spoke</b>."}, "refused"),
}


@pytest.mark.parametrize("endpoint", OVERTAKEN)
def test_whoever_comes_second_reads_why_and_keeps_their_words(app: Flask, endpoint: str) -> None:
    form, said = OVERTAKEN[endpoint]
    world = build_world(app, "Ada", in_project=(ProjectRole.LEAD, ProjectRole.STEWARD))
    (rule,) = (rule for rule in rules(app, "POST") if rule.endpoint == endpoint)
    url, browser = world.address(app, rule), sign_in(app, world.person)
    assert browser.post(url, data=form).status_code == 303
    answer = browser.post(url, data=form)
    assert answer.status_code == 422
    (why,) = answer.text.split('class="error-summary"')[1:]
    assert said in why.split("</ul>")[0]
    kept = answer.text.split("readonly")[1].split("</textarea>")[0]
    assert str(escape("Both <b>spoke</b>.")) in kept
    assert answer.text.count("readonly") == 1


def test_a_block_that_never_was_cannot_be_ended(app: Flask) -> None:
    """Not even for somebody who exists: the answer says nothing of who has an account."""
    world = build_world(app, "Ada")
    stranger = make_person().id
    browser = sign_in(app, world.person)
    assert browser.post(f"/account/blocks/{stranger}/lift").status_code == 404
    blocked = world.of_endpoint["blocks.end"]["person_id"]
    assert browser.post(f"/account/blocks/{blocked}/lift").status_code == 303
