"""The electorate as a page reads it: the rows that count, at the instant that counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from flask import Flask

from portal.database import db, transaction
from portal.domain.electorate import draw_up, share_of
from portal.domain.errors import NotFound
from portal.domain.newcomers import with_sponsor
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.domain.tiers import Audience, Interval
from portal.queries.weights.electorate import (
    NEWCOMER,
    find_share_with,
    find_standing,
    find_weight_classes,
    get_charter,
    load_facts,
)
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)
from tests.sent_statements import sent_statements

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_it_reads_weights_names_and_maintainers(app: Flask) -> None:
    lead, steward = make_person("Lea Lead"), make_person()
    project = make_project(
        roles={lead: [ProjectRole.LEAD, ProjectRole.MAINTAINER], steward: [ProjectRole.STEWARD]}
    )
    gold, small = make_tier(project, voting_weight=3), make_tier(project, voting_weight=1)
    shown, private = make_organization("shown"), make_organization("private")
    make_sponsorship(shown, gold, approved_name="Shown AG")
    make_sponsorship(private, small, is_private=True)
    found = find_standing(project.id, now=NOW)
    assert [(e.name, e.public_name, e.raw) for e in found.sponsors.electors] == [
        ("Shown", "Shown AG", 3),
        ("Private", None, 1),
    ]
    assert [e.name for e in found.maintainers.electors] == ["Lea Lead"]
    assert found.record_at == NOW


def test_an_unpublished_name_stays_unshown(app: Flask) -> None:
    project = make_project()
    make_sponsorship(make_organization(), make_tier(project), publication=Publication.IN_REVIEW)
    assert find_standing(project.id, now=NOW).sponsors.electors[0].public_name is None


def test_money_of_one_project_carries_no_weight_in_another(app: Flask) -> None:
    project, other = make_project(), make_project()
    make_sponsorship(make_organization(), make_tier(other))
    assert find_standing(project.id, now=NOW).sponsors.electors == ()


def test_relations_hold_through_companies_that_are_no_sponsors(app: Flask) -> None:
    project = make_project(cap=Fraction(1))
    tier = make_tier(project)
    top = make_organization("top")
    middle = make_organization("middle", parent_id=top.id)
    one, two = make_organization(parent_id=middle.id), make_organization(parent_id=top.id)
    for each in (one, two):
        make_sponsorship(each, tier)
    electors = find_standing(project.id, now=NOW).sponsors.electors
    assert len(electors) == 1
    assert {member.organization_id for member in electors[0].members} == {one.id, two.id}


def test_a_circle_of_parents_ends(app: Flask) -> None:
    project = make_project()
    one, two = make_organization(), make_organization()
    one.parent_id, two.parent_id = two.id, one.id
    make_sponsorship(one, make_tier(project))
    assert len(find_standing(project.id, now=NOW).sponsors.electors) == 1


def test_a_running_sponsorship_hides_the_lapsed_one_before_it(app: Flask) -> None:
    project = make_project()
    tier, company = make_tier(project), make_organization()
    make_sponsorship(company, tier)
    make_sponsorship(company, tier, term=Term.LAPSED, ended_at=NOW - DAY)
    found = find_standing(project.id, now=NOW)
    assert (len(found.sponsors.electors), found.left_out) == (1, ())


def test_those_who_lapsed_within_a_year_are_named_and_older_ones_are_not(app: Flask) -> None:
    project = make_project()
    tier = make_tier(project)
    make_sponsorship(make_organization("recent"), tier, term=Term.LAPSED, ended_at=NOW - DAY)
    make_sponsorship(make_organization("old"), tier, term=Term.ENDED, ended_at=NOW - 400 * DAY)
    assert [left.name for left in find_standing(project.id, now=NOW).left_out] == ["Recent"]


def test_a_project_that_does_not_exist_is_refused(app: Flask) -> None:
    with pytest.raises(NotFound):
        find_standing(4711, now=NOW)


def test_what_a_tier_would_give_a_newcomer_a_sponsor_and_its_daughter(app: Flask) -> None:
    project = make_project(cap=Fraction(1))
    tier = make_tier(project, voting_weight=2)
    company = make_organization()
    daughter = make_organization(parent_id=company.id)
    make_sponsorship(company, tier)
    make_sponsorship(make_organization(), tier)

    def change(organization_id: int) -> tuple[Fraction, Fraction]:
        found = find_share_with(
            project.id, organization_id, voting_weight=4, audience=Audience.ORGANIZATION, now=NOW
        )
        return found.now, found.then

    assert change(NEWCOMER) == (0, Fraction(1, 2))
    assert change(company.id) == (Fraction(1, 2), Fraction(2, 3))
    assert change(daughter.id)[1] == Fraction(2, 3)


def test_counting_by_weight_tells_the_same_share_as_drawing_up_the_electorate(app: Flask) -> None:
    project = make_project(seasoning_days=30, grace_days=21, cap=Fraction(1, 3))
    tiers = [
        make_tier(project, voting_weight=weight, audience=audience, interval=interval)
        for weight in (5, 2, 0)
        for audience in Audience
        for interval in (Interval.YEAR, Interval.ONE_TIME)
    ]
    above = make_organization()
    related = [make_organization(parent_id=above.id) for _ in range(3)]
    states = [
        {},
        {"active_since": NOW - 29 * DAY},
        {"active_since": NOW - 30 * DAY},
        {"term_ends_at": NOW - DAY},
        {"term_ends_at": NOW - 21 * DAY},
        {"term_ends_at": NOW - DAY, "cancel_at_term_end": True},
        {"term": Term.GRACE, "grace_ends_at": NOW},
        {"term": Term.GRACE, "grace_ends_at": NOW + DAY},
        {"commercial": Commercial.REFUNDED},
        {"term": Term.LAPSED, "ended_at": NOW - DAY},
    ]
    buyers = [*related, above]
    for number, tier in enumerate(tiers):
        for state in states:
            buyer = buyers.pop() if buyers and number % 2 else make_organization()
            make_sponsorship(buyer, tier, **state)
    charter, facts = get_charter(project.id), load_facts(project.id, now=NOW)
    standing = find_weight_classes(project.id, now=NOW)
    for weight in (0, 1, 5, 40):
        for audience in Audience:
            then = with_sponsor(facts, NEWCOMER, raw=weight, audience=audience, at=NOW)
            share = share_of(draw_up(then, charter, NOW), NEWCOMER)
            assert standing.newcomers_share(weight, audience) == share


def test_weights_kept_between_pages_are_fresh_after_a_change_and_in_the_next_minute(
    app: Flask,
) -> None:
    project = make_project(cap=Fraction(1), seasoning_days=30)
    tier = make_tier(project, voting_weight=1)

    def share(at: datetime) -> Fraction:
        standing = find_weight_classes(project.id, now=at)
        return standing.newcomers_share(1, Audience.ORGANIZATION)

    assert share(NOW) == 1
    make_sponsorship(make_organization(), tier, active_since=NOW - 30 * DAY + MINUTE)
    with transaction():
        project.tagline = "Changed"
    assert share(NOW) == 1
    assert share(NOW + MINUTE) == Fraction(1, 2)
    make_sponsorship(make_organization(), tier)
    assert share(NOW + MINUTE) == Fraction(1, 3)


@pytest.mark.parametrize("sponsors", [1, 12])
def test_the_number_of_statements_does_not_grow_with_the_sponsors(
    app: Flask, sponsors: int
) -> None:
    project = make_project(roles={make_person(): [ProjectRole.LEAD] for _ in range(sponsors)})
    tier = make_tier(project)
    project_id = project.id
    for _ in range(sponsors):
        make_sponsorship(
            make_organization(parent_id=make_organization().id), tier, commercial=Commercial.PAID
        )
    db.session.expire_all()
    with sent_statements() as sent:
        found = find_standing(project_id, now=NOW)
    assert len(found.sponsors.electors) == sponsors
    assert len(sent) == 5
