"""Power beside weight: on the pages of sponsors and tiers, and in the tier editor."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.domain.permissions import ProjectRole
from tests.builders import (
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)


@pytest.fixture
def lead(app: Flask) -> FlaskClient:
    """A house of 6, 2 and 2 without a cap, the largest one unnamed."""
    person = make_person()
    project = make_project("kelp", roles={person: [ProjectRole.LEAD]}, cap=Fraction(1))
    big, small = make_tier(project, voting_weight=6), make_tier(project, voting_weight=2)
    make_sponsorship(make_organization(), big, is_private=True)
    for _sponsor in range(2):
        make_sponsorship(make_organization(), small)
    return sign_in(app, person)


def test_sponsors_read_who_decides_alone_and_who_never_matters(
    lead: FlaskClient, client: FlaskClient
) -> None:
    page = client.get("/p/kelp/sponsors").text
    assert "An unnamed sponsor decides this house alone" in page
    assert "2 of 3 electors can never change an outcome" in page
    assert "Shapley-Shubik" in page


def test_a_tier_tells_the_power_it_would_give(lead: FlaskClient, client: FlaskClient) -> None:
    page = client.get("/p/kelp/tiers").text
    assert "Power: 33.3%" in page
    assert "Power: 10%" in page


def test_the_tier_editor_previews_power(lead: FlaskClient) -> None:
    typed = {"name": "Vast", "price": "9", "interval": "year", "voting_weight": "99",
             "audience": "organization", "logo": "", "step": "preview"}  # fmt: skip
    page = lead.post("/desk/kelp/tiers/new", data=typed).text
    assert "Power that share would have" in page
    assert "100%, decides alone" in page
