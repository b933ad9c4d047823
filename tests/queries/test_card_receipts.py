"""Receipts on the billing desk: what was paid without an invoice, of this organization alone."""

from __future__ import annotations

from flask import Flask

from portal.domain.money import Money
from portal.queries.billing.card_receipts import list_card_receipts
from tests.builders import NOW, make_organization, make_person, sign_in
from tests.document_builders import make_trade
from tests.stories.scene import DAY, Scene


def test_card_payments_have_their_receipts_on_the_billing_desk(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.change("gold", now=NOW + 100 * DAY)
    difference, first = list_card_receipts(scene.organization.id)
    assert (first.money, first.tier) == (Money(10000, "EUR"), "Silver")
    assert difference.tier == "Gold"
    assert difference.paid_at > first.paid_at
    client = sign_in(app, scene.owner)
    page = client.get("/organizations/acme/billing").text
    for receipt in (difference, first):
        link = f"/organizations/acme/sponsorships/{receipt.sponsorship}/receipts/"
        assert f'href="{link}{receipt.payment_id}"' in page
        assert client.get(f"{link}{receipt.payment_id}").status_code == 200
    assert list_card_receipts(make_organization("other", roles={make_person(): []}).id) == ()


def test_what_paid_an_invoice_has_its_receipt_among_the_documents(app: Flask) -> None:
    trade = make_trade()
    trade.pay(trade.order())
    assert list_card_receipts(trade.organization.id) == ()
