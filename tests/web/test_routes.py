"""Every route is guarded or on the public list, and answers each persona as the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from portal.database import transaction
from portal.domain.permissions import (
    Actor,
    OrganizationRole,
    Permission,
    ProjectRole,
    may,
)
from portal.domain.proposals import ProposalState
from portal.models.identity import Person
from portal.models.proposals import Proposal
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)

# Routes open to everybody, with what a visitor is answered under the example values below.
PUBLIC = {
    "appearance.choose": 303,
    "favicon": 200,
    "health.alive": 200,
    "health.ready": 503,  # the tests make their tables without migrations
    "invitations.show": 404,
    "personas.choose": 200,
    "personas.read_mail": 404,
    "personas.read_mailbox": 200,
    "public.charter": 200,
    "public.decision": 404,
    "public.home": 200,
    "public.how_we_work": 200,
    "public.organization": 200,
    "public.outcome": 404,
    "public.overview": 200,
    "public.picture": 404,
    "public.proposal": 200,
    "public.proposals": 200,
    "public.roadmap": 200,
    "public.robots": 200,
    "public.sponsors": 200,
    "public.tiers": 200,
    "sign_in.ask": 200,
    "sign_in.come_back": 404,
    "sign_in.leave": 404,
    "sign_in.open_link": 422,
    "sign_in.sent": 200,
    "static": 404,
}
# Changes that need no right of their own: they rest on a secret, a signature or a session.
PUBLIC_CHANGES = {
    "personas.become", "sign_in.enter_by_link", "sign_in.leave_portal", "sign_in.send_link",
    "webhooks.receive_event",
}  # fmt: skip
# A value for each part of an address.
EXAMPLES: dict[str, Any] = {
    "daughter": "acme",
    "filename": "nothing.css",
    "identity_id": 1,
    "invitation_id": 1,
    "key": "nothing",
    "number": 1,
    "organization": "acme",
    "payment_id": 1,
    "project": "kelp",
    "provider": "nothing",
    "reference": "sp_acme",
    "session_id": 1,
    "sha256": "0" * 64,
    "tier": "gold",
    "token": "nothing",
    "vote_id": 1,
}
# What the right person is answered where that is not 200: the examples hold no vote or payment.
ALLOWED = {
    "decisions.item": 404,
    "decisions.prepare": 404,
    "sponsorships.receipt": 404,
    "votes.ballot": 404,
    "votes.desk_ballot": 404,
}
_NOBODY: dict[str, list[Any]] = {}
PERSONAS = {
    "stranger": _NOBODY,
    "owner": {"organization": [OrganizationRole.OWNER]},
    "representative": {"organization": [OrganizationRole.REPRESENTATIVE]},
    "billing contact": {"organization": [OrganizationRole.BILLING]},
    "viewer": {"organization": [OrganizationRole.VIEWER]},
    "maintainer": {"project": [ProjectRole.MAINTAINER]},
    "lead": {"project": [ProjectRole.LEAD]},
    "treasurer": {"project": [ProjectRole.TREASURER]},
    "operator": _NOBODY,
}


def access_of(app: Flask, endpoint: str) -> Permission | str | None:
    access: Permission | str | None = getattr(app.view_functions[endpoint], "portal_access", None)
    return access


def rules(app: Flask, method: str) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()))


def address(app: Flask, rule: Rule, **values: Any) -> str:
    unknown = rule.arguments - (EXAMPLES | values).keys()
    assert not unknown, f"EXAMPLES has no value for {sorted(unknown)} of {rule}"
    with app.test_request_context():
        return app.url_for(
            rule.endpoint, **{name: (EXAMPLES | values)[name] for name in rule.arguments}
        )


def build_world(persona: str) -> tuple[Person, int, int]:
    """A project and an organization with everything an address needs, and the persona in them."""
    person = make_person(persona, is_operator=persona == "operator")
    roles = PERSONAS[persona]
    project = make_project("kelp", roles={person: roles["project"]} if "project" in roles else {})
    organization = make_organization(
        "acme", roles={person: roles["organization"]} if "organization" in roles else {}
    )
    tier = make_tier(project, slug="gold")
    make_sponsorship(organization, tier, reference="sp_acme")
    with transaction() as session:
        session.add(Proposal(project_id=project.id, number=1, title="Faster queues",
                             state=ProposalState.CONSULTATION, created_at=NOW, published_at=NOW,
                             updated_at=NOW))
    return person, project.id, organization.id


def expected(
    access: Permission, actor: Actor, endpoint: str, project_id: int, organization_id: int
) -> int:
    """What the policy says: the page, 403 for a member without the right, 404 for a stranger."""
    if may(actor, access, project_id=project_id, organization_id=organization_id):
        return ALLOWED.get(endpoint, 200)
    scope = access.split(":")[0]
    member = {"project": actor.projects, "organization": actor.organizations}.get(scope)
    return 403 if member else 404


def compare(app: Flask, browser: FlaskClient, wanted: dict[str, int], person: Person
            ) -> dict[str, tuple[int, int]]:
    """GET the routes and return those not answered as wanted: (answered, wanted)."""
    wrong = {}
    for rule in rules(app, "GET"):
        if rule.endpoint in wanted:
            url = address(app, rule, person_id=person.id)
            status = browser.get(url).status_code
            if status != wanted[rule.endpoint]:
                wrong[url] = (status, wanted[rule.endpoint])
    return wrong


def test_every_route_is_guarded_or_on_the_public_list(app: Flask) -> None:
    open_ = {rule.endpoint for rule in app.url_map.iter_rules()
             if access_of(app, rule.endpoint) == "public"}
    assert open_ == PUBLIC.keys() | PUBLIC_CHANGES
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in open_:
            assert isinstance(access_of(app, rule.endpoint), Permission), rule


def test_what_is_scoped_names_its_scope_in_the_address(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        scope = str(access_of(app, rule.endpoint)).split(":")[0]
        if scope in {"project", "organization"}:
            assert scope in rule.arguments, rule


def test_a_visitor_sees_public_pages_and_is_asked_to_sign_in_for_the_others(app: Flask) -> None:
    person, _project_id, _organization_id = build_world("stranger")
    wanted = {rule.endpoint: PUBLIC.get(rule.endpoint, 302) for rule in rules(app, "GET")}
    assert compare(app, app.test_client(), wanted, person) == {}


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_persona_gets_what_the_policy_says(app: Flask, persona: str) -> None:
    person, project_id, organization_id = build_world(persona)
    actor = actor_of(person)
    wanted = {}
    for rule in rules(app, "GET"):
        access = access_of(app, rule.endpoint)
        if isinstance(access, Permission):
            wanted[rule.endpoint] = expected(
                access, actor, rule.endpoint, project_id, organization_id
            )
    assert compare(app, sign_in(app, person), wanted, person) == {}


@pytest.mark.parametrize("persona", PERSONAS)
def test_no_change_gets_past_the_guard_without_the_right(app: Flask, persona: str) -> None:
    person, project_id, organization_id = build_world(persona)
    actor, browser = actor_of(person), sign_in(app, person)
    wrong = {}
    for rule in rules(app, "POST"):
        access = access_of(app, rule.endpoint)
        if not isinstance(access, Permission) or may(
            actor, access, project_id=project_id, organization_id=organization_id
        ):
            continue
        url = address(app, rule, person_id=person.id)
        status = browser.post(url).status_code
        wanted = expected(access, actor, rule.endpoint, project_id, organization_id)
        if status != wanted:
            wrong[url] = (status, wanted)
    assert wrong == {}


def test_a_visitor_changes_nothing(app: Flask) -> None:
    person, _project_id, _organization_id = build_world("stranger")
    for rule in rules(app, "POST"):
        if isinstance(access_of(app, rule.endpoint), Permission):
            url = address(app, rule, person_id=person.id)
            assert app.test_client().post(url).status_code == 302, url
