"""W1: the quota and the states hold when requests come at once, on both databases."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from portal.database import db
from portal.domain.errors import DomainError, Refusal
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.support import SupportAction, SupportText
from portal.models.needs import Need
from portal.models.support import SupportRequest
from portal.services.workshop.support import ask_support
from portal.services.workshop.support_answers import close_support
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.services.test_document_races import at_once
from tests.support_builders import SUPPORT, make_request

SITE = "http://portal.example"


def test_w1_the_quota_holds_when_many_ask_at_once(committed_app: Flask) -> None:
    with committed_app.app_context():
        asker = make_person()
        project = make_project()
        company = make_organization(roles={asker: [OrganizationRole.OWNER]})
        make_sponsorship(company, make_tier(project, benefits=[SUPPORT]))
        actor, company_id, project_id = actor_of(asker), company.id, project.id

    def ask(number: int) -> Callable[[], object]:
        text = SupportText(f"Try {number}", "It fails", "4.3")
        return lambda: ask_support(actor, company_id, project_id, text, site=SITE, now=NOW)

    answers = at_once(committed_app, *(ask(each) for each in range(9)))
    refused = [each for each in answers if isinstance(each, DomainError)]
    assert [each.code for each in refused] == ["support.quota"] * 5
    with committed_app.app_context():
        numbers = db.session.scalars(select(SupportRequest.number)).all()
        assert sorted(numbers) == [1, 2, 3, 4]


def test_w1_two_maintainers_who_close_one_request_make_one_need(committed_app: Flask) -> None:
    with committed_app.app_context():
        asker, maintainer = make_person(), make_person()
        project = make_project(roles={maintainer: [ProjectRole.MAINTAINER]})
        company = make_organization(roles={asker: [OrganizationRole.REPRESENTATIVE]})
        request = make_request(project, company, asker)
        actor, project_id, number = actor_of(maintainer), project.id, request.number

    def close() -> object:
        return close_support(
            actor, project_id, number, SupportAction.CLOSE_NEED, site=SITE, now=NOW
        )

    answers = at_once(committed_app, close, close)
    refused = [each for each in answers if isinstance(each, Refusal)]
    assert [each.code for each in refused] == ["support.closed_need"]
    with committed_app.app_context():
        assert db.session.scalar(select(func.count(Need.id))) == 1
