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
from portal.domain.charter import PrivacyMode
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.votes import Method
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.outbox import OutboxMessage
from portal.models.projects import Maintainership
from tests.builders import NOW, make_person, sign_in
from tests.vote_builders import Scene, ballots_of, cast, close, make_paper, make_scene, make_vote

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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
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
    assert (
        caster.post(
            url, data={"position": "against", "reason": MARKER, "conflict": MARKER}
        ).status_code
        == 303
    )
    caster.post(url, data={"position": "against", "reason": MARKER, "crafted": MARKER})
    assert MARKER in caster.get(url).text
    against = pages()
    leaks = [where for where, text in against.items() if MARKER in text]
    assert leaks == []
    # The same reader, the same pages: after the choice is turned round nothing reads differently.
    assert caster.post(url, data={"position": "for", "reason": "Another."}).status_code == 303
    # But for the audit list of the elector's own organization, which has one more entry, and the
    # public record, which says that some ballot was replaced.
    differing = [
        where
        for where, text in pages().items()
        if text != against[where]
        and not where[1].endswith("/audit")
        and not re.search(r"^/p/[^/]+/record|/receipt$", where[1])
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize(
    ("method", "first", "then"),
    [
        (Method.RANKED, {"ranks.o1": "1", "ranks.not_now": "2"}, {"ranks.o3": "1"}),
        (Method.BUDGET, {"approved": ["o1", "o2"]}, {"approved": "not_now"}),
    ],
)
def test_no_page_about_a_vote_reads_differently_for_another_choice_over_options(
    app: Flask, method: Method, first: dict[str, str], then: dict[str, str]
) -> None:
    scene = make_scene()
    vote = make_vote(scene, paper=make_paper(method), now=datetime.now(UTC) - timedelta(hours=1))
    told = ("/p/", "vote", "proposals", "mailbox")
    addresses = [
        each
        for each in _addresses(app, scene, vote)
        # The record rightly says that some ballot was replaced; test_record looks into it.
        if any(part in each for part in told) and not re.search(r"/record|/receipt$", each)
    ]
    clients = {name: sign_in(app, person) for name, person in _people(scene).items()}
    clients = {name: clients[name] for name in ("lead", "neighbor")} | {"all": app.test_client()}
    caster = sign_in(app, scene.representatives[0])
    url = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"

    def pages() -> dict[tuple[str, str], str]:
        return {
            (name, address): _plain(text)
            for name, client in clients.items()
            for address, text in _read(client, addresses).items()
        }

    assert caster.post(url, data=first | {"reason": MARKER}).status_code == 303
    before = pages()
    assert not [where for where, text in before.items() if MARKER in text]
    assert caster.post(url, data=then | {"reason": "Another."}).status_code == 303
    assert [where for where, text in pages().items() if text != before[where]] == []


def test_after_the_count_the_roll_call_is_public(app: Flask) -> None:
    scene = make_scene()
    today = datetime.now(UTC)
    vote = make_vote(scene, now=today - timedelta(days=20))
    cast(scene, vote, 0, "against", reason=MARKER, now=today - timedelta(days=10))
    outcome = f"/p/{scene.project.slug}/proposals/1/outcome"
    assert app.test_client().get(outcome).status_code == 404
    close(vote, now=today)
    from portal.queries.votes.outcomes import get_outcome_page

    roll = get_outcome_page(scene.project.id, 1).roll
    assert roll is not None
    assert MARKER in [entry.reason for entry in roll.entries]


def test_a_failing_statement_does_not_say_what_a_ballot_says(app: Flask) -> None:
    assert app.config["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] is True


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
def test_a_secret_vote_shows_no_time_to_anybody_at_any_time(app: Flask) -> None:
    scene = make_scene(weights=(1,) * 6, privacy=PrivacyMode.SECRET_AGGREGATE)
    today = datetime.now(UTC)
    vote = make_vote(scene, now=today - timedelta(days=20))
    # A minute that stands nowhere else.
    for index in range(6):
        at = (today - timedelta(days=10)).replace(hour=13, minute=47, second=29)
        cast(scene, vote, index, "for", now=at)
        cast(scene, vote, index, "against", now=at + timedelta(seconds=1))
    caster = sign_in(app, scene.representatives[0])
    own = f"/organizations/{scene.organizations[0].slug}/votes/{vote}"
    shown = [caster.get(own).text]
    close(vote, now=today)
    clients = [sign_in(app, person) for person in _people(scene).values()] + [app.test_client()]
    for address in _addresses(app, scene, vote):
        shown += [client.get(address).get_data().decode(errors="replace") for client in clients]
    assert not [text for text in shown if "13:47" in text]
    outcome = app.test_client().get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    assert not [each.name for each in scene.organizations if each.name in outcome]
