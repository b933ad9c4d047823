"""Maintainers: invited by mail, roles changed and taken, and always at least one lead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.permissions import ProjectRole
from portal.domain.tokens import hash_token
from portal.models.invitations import Invitation
from portal.models.outbox import OutboxMessage
from portal.queries.projects.project_desk import find_people
from portal.services.projects.maintainers import (
    change_roles,
    invite_maintainer,
    withdraw_invitation,
)
from tests.builders import NOW, actor_of, make_person, make_project

LEAD, MAINTAINER = ProjectRole.LEAD, ProjectRole.MAINTAINER


def url(token: str) -> str:
    return f"http://localhost/invitations/{token}"


def test_an_invitation_is_mailed_and_its_token_is_not_kept(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [LEAD]})
    with transaction():
        invite_maintainer(
            actor_of(lead),
            project.id,
            email="Ada@Example.org",
            role=MAINTAINER,
            link_url=url,
            now=NOW,
        )
    mail = db.session.scalars(select(OutboxMessage)).one()
    invitation = db.session.scalars(select(Invitation)).one()
    assert invitation.token_hash == hash_token(mail.action_url.rsplit("/", 1)[1])
    assert invitation.email_canonical == "ada@example.org"
    assert invitation.expires_at == NOW + timedelta(days=14)
    assert len(find_people(project.id, now=NOW).invitations) == 1
    assert find_people(project.id, now=invitation.expires_at).invitations == ()


def test_inviting_again_leaves_one_open_invitation(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [LEAD]})
    for email in ("ada@example.org", "ADA@example.org"):
        with transaction():
            invite_maintainer(
                actor_of(lead), project.id, email=email, role=MAINTAINER, link_url=url, now=NOW
            )
    assert len(find_people(project.id, now=NOW).invitations) == 1
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 2


def test_who_holds_the_role_is_not_invited_to_it(app: Flask) -> None:
    lead = make_person(email="lea@example.org")
    project = make_project(roles={lead: [LEAD]})
    with pytest.raises(Refusal) as refusal, transaction():
        invite_maintainer(
            actor_of(lead), project.id, email="LEA@example.org", role=LEAD, link_url=url, now=NOW
        )
    assert (refusal.value.code, refusal.value.field) == ("maintainers.held", "email")


@pytest.mark.parametrize("email", ["", "nobody", "a@", "a@b@c", "a b@example.org"])
def test_what_is_no_address_is_refused_at_its_field(app: Flask, email: str) -> None:
    lead = make_person()
    project = make_project(roles={lead: [LEAD]})
    with pytest.raises(Refusal) as refusal, transaction():
        invite_maintainer(
            actor_of(lead), project.id, email=email, role=MAINTAINER, link_url=url, now=NOW
        )
    assert refusal.value.field == "email"


def test_a_withdrawn_invitation_is_gone_and_another_projects_is_not_there(app: Flask) -> None:
    lead, other = make_person(), make_person()
    project = make_project(roles={lead: [LEAD]})
    elsewhere = make_project(roles={other: [LEAD]})
    with transaction():
        invite_maintainer(
            actor_of(lead),
            project.id,
            email="ada@example.org",
            role=MAINTAINER,
            link_url=url,
            now=NOW,
        )
    line = find_people(project.id, now=NOW).invitations[0]
    with pytest.raises(NotFound), transaction():
        withdraw_invitation(actor_of(other), elsewhere.id, line.id, now=NOW)
    for _twice in range(2):
        with transaction():
            withdraw_invitation(actor_of(lead), project.id, line.id, now=NOW)
    assert find_people(project.id, now=NOW).invitations == ()


def test_an_accepted_invitation_cannot_be_withdrawn(app: Flask) -> None:
    lead = make_person()
    project = make_project(roles={lead: [LEAD]})
    with transaction():
        invite_maintainer(
            actor_of(lead),
            project.id,
            email="ada@example.org",
            role=MAINTAINER,
            link_url=url,
            now=NOW,
        )
    with transaction() as session:
        invitation = session.scalars(select(Invitation)).one()
        invitation.accepted_at = NOW
    with pytest.raises(Refusal), transaction():
        withdraw_invitation(actor_of(lead), project.id, invitation.id, now=NOW)


def test_roles_become_exactly_what_was_ticked(app: Flask) -> None:
    lead, other = make_person("Ada"), make_person("Bo")
    project = make_project(roles={lead: [LEAD], other: [MAINTAINER]})
    with transaction():
        change_roles(
            actor_of(lead),
            project.id,
            other.id,
            {ProjectRole.STEWARD, ProjectRole.TREASURER},
            now=NOW,
        )
    people = find_people(project.id, now=NOW).maintainers
    assert [(line.name, line.roles) for line in people] == [
        ("Ada", (LEAD,)),
        ("Bo", (ProjectRole.STEWARD, ProjectRole.TREASURER)),
    ]
    with transaction():
        change_roles(actor_of(lead), project.id, other.id, (), now=NOW)
    assert len(find_people(project.id, now=NOW).maintainers) == 1


def test_the_last_lead_neither_leaves_nor_steps_down(app: Flask) -> None:
    lead, other = make_person(), make_person()
    project = make_project(roles={lead: [LEAD], other: [MAINTAINER]})
    for roles in ((), (MAINTAINER,)):
        with pytest.raises(Refusal) as refusal, transaction():
            change_roles(actor_of(lead), project.id, lead.id, roles, now=NOW)
        assert refusal.value.code == "maintainers.last_lead"


def test_who_has_no_role_is_invited_not_promoted(app: Flask) -> None:
    lead, stranger = make_person(), make_person()
    project = make_project(roles={lead: [LEAD]})
    with pytest.raises(NotFound), transaction():
        change_roles(actor_of(lead), project.id, stranger.id, (LEAD,), now=NOW)


def test_a_maintainer_may_not_change_roles_not_even_their_own(app: Flask) -> None:
    lead, other = make_person(), make_person()
    project = make_project(roles={lead: [LEAD], other: [MAINTAINER]})
    with pytest.raises(Forbidden), transaction():
        change_roles(actor_of(other), project.id, other.id, (LEAD,), now=NOW)


def test_two_leads_who_remove_each_other_at_once_leave_one(committed_app: Flask) -> None:
    with committed_app.app_context():
        one, two = make_person(), make_person()
        project_id = make_project(roles={one: [LEAD], two: [LEAD]}).id
        pairs = [(actor_of(one), two.id), (actor_of(two), one.id)]
    start = Barrier(2)

    def remove(pair: tuple[object, int]) -> str:
        actor, person_id = pair
        with committed_app.app_context():
            start.wait()
            try:
                with transaction():
                    change_roles(actor, project_id, person_id, (), now=NOW)  # type: ignore[arg-type]
            except Refusal as refusal:
                return refusal.code
            return "removed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, pairs)) == ["maintainers.last_lead", "removed"]
    with committed_app.app_context():
        assert len(find_people(project_id, now=NOW).maintainers) == 1
