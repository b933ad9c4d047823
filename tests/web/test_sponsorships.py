"""Buying, returning, canceling and reviewing in the browser, against scripted payments."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import ProcessorUnavailable
from portal.domain.organizations import OrganizationKind
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.sponsorship import Publication, Term
from portal.domain.tiers import Audience
from portal.models.billing import Checkout, CheckoutStatus, Payment
from portal.models.organizations import Organization
from portal.models.sponsorship import Sponsorship
from tests.builders import (
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
    sign_in,
)
from tests.sent_statements import sent_statements

BUY = "/p/kiln/tiers/gold/buy"


class Shop:
    """A project with a gold tier, an organization with an owner, and a browser of the owner's."""

    def __init__(self, app: Flask, **tier: Any) -> None:
        self.app = app
        self.gateway = app.extensions["stakehold"].payments
        self.lead = make_person("Lena")
        self.project = make_project("kiln", roles={self.lead: [ProjectRole.LEAD]})
        self.tier = make_tier(self.project, slug="gold", **({"voting_weight": 4} | tier))
        self.owner = make_person("Olga")
        self.organization = make_organization("acme", roles={self.owner: [OrganizationRole.OWNER]})
        self.client = sign_in(app, self.owner)

    def press(self, **values: str) -> Any:
        return self.client.post(BUY, data={"organization": "acme", "version": "1"} | values)

    def paid(self) -> str:
        """Buy and pay; returns the address of the sponsorship's page."""
        assert self.press().status_code == 303
        (checkout_id,) = self.gateway.checkouts
        self.gateway.pay(checkout_id, at=datetime.now(UTC))
        answer = self.client.get(self.gateway.requests[checkout_id].success_url)
        assert answer.status_code == 303
        return str(answer.location)


def sponsorship() -> Sponsorship:
    db.session.expire_all()
    return db.session.scalars(select(Sponsorship)).one()


def test_from_the_tier_to_an_active_sponsorship_with_its_receipt(app: Flask) -> None:
    shop = Shop(app)
    page = shop.client.get(BUY)
    assert page.status_code == 200
    assert "€100" in page.text
    assert "100%" in page.text
    answer = shop.press()
    assert answer.status_code == 303
    assert answer.location == "http://localhost:1/pay/cs_1"
    request = shop.gateway.requests["cs_1"]
    waiting = shop.client.get(request.success_url.split("?")[0])
    assert "Waiting for the payment" in waiting.text
    shop.gateway.pay("cs_1", at=datetime.now(UTC))
    back = shop.client.get(request.success_url)
    assert (back.status_code, back.location) == (
        303,
        f"/organizations/acme/sponsorships/{sponsorship().reference}",
    )
    shown = shop.client.get(back.location)
    assert "Active until" in shown.text
    assert "In review" in shown.text
    receipt = re.search(r'href="([^"]+/receipts/\d+)"', shown.text)
    assert receipt
    assert "€100" in shop.client.get(receipt[1]).text


def test_pressing_twice_leads_to_the_same_page(app: Flask) -> None:
    shop = Shop(app)
    assert shop.press().location == shop.press().location
    assert len(shop.gateway.checkouts) == 1


def test_choosing_another_tier_closes_the_first_page_at_the_processor(app: Flask) -> None:
    shop = Shop(app)
    make_tier(shop.project, slug="silver")
    shop.press()
    answer = shop.client.post(
        "/p/kiln/tiers/silver/buy", data={"organization": "acme", "version": "1"}
    )
    assert answer.location == "http://localhost:1/pay/cs_2"
    assert shop.gateway.checkouts["cs_1"].state == "expired"
    assert sponsorship().tier_snapshot.tier.slug == "silver"


def test_a_first_page_paid_meanwhile_wins_over_another_tier(app: Flask) -> None:
    shop = Shop(app)
    make_tier(shop.project, slug="silver")
    shop.press()
    shop.gateway.pay("cs_1", at=datetime.now(UTC))
    answer = shop.client.post(
        "/p/kiln/tiers/silver/buy", data={"organization": "acme", "version": "1"}
    )
    assert answer.status_code == 422
    assert "already running" in answer.text
    assert sponsorship().term is Term.ACTIVE
    assert sponsorship().tier_snapshot.tier.slug == "gold"


def test_an_unreachable_processor_is_said_and_the_next_press_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(app)

    def fail(*_: Any, **__: Any) -> None:
        raise ProcessorUnavailable("processor.unreachable", "The processor cannot be reached.")

    with monkeypatch.context() as patched:
        patched.setattr(shop.gateway, "open_checkout", fail)
        answer = shop.press()
    assert answer.status_code == 503
    assert "The processor cannot be reached." in answer.text
    assert db.session.scalars(select(Checkout)).one().status is CheckoutStatus.STARTED
    assert shop.press().location == "http://localhost:1/pay/cs_1"


def test_a_person_buys_through_an_organization_of_one_made_silently(app: Flask) -> None:
    shop = Shop(app, audience=Audience.PERSON)
    page = shop.client.get(BUY)
    assert "Myself, Olga" in page.text
    assert "for people, not organizations" in page.text
    assert shop.press(organization="-").status_code == 303
    assert shop.press(organization="-").status_code == 404, "from now on it has a name of its own"
    own = db.session.scalars(
        select(Organization).where(Organization.kind == OrganizationKind.PERSON)
    ).one()
    assert sponsorship().organization_id == own.id
    assert shop.press(organization=own.slug).location == "http://localhost:1/pay/cs_1"


def test_the_button_is_disabled_beside_its_reasons(app: Flask) -> None:
    shop = Shop(app)
    make_sponsorship(shop.organization, shop.tier)
    page = shop.client.get(BUY)
    assert "Why not now" in page.text
    assert "already running" in page.text
    assert shop.press().status_code == 422


def test_a_tier_that_changed_is_shown_again(app: Flask) -> None:
    answer = Shop(app).press(version="7")
    assert answer.status_code == 409
    assert "was changed while you looked" in answer.text


@pytest.mark.parametrize("version", ["", "x", "9" * 40, "-1", "²"])
def test_a_crafted_version_is_refused(app: Flask, version: str) -> None:
    assert Shop(app).press(version=version).status_code == 409


def test_strangers_and_visitors_do_not_get_in(app: Flask) -> None:
    shop = Shop(app)
    page = shop.paid()
    stranger = sign_in(app, make_person())
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}/cancel").status_code == 404
    assert stranger.post(BUY, data={"organization": "acme", "version": "1"}).status_code == 404
    assert app.test_client().get(page).status_code == 302
    other = make_organization("other", roles={shop.owner: [OrganizationRole.OWNER]})
    crossed = page.replace("/acme/", f"/{other.slug}/")
    assert shop.client.get(crossed).status_code == 404
    assert shop.client.get(f"{crossed}/receipts/1").status_code == 404
    assert shop.client.post(f"{crossed}/privacy", data={"privacy": "private"}).status_code == 404


def test_a_viewer_sees_the_states_but_no_payments(app: Flask) -> None:
    shop = Shop(app)
    page = shop.paid()
    viewer = make_person()
    with transaction() as session:
        from portal.models.organizations import Membership

        session.add(
            Membership(
                organization_id=shop.organization.id,
                person_id=viewer.id,
                role=OrganizationRole.VIEWER,
                since=datetime.now(UTC),
            )
        )
    client = sign_in(app, viewer)
    shown = client.get(page)
    assert "Active until" in shown.text
    assert "/receipts/" not in shown.text
    payment = db.session.scalars(select(Payment)).one()
    assert client.get(f"{page}/receipts/{payment.id}").status_code == 403


def test_ending_with_the_term_is_previewed_and_can_be_taken_back(app: Flask) -> None:
    shop = Shop(app)
    page = shop.paid()
    preview = shop.client.get(f"{page}/cancel")
    assert "100%" in preview.text
    assert "0%" in preview.text
    shop.client.post(f"{page}/cancel")
    assert sponsorship().cancel_at_term_end
    assert shop.gateway.renewals["sub_cs_1"].cancel_at_term_end
    assert "ends on" in shop.client.get(page).text
    shop.client.post(f"{page}/cancel")
    shop.client.post(f"{page}/resume")
    assert not sponsorship().cancel_at_term_end
    assert not shop.gateway.renewals["sub_cs_1"].cancel_at_term_end


def test_a_name_is_shown_only_as_it_was_seen_and_approved(app: Flask) -> None:
    shop = Shop(app)
    shop.paid()
    maintainer = sign_in(app, shop.lead)
    desk = "/desk/kiln/sponsors"
    reference = sponsorship().reference
    seal = re.search(rf'name="{reference}-seal"[^>]*value="([0-9a-f]+)"', maintainer.get(desk).text)
    assert seal
    values = {f"{reference}-seal": seal[1], "decision": "approve"}
    with transaction() as session:
        session.get_one(Organization, shop.organization.id).name = "Acme, the best"
    late = maintainer.post(f"{desk}/{reference}", data=values)
    assert late.status_code == 409
    assert sponsorship().approved_name is None
    again = re.search(rf'name="{reference}-seal"[^>]*value="([0-9a-f]+)"', late.text)
    assert again
    done = maintainer.post(f"{desk}/{reference}", data=values | {f"{reference}-seal": again[1]})
    assert done.status_code == 303
    assert sponsorship().publication is Publication.PUBLISHED
    assert sponsorship().approved_name == "Acme, the best"


def test_a_rejection_needs_its_reason_which_the_sponsor_reads(app: Flask) -> None:
    shop = Shop(app)
    page = shop.paid()
    maintainer = sign_in(app, shop.lead)
    reference = sponsorship().reference
    url = f"/desk/kiln/sponsors/{reference}"
    refused = maintainer.post(url, data={"decision": "reject"})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    maintainer.post(url, data={"decision": "reject", f"{reference}-reason": "Not a real link."})
    assert "Not a real link." in shop.client.get(page).text


def test_a_private_sponsor_is_not_named(app: Flask) -> None:
    shop = Shop(app)
    page = shop.paid()
    shop.client.post(f"{page}/privacy", data={"privacy": "private"})
    assert sponsorship().publication is Publication.HIDDEN
    assert sponsorship().is_private
    shop.client.post(f"{page}/privacy", data={"privacy": "public"})
    assert sponsorship().publication is Publication.IN_REVIEW


def _statements(client: FlaskClient, url: str) -> int:
    with sent_statements() as sent:
        assert client.get(url).status_code == 200
    return len(sent)


def test_the_desk_asks_the_database_no_more_for_many_sponsors(app: Flask) -> None:
    shop = Shop(app)
    maintainer = sign_in(app, shop.lead)

    def fill(number: int) -> None:
        for _ in range(number):
            make_sponsorship(make_organization(), shop.tier, publication=Publication.IN_REVIEW)

    fill(1)
    few = _statements(maintainer, "/desk/kiln/sponsors")
    fill(8)
    assert _statements(maintainer, "/desk/kiln/sponsors") == few
