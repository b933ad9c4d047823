"""Addresses in mails that stand for a right by their signature: no form, no sign-in, no token.

Every other route that changes something is among the bad input; what these links do for those who
got them, and that forged and old ones do nothing, is tested with the notifications.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db
from portal.domain.notifications import MailKind, Way
from portal.domain.stop_links import StopLink, sign_stop_link
from portal.models.notifications import MailChoice
from tests.builders import make_person, sign_in
from tests.web.accepted_forms import STOPPING
from tests.web.spoiling import problems_of, snapshot
from tests.web.test_routes import PUBLIC_CHANGES

BODIES = [
    (b"", "application/x-www-form-urlencoded"),
    (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    (b"person_id=1&kind=vote&token=x&csrf_token=wrong", "application/x-www-form-urlencoded"),
    (b"kind=<script>alert(1)</script>&" + b"x" * 50_000, "application/x-www-form-urlencoded"),
    (b"kind=%ED%A0%80%00&way=%FF", "application/x-www-form-urlencoded"),
    (b'{"kind": "vote"}', "application/json"),
    (b"\xff\xfe%%%", "text/plain"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
]
TOKENS = [
    "nothing", "0", "..", "...", "1.reminder", "1.reminder.0.", "9" * 5000, "x" * 5000, "a\x00b",
    "\u202e", "\u0663\u00b2", '"><script>alert(1)</script>', "1.__class__.739000.x",
]  # fmt: skip


def address(app: Flask, endpoint: str, token: str) -> str:
    with app.test_request_context():
        return app.url_for(endpoint, token=token)


def test_both_are_public_and_nothing_else_is_left_out_of_the_bad_input() -> None:
    assert STOPPING < PUBLIC_CHANGES


@pytest.mark.parametrize("endpoint", sorted(STOPPING))
@pytest.mark.parametrize(("body", "kind"), BODIES)
def test_whatever_is_sent_along_the_address_alone_counts(
    app: Flask, endpoint: str, body: bytes, kind: str
) -> None:
    person, other = make_person(), make_person()
    token = sign_stop_link(
        "test", StopLink(person.id, MailKind.REMINDER), issued_on=datetime.now(UTC).date()
    )
    person_id, other_id = person.id, other.id
    browser = app.test_client()
    browser.post(address(app, "stopping.stop", token))
    answer = browser.post(address(app, endpoint, token), data=body, content_type=kind)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    rows = db.session.execute(select(MailChoice.person_id, MailChoice.kind, MailChoice.way)).all()
    way = Way.NEVER if endpoint == "stopping.stop" else Way.IMMEDIATELY
    assert rows == [(person_id, MailKind.REMINDER, way)]
    assert other_id not in {row.person_id for row in rows}


@pytest.mark.parametrize("endpoint", sorted(STOPPING))
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("signed_in", [False, True], ids=["visitor", "signed in"])
def test_an_address_that_was_not_signed_here_changes_nothing(
    app: Flask, endpoint: str, token: str, *, signed_in: bool
) -> None:
    person = make_person()
    browser: Any = sign_in(app, person) if signed_in else app.test_client()
    before = snapshot()
    answer = browser.post(address(app, endpoint, token), data={"way": "never"})
    assert answer.status_code in {404, 422}
    assert problems_of(answer, {}) == []
    assert snapshot() == before
