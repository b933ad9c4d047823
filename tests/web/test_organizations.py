"""An organization's desk in a browser: founding, profile, members, audit, other people's ids."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.database import db, transaction
from portal.domain.permissions import OrganizationRole
from portal.models.audit import AuditEntry
from portal.models.identity import Person
from portal.models.invitations import Invitation
from portal.models.organizations import Membership, Organization
from portal.models.outbox import OutboxMessage
from portal.queries.identity.organizations import get_organization_desk
from tests.builders import (
    NOW,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.sent_statements import sent_statements
from tests.services.test_pictures import make_picture, png_that_claims

OWNER, VIEWER, EDITOR = OrganizationRole.OWNER, OrganizationRole.VIEWER, OrganizationRole.EDITOR
PROFILE = {
    "name": "Acme",
    "website": "",
    "about": "",
    "legal_name": "",
    "address": "",
    "country": "",
    "tax_id": "",
}


@pytest.fixture
def owner(app: Flask) -> Person:
    return make_person("Ada", email="ada@example.org")


@pytest.fixture
def acme(app: Flask, owner: Person) -> Organization:
    return make_organization("acme", name="Acme", roles={owner: [OWNER]})


@pytest.fixture
def browser(app: Flask, owner: Person) -> FlaskClient:
    return sign_in(app, owner)


def _row(organization: Organization) -> Organization:
    db.session.expire_all()
    return db.session.get_one(Organization, organization.id)


def test_founding_leads_to_the_desk(browser: FlaskClient) -> None:
    assert browser.get("/organizations/new").status_code == 200
    answer = browser.post("/organizations/new", data={"name": "Lumen Labs", "kind": "company"})
    assert answer.location == "/organizations/lumen-labs"
    page = browser.get(answer.location).text
    assert "Lumen Labs" in page
    assert "No sponsorship yet" in page


def test_whoever_founds_on_the_way_to_a_tier_comes_back_to_it(browser: FlaskClient) -> None:
    here = "/p/kelp/tiers/company/buy"
    page = browser.get("/organizations/new", query_string={"next": here}).text
    assert f'name="next" type="hidden" value="{here}"' in page
    form = {"name": "Lumen Labs", "kind": "company", "next": here}
    refused = browser.post("/organizations/new", data=form | {"name": ""})
    assert f'value="{here}"' in refused.text
    assert browser.post("/organizations/new", data=form).location == here
    elsewhere = form | {"name": "Lumen", "next": "//evil.example"}
    assert browser.post("/organizations/new", data=elsewhere).location == "/organizations/lumen"


def test_the_headings_of_a_page_without_a_stake_leave_out_no_level(
    browser: FlaskClient, acme: Organization
) -> None:
    page = browser.get(f"/organizations/{acme.slug}/stake").text
    levels = [int(level) for level in re.findall(r"<h([1-6])", page[page.index("<h1") :])]
    assert levels[:3] == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\u202eb"},
        {"name": "a\u200bb"},
        {"name": "Acme", "kind": "queen"},
        {"name": "\u3164"},
    ],
)
def test_a_bad_founding_is_refused_and_makes_nothing(
    browser: FlaskClient, data: dict[str, str]
) -> None:
    assert browser.post("/organizations/new", data={"kind": "company"} | data).status_code == 422
    assert db.session.scalars(select(Organization)).all() == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("website", "javascript:alert(1)"),
        ("website", "https://x.example/" + "a" * 300),
        ("about", "x" * 601),
        ("address", "x" * 501),
        ("country", "XX"),
        ("country", "<script>"),
        ("tax_id", "1" * 41),
        ("legal_name", "a\u2066b"),
    ],
)
def test_a_bad_profile_is_refused_at_its_field_and_kept(
    browser: FlaskClient, acme: Organization, field: str, typed: str
) -> None:
    values = PROFILE | {"about": "Kept text.", field: typed}
    answer = browser.post("/organizations/acme/profile", data=values)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert field == "about" or "Kept text." in answer.text
    assert _row(acme).about == ""


def test_a_profile_is_saved_and_scripts_are_only_text(
    browser: FlaskClient, acme: Organization
) -> None:
    values = PROFILE | {
        "name": "<script>alert(1)</script>",
        "website": "acme.example",
        "address": "Straße 1\r\nאבג",
        "country": "DE",
        "tax_id": "DE136695976",
    }
    assert browser.post("/organizations/acme/profile", data=values).status_code == 303
    row = _row(acme)
    assert (row.website, row.address) == ("https://acme.example", "Straße 1\nאבג")
    for path in ("", "/profile", "/members", "/audit"):
        page = browser.get(f"/organizations/acme{path}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_a_doubtful_tax_id_is_saved_with_a_warning(
    browser: FlaskClient, acme: Organization
) -> None:
    values = PROFILE | {"country": "DE", "tax_id": "DE1"}
    browser.post("/organizations/acme/profile", data=values)
    assert _row(acme).tax_id == "DE1"
    assert (
        "does not look like one of that country" in browser.get("/organizations/acme/profile").text
    )


def test_fields_that_are_not_on_the_form_change_nothing(
    browser: FlaskClient, acme: Organization
) -> None:
    extra = {"slug": "other", "parent_id": "1", "processor_payer_id": "cus_1", "kind": "person"}
    assert browser.post("/organizations/acme/profile", data=PROFILE | extra).status_code == 303
    row = _row(acme)
    assert (row.slug, row.parent_id, row.processor_payer_id, row.kind) == (
        "acme",
        None,
        None,
        "company",
    )


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (png_that_claims(20_000, 20_000), "bomb.png", "more than 12 million pixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.svg", "SVG pictures are not taken"),
        (b"MZ\x90 not a picture", "logo.png", "not a picture that can be read"),
    ],
    ids=lambda v: str(v)[:8],
)
def test_a_bad_logo_is_refused_at_its_field_and_typed_text_kept(
    browser: FlaskClient, acme: Organization, data: bytes, name: str, sentence: str
) -> None:
    values: dict[str, Any] = PROFILE | {"about": "Kept text.", "logo": (io.BytesIO(data), name)}
    answer = browser.post("/organizations/acme/profile", data=values)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Kept text." in answer.text
    assert _row(acme).picture_id is None


def test_a_photo_of_many_megabytes_is_refused_at_its_field_too(
    browser: FlaskClient, acme: Organization
) -> None:
    photo = FileStorage(io.BytesIO(bytes(12 * 1024 * 1024)), "photo.jpg")
    boundary, body = encode_multipart(PROFILE | {"about": "Kept text.", "logo": photo})
    answer = browser.post(
        "/organizations/acme/profile",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert answer.status_code == 422
    assert "2 MB" in answer.text
    assert "Kept text." in answer.text


def test_a_logo_is_taken_and_removed(browser: FlaskClient, acme: Organization) -> None:
    logo = (io.BytesIO(make_picture()), "logo.png")
    browser.post("/organizations/acme/profile", data=PROFILE | {"logo": logo})
    assert _row(acme).picture_id is not None
    assert "/pictures/" in browser.get("/organizations/acme/profile").text
    browser.post("/organizations/acme/profile", data=PROFILE | {"remove_logo": "y"})
    assert _row(acme).picture_id is None


def test_text_in_place_of_a_file_is_no_logo(browser: FlaskClient, acme: Organization) -> None:
    assert (
        browser.post("/organizations/acme/profile", data=PROFILE | {"logo": "x"}).status_code == 303
    )
    assert _row(acme).picture_id is None


def test_an_invitation_from_mail_to_membership(
    app: Flask, browser: FlaskClient, acme: Organization
) -> None:
    answer = browser.post(
        "/organizations/acme/members", data={"email": "Grace@Example.org", "role": "deputy"}
    )
    assert answer.status_code == 303
    mail = db.session.scalars(select(OutboxMessage)).one()
    path = mail.action_url.removeprefix("http://localhost")
    visitor = app.test_client()
    page = visitor.get(path).text
    assert "sign in as Grace@example.org" in page
    assert visitor.post(path).location.startswith("/sign-in?next=")
    other = sign_in(app, make_person("Eve"))
    assert "signed in with another address" in other.get(path).text
    assert other.post(path).status_code == 403
    grace = sign_in(app, make_person("Grace", email="grace@example.org"))
    assert 'id="accept"' in grace.get(path).text
    assert grace.post(path).location == "/organizations/acme"
    assert grace.get("/organizations/acme").status_code == 200
    assert grace.post(path).status_code == 422
    used = grace.get(path).text
    assert "already been accepted" in used
    assert "Go to your desk" in used
    assert visitor.get("/invitations/unknown").status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"email": "x", "role": "viewer"},
        {"email": "a@b.example", "role": "queen"},
        {"email": "a\u200b@b.example", "role": "viewer"},
    ],
)
def test_a_bad_invitation_is_refused(
    browser: FlaskClient, acme: Organization, data: dict[str, str]
) -> None:
    answer = browser.post("/organizations/acme/members", data=data)
    assert answer.status_code == 422
    assert db.session.scalars(select(Invitation)).all() == []


def test_roles_are_changed_with_reasons_why_not(
    app: Flask, browser: FlaskClient, acme: Organization, owner: Person
) -> None:
    grace = make_person("Grace")
    with transaction() as session:
        session.add(Membership(organization_id=acme.id, person_id=grace.id, role=VIEWER, since=NOW))
    path = f"/organizations/acme/members/{grace.id}"
    assert browser.get(path).text.count('type="checkbox"') == 7
    assert browser.post(path, data={"roles": ["editor", "billing"]}).status_code == 303
    assert "Choose at least one role" in browser.post(path, data={}).text
    assert browser.post(path, data={"roles": ["queen"]}).status_code == 422
    own = f"/organizations/acme/members/{owner.id}"
    refused = browser.post(own, data={"roles": ["viewer"]})
    assert refused.status_code == 422
    assert "always has at least one owner" in refused.text
    assert browser.post("/organizations/acme/leave").location == "/organizations/acme/members"
    assert "always has at least one owner" in browser.get("/organizations/acme/members").text
    assert browser.post(f"{path}/remove").location == "/organizations/acme/members"
    assert browser.get(path).status_code == 404


def test_a_parent_is_asked_and_agrees(app: Flask, browser: FlaskClient, acme: Organization) -> None:
    grace = make_person("Grace")
    make_organization("holding", name="Holding", roles={grace: [OWNER]})
    assert browser.post("/organizations/acme/parent", data={"parent": "acme"}).status_code == 422
    assert browser.post("/organizations/acme/parent", data={"parent": ""}).status_code == 422
    assert (
        browser.post("/organizations/acme/parent", data={"parent": "/o/holding"}).status_code == 303
    )
    assert "Asked: Holding" in browser.get("/organizations/acme/profile").text
    assert browser.post("/organizations/holding/daughters/acme/agree").status_code == 404
    parent = sign_in(app, grace)
    assert "Says that it belongs to Holding" in parent.get("/organizations/holding").text
    assert parent.post("/organizations/holding/daughters/acme/agree").status_code == 303
    assert "Belongs to Holding" in browser.get("/organizations/acme").text
    assert browser.post("/organizations/acme/parent/leave").status_code == 303
    assert _row(acme).parent_id is None


ROUTES = [
    ("GET", ""),
    ("GET", "/profile"),
    ("POST", "/profile"),
    ("GET", "/members"),
    ("POST", "/members"),
    ("GET", "/members/1"),
    ("POST", "/members/1"),
    ("POST", "/members/1/remove"),
    ("POST", "/leave"),
    ("POST", "/invitations/1/resend"),
    ("POST", "/invitations/1/withdraw"),
    ("POST", "/parent"),
    ("POST", "/parent/leave"),
    ("POST", "/daughters/x/agree"),
    ("POST", "/daughters/x/refuse"),
    ("GET", "/audit"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_strangers_find_nothing_and_visitors_sign_in_first(
    app: Flask, acme: Organization, method: str, path: str
) -> None:
    stranger = sign_in(app, make_person("Eve"))
    assert stranger.open(f"/organizations/acme{path}", method=method).status_code == 404
    visitor = app.test_client().open(f"/organizations/acme{path}", method=method)
    assert visitor.status_code == 302
    assert visitor.location.startswith("/sign-in")


def test_members_without_the_right_are_told_so(app: Flask, acme: Organization) -> None:
    grace = make_person("Grace")
    with transaction() as session:
        session.add(Membership(organization_id=acme.id, person_id=grace.id, role=VIEWER, since=NOW))
    viewer = sign_in(app, grace)
    codes = {
        path: viewer.open(f"/organizations/acme{path}", method=method).status_code
        for method, path in ROUTES
        if path not in ("", "/members", "/leave")
    }
    assert set(codes.values()) == {403}
    members = viewer.get("/organizations/acme/members").text
    assert "ada@example.org" not in members
    assert "Invite a colleague" not in members
    assert viewer.post("/organizations/acme/leave").location == "/desk"


def test_another_organization_s_members_and_invitations_are_not_found(
    app: Flask, browser: FlaskClient, acme: Organization
) -> None:
    eve = make_person("Eve")
    make_organization("other", roles={eve: [OWNER]})
    sign_in(app, eve).post(
        "/organizations/other/members", data={"email": "x@example.org", "role": "viewer"}
    )
    invitation = db.session.scalars(select(Invitation)).one()
    for path in (
        f"members/{eve.id}/remove",
        f"invitations/{invitation.id}/withdraw",
        f"invitations/{invitation.id}/resend",
        "daughters/other/agree",
    ):
        assert browser.post(f"/organizations/acme/{path}").status_code == 404
    assert (
        browser.post(f"/organizations/acme/members/{eve.id}", data={"roles": ["owner"]}).status_code
        == 404
    )
    assert browser.get(f"/organizations/acme/members/{eve.id}").status_code == 404


def test_the_audit_list_is_paged_by_key(browser: FlaskClient, acme: Organization) -> None:
    with transaction() as session:
        session.add_all(
            AuditEntry(
                tag="a:b:c",
                sentence=f"Change {number}.",
                actor="Ada",
                organization_id=acme.id,
                at=NOW,
            )
            for number in range(120)
        )
    first = browser.get("/organizations/acme/audit").text
    assert "Change 119." in first
    assert "Change 69." not in first
    oldest = db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()[20]
    last = browser.get(f"/organizations/acme/audit?before={oldest}").text
    assert "Change 0." in last
    assert "Older" not in last
    assert browser.get("/organizations/acme/audit?before=x").status_code == 200


def test_the_desk_reads_as_many_statements_for_many_rows_as_for_few(
    app: Flask, acme: Organization
) -> None:
    def count() -> int:
        db.session.expire_all()
        with sent_statements() as sent:
            desk = get_organization_desk(acme.id, now=NOW)
        assert desk.profile.slug == "acme"
        return len(sent)

    few = count()
    for _number in range(4):
        make_sponsorship(acme, make_tier(make_project()))
        person = make_person()
        with transaction() as session:
            session.add(
                Membership(
                    organization_id=acme.id,
                    person_id=person.id,
                    role=EDITOR,
                    since=NOW + timedelta(days=1),
                )
            )
    assert count() == few <= 6
