"""W1: how fast support answers is measured, public once a night, and moves no page by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.support import SupportAction, SupportText
from portal.domain.support_pace import Pace
from portal.jobs.support import keep_support_pace
from portal.models.freshness import PageVersion, project_scope
from portal.models.organizations import Organization
from portal.models.projects import Project
from portal.models.support import SupportPace, SupportRequest
from portal.queries.workshop.support_desk import get_support_desk
from portal.queries.workshop.support_pace import find_pace, find_public_pace, gives_support
from portal.services.workshop.documentation_gaps import write_off_gap
from portal.services.workshop.support import ask_support, settle_support, write_about_support
from portal.services.workshop.support_answers import answer_support, close_support
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.support_builders import SUPPORT, make_request

SITE = "http://portal.example"
DAY = timedelta(days=1)
MONDAY = NOW - 5 * DAY


def versions() -> Mapping[str, int]:
    rows = db.session.execute(select(PageVersion.scope, PageVersion.version))
    return {row.scope: row.version for row in rows}


def sweep(app: Flask) -> None:
    keep_support_pace(app.extensions["stakehold"], NOW)


@pytest.fixture
def scene(app: Flask) -> tuple[Project, Organization]:
    project, company = make_project(), make_organization()
    make_sponsorship(company, make_tier(project, benefits=[SUPPORT]))
    return project, company


def answered(scene: tuple[Project, Organization], *days: int) -> None:
    """Requests of a Monday, each answered so many days later."""
    author = make_person()
    for each in days:
        make_request(*scene, author, asked_at=MONDAY, answered_at=MONDAY + each * DAY)


def test_w1_the_median_is_of_the_last_ten_answers(scene: tuple[Project, Organization]) -> None:
    assert find_pace(scene[0].id) is None
    answered(scene, 1, 4)
    assert find_pace(scene[0].id) == Pace(2, 5)
    make_request(*scene, make_person())
    assert find_pace(scene[0].id) == Pace(2, 5)
    answered(scene, *[2] * 10)
    author = make_person()
    for each in range(12):
        old = MONDAY - 700 * DAY
        make_request(*scene, author, asked_at=old, answered_at=old + each * 7 * DAY)
    assert find_pace(scene[0].id) == Pace(10, 4)


def test_w1_who_waits_past_the_aim_is_counted(scene: tuple[Project, Organization]) -> None:
    author = make_person()
    make_request(*scene, author, asked_at=MONDAY)
    make_request(*scene, author, asked_at=MONDAY + DAY)
    make_request(*scene, author, asked_at=MONDAY, answered_at=NOW)
    # Three working days from Monday end on Thursday, from Tuesday on Friday; NOW is Saturday.
    assert get_support_desk(scene[0].id, now=NOW - 2 * DAY).late == 0
    assert get_support_desk(scene[0].id, now=NOW - DAY).late == 1
    assert get_support_desk(scene[0].id, now=NOW).late == 2


def test_w1_fewer_than_ten_answers_are_not_public(
    app: Flask, scene: tuple[Project, Organization]
) -> None:
    answered(scene, *[1] * 9)
    sweep(app)
    assert find_public_pace(scene[0].id) is None
    answered(scene, 1)
    sweep(app)
    assert find_public_pace(scene[0].id) == Pace(10, 2)


def test_w1_the_nightly_figure_moves_the_tier_page_only_when_it_changed(
    app: Flask, scene: tuple[Project, Organization]
) -> None:
    project, _company = scene
    browser = app.test_client()
    before = versions().get(project_scope(project.id), 0)
    answered(scene, *[1] * 10)
    assert versions().get(project_scope(project.id), 0) == before
    assert "median" not in browser.get(f"/p/{project.slug}/tiers").text
    sweep(app)
    first = versions()[project_scope(project.id)]
    assert first > before
    assert "a median of 1 working day" in browser.get(f"/p/{project.slug}/tiers").text
    sweep(app)
    assert versions()[project_scope(project.id)] == first
    with transaction() as session:
        for request in session.scalars(select(SupportRequest)):
            session.delete(request)
    author = make_person()
    make_request(*scene, author, asked_at=MONDAY, answered_at=MONDAY)
    sweep(app)
    assert versions()[project_scope(project.id)] > first
    assert db.session.scalars(select(SupportPace)).all() == []


def test_w1_no_step_of_a_request_moves_a_public_page(app: Flask) -> None:
    asker, maintainer = make_person(), make_person()
    project = make_project(roles={maintainer: [ProjectRole.MAINTAINER]})
    company = make_organization(roles={asker: [OrganizationRole.REPRESENTATIVE]})
    make_sponsorship(company, make_tier(project, benefits=[SUPPORT]))
    ours, theirs = actor_of(asker), actor_of(maintainer)
    browser = app.test_client()
    pages = [f"/p/{project.slug}{each}" for each in ("", "/roadmap", "/proposals", "/tiers")]
    before, shown = versions(), [browser.get(each).text for each in pages]

    def ask(tried: str) -> tuple[int, int]:
        with transaction():
            text = SupportText(tried, "It fails", "4.3")
            request_id = ask_support(ours, company.id, project.id, text, site=SITE, now=NOW)
        return request_id, db.session.get_one(SupportRequest, request_id).number

    for action in (SupportAction.CLOSE_ANSWERED, SupportAction.CLOSE_GAP, SupportAction.CLOSE_NEED):
        request_id, number = ask(action)
        with transaction():
            answer_support(
                theirs, project.id, number, text="So", as_project=True, site=SITE, now=NOW
            )
        with transaction():
            write_about_support(ours, company.id, request_id, "And", site=SITE, now=NOW)
        with transaction():
            close_support(theirs, project.id, number, action, site=SITE, now=NOW)
        if action is SupportAction.CLOSE_GAP:
            with transaction():
                write_off_gap(theirs, project.id, number, url="", site=SITE, now=NOW)
    settled, _number = ask("Settled")
    with transaction():
        settle_support(ours, company.id, settled, now=NOW)
    assert versions() == before
    assert [browser.get(each).text for each in pages] == shown


def test_w1_the_first_door_leads_to_support_only_where_a_tier_has_it(app: Flask) -> None:
    with_support, without = make_project(), make_project()
    make_tier(with_support, benefits=[{"kind": "mention"}, SUPPORT])
    make_tier(without, benefits=[{"kind": "mention"}])
    assert gives_support(with_support.id)
    assert not gives_support(without.id)
    browser = app.test_client()
    for project, leads in ((with_support, True), (without, False)):
        page = browser.get(f"/p/{project.slug}/contribute").text
        assert (f'href="/p/{project.slug}/support"' in page) == leads
