"""Public pages: complete without signing in, and silent about what is not public."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.database import transaction
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.sponsorship import Publication, Term
from portal.models.organizations import Organization, Picture
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.vote_builders import DAY, cast, close, make_draft, make_scene, make_vote

PAGES = ("", "/proposals", "/roadmap", "/sponsors", "/tiers", "/charter", "/how-we-work")


def make_sponsor(name: str, **values: Any) -> Organization:
    """A sponsor of a new project ``kelp``, or of the one there is."""
    organization = make_organization(name=name)
    make_sponsorship(organization, make_tier(make_project("kelp")), **values)
    return organization


def make_picture(data: bytes = b"picture") -> Picture:
    """A stored picture."""
    picture = Picture(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/webp",
        width=1,
        height=1,
        data=data,
    )
    with transaction() as session:
        session.add(picture)
    return picture


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_project_has_every_page_and_each_says_what_to_do(
    app: Flask, client: FlaskClient, page: str
) -> None:
    make_project("kelp")
    answer = client.get(f"/p/kelp{page}")
    assert answer.status_code == 200
    assert 'aria-current="page"' in answer.text
    assert "Sign in" in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_an_unknown_project_is_not_found(app: Flask, client: FlaskClient, page: str) -> None:
    assert client.get(f"/p/none{page}").status_code == 404


def test_the_start_page_lists_projects_and_greets_an_empty_instance(
    app: Flask, client: FlaskClient
) -> None:
    assert "No project yet" in client.get("/").text
    make_project("kelp")
    assert 'href="/p/kelp"' in client.get("/").text


def test_a_private_sponsor_shows_only_in_totals(app: Flask, client: FlaskClient) -> None:
    """PRODUCT S6: it counts in totals, its name never shows."""
    organization = make_sponsor("Meridian Vault", is_private=True)
    for path in ("/p/kelp", "/p/kelp/sponsors"):
        page = client.get(path).text
        assert "Meridian" not in page
        assert organization.slug not in page
    assert "1 sponsor in good standing, 1 of them not named" in client.get("/p/kelp/sponsors").text
    assert client.get(f"/o/{organization.slug}").status_code == 404


@pytest.mark.parametrize(
    "publication", [Publication.HIDDEN, Publication.IN_REVIEW, Publication.REJECTED]
)
def test_a_name_that_nobody_approved_is_not_shown(
    app: Flask, client: FlaskClient, publication: Publication
) -> None:
    organization = make_sponsor("Fennel and Rye", publication=publication)
    assert "Fennel" not in client.get("/p/kelp/sponsors").text
    assert client.get(f"/o/{organization.slug}").status_code == 404


def test_what_was_approved_stays_shown_while_an_edit_waits(app: Flask, client: FlaskClient) -> None:
    """S6: approval is needed again after each edit; it takes nothing down meanwhile."""
    organization = make_sponsor(
        "Fennel and Rye", publication=Publication.IN_REVIEW, approved_name="Fennel"
    )
    for path in ("/p/kelp", "/p/kelp/sponsors", f"/o/{organization.slug}"):
        page = client.get(path).text
        assert "Fennel" in page, path
        assert "Fennel and Rye" not in page, path


def test_sponsors_links_are_marked_as_paid(app: Flask, client: FlaskClient) -> None:
    organization = make_sponsor("Tessera", approved_website="https://tessera.example")
    for path in ("/p/kelp/sponsors", f"/o/{organization.slug}"):
        page = client.get(path).text
        assert 'href="https://tessera.example" rel="sponsored nofollow noopener"' in page


def test_past_sponsors_stay_with_their_dates(app: Flask, client: FlaskClient) -> None:
    """PRODUCT S9."""
    organization = make_sponsor(
        "Larkspur", term=Term.ENDED, ended_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    page = client.get("/p/kelp/sponsors").text
    assert page.index("Past sponsors") < page.index("Larkspur")
    assert "1 March 2026" in page
    assert "0 sponsors in good standing" in page
    assert "1 March 2026" in client.get(f"/o/{organization.slug}").text


def test_who_came_back_is_not_among_the_past(app: Flask, client: FlaskClient) -> None:
    project = make_project("kelp")
    tier = make_tier(project)
    organization = make_organization(name="Returned")
    make_sponsorship(organization, tier, term=Term.ENDED, ended_at=NOW)
    make_sponsorship(organization, tier)
    assert "Past sponsors" not in client.get("/p/kelp/sponsors").text


def test_a_long_tier_goes_on_where_it_left_off(app: Flask, client: FlaskClient) -> None:
    tier = make_tier(make_project("kelp"))
    with transaction() as session:
        session.flush()
    for number in range(203):
        since = NOW - timedelta(days=300, minutes=-number)
        make_sponsorship(make_organization(name=f"Sponsor {number:03}"), tier, since=since)
    first = client.get("/p/kelp/sponsors").text
    assert "Sponsor 199" in first
    assert "Sponsor 200" not in first.split("Weight and power")[0]
    address = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = client.get(address).text
    assert "Sponsor 199" not in second
    assert "Sponsor 202" in second


@pytest.mark.parametrize("query", ["after=1", "after=a.b.c", "before=9.9", "after=1.9e99.1"])
def test_a_made_up_place_in_the_list_is_not_found(
    app: Flask, client: FlaskClient, query: str
) -> None:
    make_project("kelp")
    assert client.get(f"/p/kelp/sponsors?{query}").status_code == 404


def test_drafts_are_not_shown(app: Flask, client: FlaskClient) -> None:
    scene = make_scene()
    make_draft(scene, title="Secret plans")
    root = f"/p/{scene.project.slug}"
    assert "Secret plans" not in client.get(f"{root}/proposals").text
    assert client.get(f"{root}/proposals/1").status_code == 404


def test_an_open_vote_shows_its_close_and_nothing_of_its_ballots(
    app: Flask, client: FlaskClient
) -> None:
    scene = make_scene()
    at = datetime.now(UTC) - DAY
    vote_id = make_vote(scene, now=at)
    root = f"/p/{scene.project.slug}"
    paths = [f"{root}{page}" for page in (*PAGES, "/proposals/1")]
    before = [_main(client.get(path).text) for path in paths]
    cast(scene, vote_id, 0, "against", reason="A telling reason.", now=at + DAY / 2)
    assert [_main(client.get(path).text) for path in paths] == before
    assert client.get(f"{root}/proposals/1/outcome").status_code == 404


def _main(page: str) -> str:
    return page.split("<main")[1].split("</main>", maxsplit=1)[0]


def test_an_outcome_is_told_in_figures_and_in_words(app: Flask, client: FlaskClient) -> None:
    scene = make_scene(weights=(2, 2, 1))
    at = datetime.now(UTC) - 20 * DAY
    vote_id = make_vote(scene, now=at)
    cast(scene, vote_id, 0, "for", reason="We need it.", now=at + DAY)
    cast(scene, vote_id, 1, "against", reason="We do not.", now=at + DAY)
    close(vote_id, now=at + 14 * DAY)
    page = client.get(f"/p/{scene.project.slug}/proposals/1/outcome").text
    for text in (
        "Not carried",
        "2 of 3 electors took part.",
        "That is enough: the quorum was",
        "a tie changes nothing",
        "We need it.",
        "We do not.",
        scene.organizations[0].name,
        "Did not vote",
    ):
        assert text in page
    assert page.count("<svg") > 2
    assert "owe a decision" in page


@pytest.mark.parametrize(
    ("weights", "charter", "said"),
    [
        # Rounded, what was reached and what was needed are the same: 66.7%, 50%.
        (
            (1333, 667),
            {"threshold": Fraction(2, 3)},
            (
                "66.7% was for: 1,333 against 667. To carry, at least 66.7% was needed,"
                " a weight of 1,333.334."
            ),
        ),
        (
            (4999, 5001),
            {"quorum_electors": Fraction(0)},
            "They hold 50% of the weight: 4,999 of 10,000.",
        ),
        (
            (4999, 5001),
            {"quorum_electors": Fraction(0)},
            "That is not enough: the quorum was a weight of at least 5,000.",
        ),
        ((3, 2), {"quorum_weight": Fraction(0)}, "the quorum was 1 elector."),
    ],
)
def test_an_outcome_that_just_misses_says_by_how_much(
    app: Flask, client: FlaskClient, weights: tuple[int, ...], charter: dict[str, Any], said: str
) -> None:
    scene = make_scene(weights=weights, cap=Fraction(1), **charter)
    vote_id = make_vote(scene)
    cast(scene, vote_id, 0, "for")
    if "threshold" in charter:
        cast(scene, vote_id, 1, "against")
    close(vote_id)
    assert said in client.get(f"/p/{scene.project.slug}/proposals/1/outcome").text


def test_the_charter_page_says_what_the_configuration_says(app: Flask, client: FlaskClient) -> None:
    make_project("kelp", seasoning_days=17, grace_days=0)
    page = client.get("/p/kelp/charter").text
    assert "17 days" in page
    assert "25%" in page


def test_a_full_tier_says_why_it_cannot_be_bought(app: Flask, client: FlaskClient) -> None:
    tier = make_tier(make_project("kelp"), slug="anchor", capacity=1)
    assert 'href="/p/kelp/tiers/anchor/buy"' in client.get("/p/kelp/tiers").text
    make_sponsorship(make_organization(), tier)
    page = client.get("/p/kelp/tiers").text
    assert 'href="/p/kelp/tiers/anchor/buy"' not in page
    assert "All places are taken" in page


def test_an_approved_picture_is_public_for_good(app: Flask, client: FlaskClient) -> None:
    picture = make_picture()
    make_sponsor("Tessera", approved_picture_id=picture.id)
    answer = client.get(f"/pictures/{picture.sha256}.webp")
    assert (answer.status_code, answer.data) == (200, b"picture")
    assert answer.content_type == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_picture_that_is_not_approved_is_for_its_owners_and_reviewers(
    app: Flask, client: FlaskClient
) -> None:
    picture = make_picture()
    member, lead, stranger = make_person(), make_person(), make_person()
    project = make_project("kelp", roles={lead: [ProjectRole.LEAD]})
    organization = make_organization(
        roles={member: [OrganizationRole.VIEWER]}, picture_id=picture.id
    )
    make_sponsorship(organization, make_tier(project), publication=Publication.IN_REVIEW)
    path = f"/pictures/{picture.sha256}.webp"
    assert client.get(path).status_code == 404
    assert sign_in(app, stranger).get(path).status_code == 404
    for person in (member, lead):
        answer = sign_in(app, person).get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_private_sponsors_picture_is_not_public(app: Flask, client: FlaskClient) -> None:
    picture = make_picture()
    make_sponsor("Meridian", approved_picture_id=picture.id, is_private=True)
    assert client.get(f"/pictures/{picture.sha256}.webp").status_code == 404


def test_text_people_wrote_cannot_leave_its_place(app: Flask, client: FlaskClient) -> None:
    make_sponsor("<script>alert(1)</script>")
    for path in ("/p/kelp", "/p/kelp/sponsors"):
        assert "<script>alert" not in client.get(path).text


def test_without_addresses_the_doors_still_say_what_to_do(app: Flask, client: FlaskClient) -> None:
    project = make_project("kelp", roles={make_person("Noor Lead"): [ProjectRole.LEAD]})
    page = client.get("/p/kelp/contribute").get_data(as_text=True)
    assert "in private" in page
    assert "Noor Lead" in page
    assert "/p/kelp/how-we-work" in page
    assert "Report a weakness" not in page
    with transaction() as session:
        kept = session.get_one(type(project), project.id)
        kept.security_url = kept.help_url = "https://kelp.example/security"
    page = client.get("/p/kelp/contribute").get_data(as_text=True)
    assert "Report a weakness" in page
    assert "Noor Lead" not in page
