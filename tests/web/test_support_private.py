"""W1: what is written for support reaches its organization and the project's desk, nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.support import SupportAction, SupportText
from portal.models.identity import Person
from portal.models.organizations import Membership
from portal.models.projects import Maintainership
from portal.models.support import SupportRequest
from portal.services.workshop.support import ask_support, write_about_support
from portal.services.workshop.support_answers import answer_support, close_support
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
from tests.support_builders import SUPPORT
from tests.web.world import World, build_world

# What a page shows is the same on both databases; a crawl of every page is long.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")

MARK = "xyzzyplugh"
SITE = "http://localhost"
# What is as large as the whole portal, and holds no row of the workshop.
SKIPPED = {"static", "bundles.bundle"}


@pytest.fixture
def world(app: Flask) -> World:
    """A world whose support desk holds marked words in every place and state."""
    world = build_world(app, in_organization=[OrganizationRole.EDITOR])
    maintainer = make_person()
    add_role(world.project_id, maintainer, ProjectRole.MAINTAINER)
    ours, theirs = actor_of(world.person), actor_of(maintainer)
    numbers = []
    for action in (None, *(each for each in SupportAction if each.startswith("close"))):
        text = SupportText(f"{MARK} {action}", MARK, MARK)
        with transaction() as session:
            request_id = ask_support(
                ours, world.organization_id, world.project_id, text, site=SITE, now=NOW
            )
            number = session.get_one(SupportRequest, request_id).number
            numbers.append((request_id, number))
            answer_support(
                theirs, world.project_id, number, text=MARK, as_project=False, site=SITE, now=NOW
            )
            write_about_support(ours, world.organization_id, request_id, MARK, site=SITE, now=NOW)
            if action is not None:
                close_support(theirs, world.project_id, number, action, site=SITE, now=NOW)
    request_id, number = numbers[0]
    world.values["request_id"] = request_id
    world.of_endpoint["support_desk.show"] = {"number": number}
    return world


def add_role(project_id: int, person: Person, role: ProjectRole) -> None:
    with transaction() as session:
        session.add(
            Maintainership(project_id=project_id, person_id=person.id, role=role, since=NOW)
        )


def join(world: World, role: OrganizationRole) -> Person:
    person = make_person()
    with transaction() as session:
        session.add(
            Membership(
                organization_id=world.organization_id, person_id=person.id, role=role, since=NOW
            )
        )
    return person


def make_rival(world: World) -> Person:
    """All roles in another sponsor of the project, and in a project of their own."""
    person = make_person()
    other = make_organization("rival", roles={person: list(OrganizationRole)})
    make_sponsorship(other, make_tier(project_of(world), benefits=[SUPPORT]))
    make_project("rivals", roles={person: list(ProjectRole)})
    return person


def project_of(world: World):  # noqa: ANN201 - a row
    from portal.database import db
    from portal.models.projects import Project

    return db.session.get_one(Project, world.project_id)


def addresses(app: Flask, world: World) -> Iterator[str]:
    """Every page of the world, and each under the rival's names too."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in SKIPPED:
            continue
        yield world.address(app, rule)
        yield world.address(app, rule, organization="rival", project="rivals")
        yield world.address(app, rule, project="rivals")


def leaks(app: Flask, world: World, browser: FlaskClient) -> set[str]:
    """Addresses that answer with a marked word, followed where they lead."""
    return {
        path
        for path in set(addresses(app, world))
        if MARK.encode() in browser.get(path, follow_redirects=True).data
    }


def test_w1_no_other_persona_reaches_a_word_on_any_path(app: Flask, world: World) -> None:
    treasurer = make_person()
    add_role(world.project_id, treasurer, ProjectRole.TREASURER)
    people = {
        "rival": make_rival(world),
        "stranger": make_person(),
        "operator": make_person(is_operator=True),
        "viewer": join(world, OrganizationRole.VIEWER),
        "billing contact": join(world, OrganizationRole.BILLING),
        "treasurer": treasurer,
    }
    found = {name: leaks(app, world, sign_in(app, each)) for name, each in people.items()}
    found["visitor"] = leaks(app, world, app.test_client())
    assert found == {name: set() for name in found}


def test_w1_those_it_is_for_read_it(app: Flask, world: World) -> None:
    make_rival(world)
    steward = make_person()
    add_role(world.project_id, steward, ProjectRole.STEWARD)
    project, organization = "/desk/kelp", "/organizations/acme"
    request_id, number = world.values["request_id"], world.of_endpoint["support_desk.show"]
    own = {f"{organization}/support", f"{organization}/support/{request_id}"}
    assert own <= leaks(app, world, sign_in(app, world.person))
    desk = {f"{project}/support{each}" for each in ("", "/closed", "/gaps", f"/{number['number']}")}
    assert leaks(app, world, sign_in(app, steward)) == desk


def test_w1_a_rival_changes_nothing_of_it(app: Flask, world: World) -> None:
    browser = sign_in(app, make_rival(world))
    request_id = world.values["request_id"]
    number = world.of_endpoint["support_desk.show"]["number"]
    for path in (
        f"/organizations/rival/support/{request_id}",
        f"/organizations/acme/support/{request_id}",
        f"/organizations/rival/support/{request_id}/settle",
        f"/organizations/acme/support/{request_id}/settle",
        f"/desk/rivals/support/{number}",
        f"/desk/rivals/support/{number}/close",
        f"/desk/kelp/support/{number}/close",
        f"/desk/rivals/support/gaps/{number}",
    ):
        answer = browser.post(path, data={"action": "close_gap", "text": "x", "url": ""})
        assert answer.status_code == 404, path
