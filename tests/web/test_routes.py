"""Every route is guarded or on the public list, and answers each persona as the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from portal.domain.permissions import (
    Actor,
    OrganizationRole,
    Permission,
    ProjectRole,
    may,
)
from tests.builders import actor_of, sign_in
from tests.web.world import World, build_world

# Routes open to everybody, with what a visitor is answered under the example values below.
PUBLIC = {
    "appearance.choose": 303,
    "bundles.bundle": 200,
    "calendars.deadline": 200,
    "conduct.how": 200,
    "favicon": 200,
    "health.alive": 200,
    "health.ready": 503,  # the tests make their tables without migrations
    "invitations.show": 200,
    "personas.choose": 200,
    "personas.read_mail": 404,
    "personas.read_mailbox": 200,
    "public_accounts.as_csv": 200,
    "public_accounts.as_json": 200,
    "public_accounts.show": 200,
    "public.charter": 200,
    "public.contribute": 200,
    "public.decision": 200,
    "public.home": 200,
    "public.how_we_work": 200,
    "public.organization": 200,
    "public.outcome": 200,
    "public.overview": 200,
    "public.picture": 404,
    "public.present": 200,
    "public.proposal": 200,
    "public.proposals": 200,
    "public.roadmap": 200,
    "public.robots": 200,
    "public.sponsors": 200,
    "public.tiers": 200,
    "what_if.show": 200,
    "receipts.check": 200,
    "record.checkpoint": 200,
    "record.consistency": 200,
    "record.earlier_checkpoint": 200,
    "record.entry": 200,
    "record.feed": 200,
    "record.key": 200,
    "record.log": 200,
    "record.proof": 200,
    "sign_in.ask": 200,
    "sign_in.come_back": 404,
    "sign_in.leave": 404,
    "sign_in.open_link": 422,
    "sign_in.sent": 200,
    "static": 404,
    "stopping.ask": 422,
    "tally.ask": 200,
}
# Changes that need no right of their own: they rest on a secret, a signature or a session.
PUBLIC_CHANGES = {
    "personas.become", "receipts.checked", "sign_in.enter_by_link", "sign_in.leave_portal", "sign_in.send_link",
    "stopping.resume", "stopping.stop",
    "tally.count", "webhooks.receive_event",
}  # fmt: skip
_NOBODY: dict[str, list[Any]] = {}
PERSONAS = {
    "stranger": _NOBODY,
    "owner": {"organization": [OrganizationRole.OWNER]},
    "representative": {"organization": [OrganizationRole.REPRESENTATIVE]},
    "billing contact": {"organization": [OrganizationRole.BILLING]},
    "viewer": {"organization": [OrganizationRole.VIEWER]},
    "maintainer": {"project": [ProjectRole.MAINTAINER]},
    "lead": {"project": [ProjectRole.LEAD]},
    "steward": {"project": [ProjectRole.STEWARD]},
    "treasurer": {"project": [ProjectRole.TREASURER]},
    "contributor": _NOBODY,
    "operator": _NOBODY,
}


def access_of(app: Flask, endpoint: str) -> Permission | str | None:
    access: Permission | str | None = getattr(app.view_functions[endpoint], "portal_access", None)
    return access


def rules(app: Flask, method: str) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()))


def build(app: Flask, persona: str) -> World:
    """Everything an address can name, with the persona in the middle."""
    roles = PERSONAS[persona]
    return build_world(
        app,
        persona,
        in_organization=roles.get("organization", ()),
        in_project=roles.get("project", ()),
        contributes=persona == "contributor",
        is_operator=persona == "operator",
    )


def allowed(actor: Actor, access: Permission, world: World) -> bool:
    return may(actor, access, project_id=world.project_id, organization_id=world.organization_id)


def expected(actor: Actor, access: Permission, world: World) -> int:
    """What the policy says: the page, 403 for a member without the right, 404 for a stranger."""
    if allowed(actor, access, world):
        return 200
    scope = access.split(":")[0]
    member = {
        "project": world.project_id in actor.projects,
        "organization": world.organization_id in actor.organizations,
    }
    return 403 if member.get(scope) else 404


def compare(
    app: Flask, browser: FlaskClient, wanted: dict[str, int], world: World
) -> dict[str, tuple[int, int]]:
    """GET the routes and return those not answered as wanted: (answered, wanted)."""
    wrong = {}
    for rule in rules(app, "GET"):
        if rule.endpoint in wanted:
            url = world.address(app, rule)
            status = browser.get(url).status_code
            if status != wanted[rule.endpoint]:
                wrong[url] = (status, wanted[rule.endpoint])
    return wrong


def past_the_guard(
    app: Flask, browser: FlaskClient, actor: Actor, world: World
) -> dict[str, tuple[int, int]]:
    """POST what the actor has no right to; what is not refused as wanted: (answered, wanted)."""
    wrong = {}
    for rule in rules(app, "POST"):
        access = access_of(app, rule.endpoint)
        if not isinstance(access, Permission) or allowed(actor, access, world):
            continue
        url = world.address(app, rule)
        status = browser.post(url).status_code
        wanted = expected(actor, access, world)
        if status != wanted:
            wrong[url] = (status, wanted)
    return wrong


def test_every_route_is_guarded_or_on_the_public_list(app: Flask) -> None:
    open_ = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if access_of(app, rule.endpoint) == "public"
    }
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
    world = build(app, "stranger")
    wanted = {rule.endpoint: PUBLIC.get(rule.endpoint, 302) for rule in rules(app, "GET")}
    assert compare(app, app.test_client(), wanted, world) == {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True, scope="session")
@pytest.mark.parametrize("persona", PERSONAS)
def test_each_persona_sees_and_changes_what_the_policy_says_and_no_more(
    app: Flask, persona: str
) -> None:
    world = build(app, persona)
    actor = actor_of(world.person)
    wanted = {}
    for rule in rules(app, "GET"):
        access = access_of(app, rule.endpoint)
        if isinstance(access, Permission):
            wanted[rule.endpoint] = expected(actor, access, world)
    browser = sign_in(app, world.person)
    assert compare(app, browser, wanted, world) == {}
    assert past_the_guard(app, browser, actor, world) == {}


def test_a_visitor_changes_nothing(app: Flask) -> None:
    world = build(app, "stranger")
    for rule in rules(app, "POST"):
        if isinstance(access_of(app, rule.endpoint), Permission):
            url = world.address(app, rule)
            assert app.test_client().post(url).status_code == 302, url
