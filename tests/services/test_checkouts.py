"""Buying by hosted checkout: one live checkout, capacity, crashes between the steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import OrganizationRole, ProjectRole
from portal.domain.sponsorship import Commercial, Publication, Term
from portal.domain.tiers import Interval
from portal.jobs import run_due
from portal.models.audit import AuditEntry
from portal.models.billing import Checkout, CheckoutStatus, Payment
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.services.payments.settlement import converge_checkout, record_opened
from portal.services.sponsorship.checkouts import StartedCheckout, start_checkout
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_project,
    make_sponsorship,
    make_tier,
)

SITE = "http://localhost"


class Market:
    """A project with a maintainer and a tier, and an organization with an owner."""

    def __init__(self, app: Flask, **tier: Any) -> None:
        self.app = app
        self.gateway = app.extensions["stakehold"].payments
        self.mail = app.extensions["stakehold"].mail
        self.lead = make_person("Lena", email="lena@example.org")
        self.project = make_project("kiln", roles={self.lead: [ProjectRole.LEAD]})
        self.tier = make_tier(self.project, slug="gold", **({"voting_weight": 4} | tier))
        self.owner = make_person("Olga", email="olga@example.org")
        self.organization = make_organization("acme", roles={self.owner: [OrganizationRole.OWNER]})

    def start(self, **changes: Any) -> StartedCheckout:
        values = {
            "actor": actor_of(self.owner),
            "tier": "gold",
            "organization_id": self.organization.id,
            "version": 1,
            "now": NOW,
        } | changes
        with transaction():
            return start_checkout(
                values["actor"],
                self.project.id,
                values["tier"],
                values["organization_id"],
                version=values["version"],
                site=SITE,
                now=values["now"],
            )

    def open(self, started: StartedCheckout) -> str:
        opened = self.gateway.open_checkout(started.request, idempotency_key=started.reference)
        with transaction():
            record_opened(started.reference, opened)
        return opened.checkout_id

    def pay(self, checkout_id: str) -> None:
        self.gateway.pay(checkout_id, at=NOW)

    def converge(self, checkout_id: str) -> None:
        with transaction():
            converge_checkout(self.gateway.get_checkout(checkout_id), site=SITE, now=NOW)

    def buy(self, **changes: Any) -> str:
        checkout_id = self.open(self.start(**changes))
        self.pay(checkout_id)
        self.converge(checkout_id)
        return checkout_id


def only(model: type) -> Any:
    db.session.expire_all()
    return db.session.scalars(select(model)).one()


def count(model: type) -> int:
    return len(db.session.scalars(select(model)).all())


def test_a_paid_checkout_begins_the_sponsorship_in_all_its_states(app: Flask) -> None:
    market = Market(app)
    market.buy()
    sponsorship = only(Sponsorship)
    assert sponsorship.commercial is Commercial.PAID
    assert sponsorship.term is Term.ACTIVE
    assert sponsorship.publication is Publication.IN_REVIEW
    assert sponsorship.active_since == sponsorship.term_starts_at == NOW
    assert sponsorship.term_ends_at == NOW + timedelta(days=365)
    assert sponsorship.renewal_id == "sub_cs_1"
    assert only(Checkout).status is CheckoutStatus.COMPLETED
    payment = only(Payment)
    assert (payment.amount_minor, payment.currency) == (10000, "EUR")
    assert payment.term_ends_at == sponsorship.term_ends_at
    assert (
        sponsorship.organization.processor_payer_id == f"cus_organization-{market.organization.id}"
    )
    moves = {(e.dimension, e.before, e.after) for e in db.session.scalars(select(SponsorshipEvent))}
    assert moves == {
        ("commercial", "quoted", "paid"),
        ("term", "pending", "active"),
        ("publication", "hidden", "in_review"),
    }


def test_the_receipt_and_the_news_go_out_once(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.buy()
    market.converge(checkout_id)
    run_due(app, NOW)
    run_due(app, NOW + timedelta(hours=1))
    sent = {mail.recipient: mail for mail in market.mail.sent}
    assert len(market.mail.sent) == 2
    receipt = sent["olga@example.org"]
    assert "EUR 100.00" in receipt.text
    assert only(Sponsorship).reference in receipt.text
    assert "voting weight is 4" in receipt.text
    assert "/desk/kiln/sponsors" in sent["lena@example.org"].text


def test_converging_again_and_again_changes_nothing(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.buy()
    audited = count(AuditEntry)
    for _ in range(3):
        market.converge(checkout_id)
        run_due(app, NOW)
    assert count(Payment) == 1
    assert count(AuditEntry) == audited


def test_a_one_time_tier_runs_for_a_year_and_does_not_renew(app: Flask) -> None:
    Market(app, interval=Interval.ONE_TIME).buy()
    sponsorship = only(Sponsorship)
    assert sponsorship.renewal_id is None
    assert sponsorship.term_ends_at == NOW.replace(year=2027)


def test_a_doubled_click_and_a_second_tab_get_the_same_page(app: Flask) -> None:
    market = Market(app)
    first, second = market.start(), market.start()
    assert first.reference == second.reference
    assert market.open(first) == market.open(second)
    assert market.start().url == only(Checkout).url != ""
    assert count(Checkout) == 1


def test_another_tier_waits_until_the_first_page_is_closed(app: Flask) -> None:
    market = Market(app)
    make_tier(market.project, slug="silver")
    checkout_id = market.open(market.start())
    with pytest.raises(Conflict) as conflict:
        market.start(tier="silver")
    assert conflict.value.code == "buy.other_tier"
    market.gateway.expire_checkout(checkout_id)
    market.converge(checkout_id)
    market.open(market.start(tier="silver"))
    assert only(Sponsorship).tier_snapshot.tier.slug == "silver"
    assert count(Sponsorship) == 1


@pytest.mark.parametrize(
    ("money", "expected"),
    [(Money(9900, "EUR"), "EUR 99.00"), (Money(10000, "USD"), "USD 100.00")],
)
def test_another_amount_or_currency_activates_nothing(
    app: Flask, money: Money, expected: str
) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    seen = market.gateway.pay(checkout_id, at=NOW)
    market.gateway.checkouts[checkout_id] = replace(
        seen, payment=replace(seen.payment, money=money)
    )
    market.converge(checkout_id)
    run_due(app, NOW)
    assert only(Sponsorship).term is Term.PENDING
    assert count(Payment) == 0
    checkout = only(Checkout)
    assert checkout.status is CheckoutStatus.MISMATCHED
    assert expected in checkout.problem
    tags = set(db.session.scalars(select(AuditEntry.tag)))
    assert "checkout:payment:mismatched" in tags
    assert [mail.recipient for mail in market.mail.sent] == ["lena@example.org"]


def test_a_renewal_at_another_price_activates_nothing(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    seen = market.gateway.pay(checkout_id, at=NOW)
    market.gateway.checkouts[checkout_id] = replace(
        seen, renewal=replace(seen.renewal, price=Money(1, "EUR"))
    )
    market.converge(checkout_id)
    assert only(Checkout).status is CheckoutStatus.MISMATCHED
    assert only(Sponsorship).term is Term.PENDING


def test_a_closed_tab_frees_the_place_and_can_be_tried_again(app: Flask) -> None:
    market = Market(app, capacity=1)
    checkout_id = market.open(market.start())
    market.gateway.expire_checkout(checkout_id)
    market.converge(checkout_id)
    assert only(Checkout).status is CheckoutStatus.EXPIRED
    other = make_organization(roles={market.owner: [OrganizationRole.BILLING]})
    market.buy(actor=actor_of(market.owner), organization_id=other.id)
    with pytest.raises(Refusal, match="only place"):
        market.start()


def test_a_second_running_sponsorship_is_refused(app: Flask) -> None:
    market = Market(app)
    market.buy()
    with pytest.raises(Refusal) as refusal:
        market.start()
    assert refusal.value.code == "buy.running"


def test_after_a_lapse_one_may_buy_again(app: Flask) -> None:
    market = Market(app)
    make_sponsorship(market.organization, market.tier, term=Term.LAPSED)
    market.buy()
    assert count(Sponsorship) == 2


def test_a_tier_changed_meanwhile_is_shown_again_before_it_is_bought(app: Flask) -> None:
    market = Market(app)
    with pytest.raises(Conflict) as conflict:
        market.start(version=2)
    assert conflict.value.code == "buy.version"
    assert count(Sponsorship) == 0


def test_strangers_learn_nothing_and_members_without_the_role_learn_why(app: Flask) -> None:
    market = Market(app)
    viewer = make_person()
    organization = make_organization(roles={viewer: [OrganizationRole.VIEWER]})
    with pytest.raises(NotFound):
        market.start(actor=actor_of(viewer))
    with pytest.raises(Forbidden):
        market.start(actor=actor_of(viewer), organization_id=organization.id)
    with pytest.raises(NotFound):
        market.start(tier="unknown")


def test_paying_on_two_pages_activates_once_and_tells_the_treasurer(app: Flask) -> None:
    """A page that we took for expired and that was paid all the same."""
    market = Market(app)
    first = market.open(market.start())
    seen_open = market.gateway.get_checkout(first)
    market.gateway.expire_checkout(first)
    market.converge(first)
    second = market.open(market.start())
    market.pay(second)
    market.converge(second)
    market.gateway.checkouts[first] = seen_open
    market.pay(first)
    market.converge(first)
    db.session.expire_all()
    statuses = db.session.scalars(select(Checkout.status).order_by(Checkout.id)).all()
    assert statuses == [CheckoutStatus.MISMATCHED, CheckoutStatus.COMPLETED]
    assert count(Payment) == 1
