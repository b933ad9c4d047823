"""Sealed: until the close nobody but the elector's own seat learns a choice, on any page at all."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from portal.database import db, transaction
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from tests.builders import NOW, make_person, sign_in
from tests.vote_builders import Scene, ballots_of, cast, close, make_scene, make_vote

MARKER = "MARKERREASON"


def _addresses(app: Flask, scene: Scene, vote: int) -> list[str]:
    """Every address that can be read, with every organization of the scene in turn."""
    fixed = {
        "project": scene.project.slug,
        "number": 1,
        "vote_id": vote,
        "tier": "t",
        "reference": "r",
        "token": "t",
        "provider": "github",
        "key": "1",
        "sha256": "0" * 64,
        "name": "n",
        "person": 1,
        "person_id": 1,
        "invitation_id": 1,
        "path": "p",
    }
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        # The elector's own desk; and its neighbor's, where votes are shown.
        for organization in scene.organizations[: 2 if "vote" in rule.rule else 1]:
            values = fixed | {"organization": organization.slug}
            found.append(_address(app, rule, values))
    # Readiness counts mails that wait, and there is a receipt for each ballot.
    return sorted({each for each in found if each and each != "/readyz"})


def _address(app: Flask, rule: Rule, values: dict[str, object]) -> str | None:
    known = {name: values.get(name, 1) for name in rule.arguments}
    built = rule.build(
        {name: rule._converters[name].to_python(str(value)) for name, value in known.items()}
    )
    return None if built is None else built[1]


def _people(scene: Scene) -> dict[str, Person]:
    owner, steward = make_person(), make_person()
    people = {
        "lead": scene.lead,
        "neighbor": scene.representatives[1],
        "owner": owner,
        "operator": make_person(is_operator=True),
        "stranger": make_person(),
        "steward": steward,
    }
    with transaction() as session:
        session.add(
            Membership(
                organization_id=scene.organizations[0].id,
                person_id=owner.id,
                role=OrganizationRole.OWNER,
                since=NOW,
            )
        )
        session.add(
            Maintainership(
                project_id=scene.project.id,
                person_id=steward.id,
                role=ProjectRole.STEWARD,
                since=NOW,
            )
        )
    return people


def _read(client: FlaskClient, addresses: list[str]) -> dict[str, str]:
    return {each: client.get(each).get_data().decode(errors="replace") for each in addresses}


@pytest.mark.filterwarnings("ignore:Passing SelectField choices")
def test_no_page_of_anybody_else_says_what_a_ballot_says(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene = make_scene()
    today = datetime.now(UTC)
    vote = make_vote(scene, now=today - timedelta(hours=1))
    people = _people(scene)
    addresses = _addresses(app, scene, vote)
    clients = {name: sign_in(app, person) for name, person in people.items()}
    clients["visitor"] = app.test_client()

    def pages() -> dict[tuple[str, str], str]:
        return {
            (name, address): _plain(text)
            for name, client in clients.items()
            for address, text in _read(client, addresses).items()
        }

    caster = sign_in(app, scene.representatives[0])
    url = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    assert caster.post(url, data={"position": "against", "reason": MARKER}).status_code == 303
    caster.post(url, data={"position": "against", "reason": MARKER, "crafted": MARKER})
    assert MARKER in caster.get(url).text
    against = pages()
    leaks = [where for where, text in against.items() if MARKER in text]
    assert leaks == []
    # The same reader, the same pages: after the choice is turned round nothing reads differently.
    assert caster.post(url, data={"position": "for", "reason": "Another."}).status_code == 303
    # But for the audit list of the elector's own organization, which has one more entry.
    differing = [
        where
        for where, text in pages().items()
        if text != against[where] and not where[1].endswith("/audit")
    ]
    assert differing == []

    entries = [
        entry.sentence + json.dumps(entry.details)
        for entry in db.session.scalars(select(AuditEntry))
    ]
    mails = [
        mail.subject + mail.paragraphs + mail.action_url
        for mail in db.session.scalars(select(OutboxMessage))
    ]
    assert not [text for text in entries + mails + [caplog.text] if MARKER in text]
    assert len(ballots_of(vote)) == 2


def _plain(text: str) -> str:
    """A page without what differs from request to request."""
    text = re.sub(r'name="csrf_token"[^>]*>', "", text)
    # The mailbox lists receipts; how many there are says that ballots were cast, not which.
    return re.sub(r"b-[0-9a-f]{12}|\d{2}:\d{2}(:\d{2}(\.\d+)?)?", "", text)


def test_after_the_count_the_roll_call_is_public(app: Flask) -> None:
    scene = make_scene()
    today = datetime.now(UTC)
    vote = make_vote(scene, now=today - timedelta(days=20))
    cast(scene, vote, 0, "against", reason=MARKER, now=today - timedelta(days=10))
    outcome = f"/p/{scene.project.slug}/proposals/1/outcome"
    assert app.test_client().get(outcome).status_code == 404
    close(vote, now=today)
    from portal.queries.outcomes import get_outcome_page

    figures = get_outcome_page(scene.project.id, 1).figures
    assert figures.roll is not None
    assert MARKER in [entry.reason for entry in figures.roll]


def test_a_failing_statement_does_not_say_what_a_ballot_says(app: Flask) -> None:
    assert app.config["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] is True
