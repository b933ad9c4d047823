"""Tiers: every change is a new version, what was sold stays as it was sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask

from portal.database import transaction
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import Actor, ProjectRole
from portal.domain.tiers import Audience, Interval, TierTerms
from portal.models.projects import Project
from portal.queries.sponsorship.tiers import find_tier, list_tiers_in_editor, list_tiers_on_sale
from portal.services.sponsorship.tiers import (
    add_tier,
    archive_tier,
    change_tier,
    move_tier,
    restore_tier,
)
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)

TERMS = TierTerms("Gold", "For all.", Money(10000, "EUR"), Interval.YEAR, 4, Audience.ORGANIZATION)


@pytest.fixture
def led(app: Flask) -> tuple[Actor, Project]:
    lead = make_person()
    project = make_project(roles={lead: [ProjectRole.LEAD]}, cap=Fraction(1))
    return actor_of(lead), project


def add(led: tuple[Actor, Project], name: str = "Gold") -> str:
    with transaction():
        return add_tier(led[0], led[1].id, replace(TERMS, name=name), now=NOW)


def test_a_changed_tier_is_a_new_version_and_a_sold_one_stays_as_it_was(
    led: tuple[Actor, Project],
) -> None:
    actor, project = led
    slug = add(led)
    with transaction():
        assert change_tier(
            actor,
            project.id,
            slug,
            replace(TERMS, price=Money(20000, "EUR")),
            seen_number=1,
            now=NOW,
        )
    history = find_tier(project.id, slug)
    assert history is not None
    assert [(v.number, v.terms.price.amount_minor) for v in history.versions] == [
        (2, 20000),
        (1, 10000),
    ]


def test_an_identical_edit_makes_no_version(led: tuple[Actor, Project]) -> None:
    slug = add(led)
    with transaction():
        assert not change_tier(led[0], led[1].id, slug, TERMS, seen_number=1, now=NOW)
    history = find_tier(led[1].id, slug)
    assert history is not None
    assert len(history.versions) == 1


def test_a_change_on_a_stale_page_is_refused(led: tuple[Actor, Project]) -> None:
    slug = add(led)
    with pytest.raises(Conflict), transaction():
        change_tier(led[0], led[1].id, slug, replace(TERMS, name="X"), seen_number=2, now=NOW)


def test_a_currency_of_another_project_is_refused(led: tuple[Actor, Project]) -> None:
    with pytest.raises(Refusal) as refusal, transaction():
        add_tier(led[0], led[1].id, replace(TERMS, price=Money(1, "USD")), now=NOW)
    assert refusal.value.field == "price"


def test_each_tier_has_an_address_of_its_own(led: tuple[Actor, Project]) -> None:
    assert [add(led, name) for name in ("Gold", "GOLD", "New", "金")] == [
        "gold",
        "gold-2",
        "new-2",
        "tier",
    ]


def test_tiers_move_one_place_and_stop_at_the_ends(led: tuple[Actor, Project]) -> None:
    slugs = [add(led, name) for name in ("A", "B", "C")]

    def move(slug: str, *, up: bool) -> list[str]:
        with transaction():
            move_tier(led[0], led[1].id, slug, up=up, now=NOW)
        return [tier.slug for tier in list_tiers_in_editor(led[1].id, now=NOW)]

    assert slugs == ["a", "b", "c"]
    assert move("c", up=True) == ["a", "c", "b"]
    assert move("a", up=True) == ["a", "c", "b"]
    assert move("b", up=False) == ["a", "c", "b"]
    assert move("a", up=False) == ["c", "a", "b"]


def test_an_archived_tier_is_off_sale_until_it_is_restored(led: tuple[Actor, Project]) -> None:
    actor, project = led
    slug = add(led)
    for _twice in range(2):
        with transaction():
            archive_tier(actor, project.id, slug, now=NOW)
    assert list_tiers_on_sale(project.id, now=NOW) == ()
    with pytest.raises(Refusal), transaction():
        move_tier(actor, project.id, slug, up=True, now=NOW)
    for _twice in range(2):
        with transaction():
            restore_tier(actor, project.id, slug, now=NOW)
    assert len(list_tiers_on_sale(project.id, now=NOW)) == 1


def test_another_projects_tier_is_not_there(led: tuple[Actor, Project]) -> None:
    other = make_tier(make_project(), slug="theirs")
    assert other.tier.slug == "theirs"
    assert find_tier(led[1].id, "theirs") is None
    with pytest.raises(NotFound), transaction():
        archive_tier(led[0], led[1].id, "theirs", now=NOW)


def test_a_maintainer_may_not_change_tiers_and_a_treasurer_may(app: Flask) -> None:
    maintainer, treasurer = make_person(), make_person()
    project = make_project(
        roles={maintainer: [ProjectRole.MAINTAINER], treasurer: [ProjectRole.TREASURER]}
    )
    with pytest.raises(Forbidden), transaction():
        add_tier(actor_of(maintainer), project.id, TERMS, now=NOW)
    with transaction():
        add_tier(actor_of(treasurer), project.id, TERMS, now=NOW)


def test_the_public_list_says_places_left_and_the_share_of_the_vote(
    led: tuple[Actor, Project],
) -> None:
    _actor, project = led
    scarce = make_tier(project, slug="scarce", voting_weight=3, capacity=2)
    make_tier(project, slug="silent", voting_weight=0)
    make_tier(project, slug="past", sold_until=(NOW - timedelta(days=1)).date())
    make_tier(project, slug="today", sold_from=NOW.date(), sold_until=NOW.date())
    make_sponsorship(make_organization(), scarce)
    found = {tier.slug: tier for tier in list_tiers_on_sale(project.id, now=NOW)}
    assert list(found) == ["scarce", "silent", "today"]
    assert [tier.places_left for tier in found.values()] == [1, None, None]
    assert [tier.share for tier in found.values()] == [Fraction(1, 2), 0, Fraction(1, 4)]
    assert found["scarce"].version_id == scarce.id
    make_sponsorship(make_organization(), scarce)
    assert list_tiers_on_sale(project.id, now=NOW)[0].places_left == 0


def test_the_editor_counts_what_runs_on_each_version(led: tuple[Actor, Project]) -> None:
    actor, project = led
    version = make_tier(project, slug="gold", voting_weight=4)
    make_sponsorship(make_organization(), version)
    with transaction():
        change_tier(actor, project.id, "gold", TERMS, seen_number=1, now=NOW)
    history = find_tier(project.id, "gold")
    assert history is not None
    assert [v.running for v in history.versions] == [0, 1]
    assert [tier.running for tier in list_tiers_in_editor(project.id, now=NOW)] == [1]
