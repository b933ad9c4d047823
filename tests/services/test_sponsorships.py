"""Renewals, grace, lapse, and ending with the term."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Conflict, Forbidden, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import OrganizationRole
from portal.domain.sponsorship import Commercial, Term
from portal.domain.tiers import Interval
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.outbox import OutboxMessage
from portal.models.sponsorship import Sponsorship, SponsorshipEvent
from portal.ports.payments import PaymentSeen, RenewalState
from portal.services.payments.renewals import converge_renewal
from portal.services.sponsorship.renewal_choice import wish_renewal
from tests.builders import (
    NOW,
    actor_of,
    make_organization,
    make_person,
    make_sponsorship,
)
from tests.services.test_checkouts import SITE, Market, count, only

YEAR = timedelta(days=365)
RENEWAL = "sub_cs_1"


def next_term(market: Market, *, paid: bool, state: RenewalState = RenewalState.ACTIVE) -> datetime:
    """The processor's clock goes on to the next term; returns its beginning."""
    seen = market.gateway.renewals[RENEWAL]
    starts_at = seen.term_ends_at
    market.gateway.renewals[RENEWAL] = replace(
        seen, state=state, term_starts_at=starts_at, term_ends_at=starts_at + YEAR
    )
    if paid:
        pay_term(market, starts_at)
    return starts_at


def pay_term(market: Market, at: datetime, money: Money | None = None) -> None:
    payments = market.gateway.payments[RENEWAL]
    number = len(payments) + 1
    payments.append(PaymentSeen(f"pi_{number}", money or Money(10000, "EUR"), at, None))
    market.gateway.renewals[RENEWAL] = replace(
        market.gateway.renewals[RENEWAL], state=RenewalState.ACTIVE
    )


def look(market: Market, at: datetime) -> None:
    seen, payments = market.gateway.renewals[RENEWAL], list(market.gateway.payments[RENEWAL])
    with transaction():
        converge_renewal(seen, payments, site=SITE, now=at)


def subjects() -> list[str]:
    return [row.subject for row in db.session.scalars(select(OutboxMessage))]


def test_a_paid_renewal_extends_the_term_once(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=True)
    for _ in range(3):
        look(market, starts_at)
    sponsorship = only(Sponsorship)
    assert (sponsorship.term_starts_at, sponsorship.term_ends_at) == (starts_at, starts_at + YEAR)
    assert sponsorship.active_since == NOW, "renewing does not season anew"
    assert count(Payment) == 2
    assert len([text for text in subjects() if text.startswith("Receipt")]) == 2


def test_a_term_that_is_billed_but_not_yet_paid_extends_nothing(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False)
    look(market, starts_at)
    assert only(Sponsorship).term is Term.ACTIVE
    assert only(Sponsorship).term_ends_at == starts_at


def test_a_failed_payment_begins_the_grace_of_the_charter(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    for _ in range(3):
        look(market, starts_at + timedelta(days=1))
    sponsorship = only(Sponsorship)
    assert sponsorship.term is Term.GRACE
    assert sponsorship.grace_ends_at == starts_at + timedelta(days=21)
    assert subjects().count("The payment for Kiln failed") == 1


def test_paying_within_the_grace_heals_it(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    look(market, starts_at)
    pay_term(market, starts_at + timedelta(days=5))
    look(market, starts_at + timedelta(days=5))
    sponsorship = only(Sponsorship)
    assert sponsorship.term is Term.ACTIVE
    assert sponsorship.grace_ends_at is None
    assert sponsorship.term_ends_at == starts_at + YEAR
    assert sponsorship.active_since == NOW


def test_what_was_seen_before_the_payment_cannot_undo_it(app: Flask) -> None:
    """A slow worker saw the failure, a quick one the payment; the slow one comes second."""
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    stale = market.gateway.renewals[RENEWAL], list(market.gateway.payments[RENEWAL])
    pay_term(market, starts_at)
    look(market, starts_at)
    with transaction():
        converge_renewal(*stale, site=SITE, now=starts_at)
    assert only(Sponsorship).term is Term.ACTIVE
    assert only(Sponsorship).term_ends_at == starts_at + YEAR


def test_a_late_charge_of_what_lapsed_is_found_though_its_event_was_lost(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    look(market, starts_at)
    run_due(app, starts_at + timedelta(days=22))
    assert only(Sponsorship).term is Term.LAPSED
    paid_at = starts_at + timedelta(days=40)
    pay_term(market, paid_at)
    run_due(app, paid_at + timedelta(days=1))
    assert only(Sponsorship).term is Term.ACTIVE


def test_when_grace_is_over_it_lapses_and_a_payment_brings_it_back(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    look(market, starts_at)
    run_due(app, starts_at + timedelta(days=21, seconds=-1))
    assert only(Sponsorship).term is Term.GRACE
    run_due(app, starts_at + timedelta(days=21))
    run_due(app, starts_at + timedelta(days=22))
    assert only(Sponsorship).term is Term.LAPSED
    assert subjects().count("The sponsorship of Kiln has lapsed") == 1
    paid_at = starts_at + timedelta(days=40)
    pay_term(market, paid_at)
    look(market, paid_at)
    sponsorship = only(Sponsorship)
    assert sponsorship.term is Term.ACTIVE
    assert sponsorship.active_since == paid_at, "seasoning begins anew"


def test_a_late_payment_is_not_lost_when_another_sponsorship_runs(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False, state=RenewalState.PAST_DUE)
    look(market, starts_at)
    run_due(app, starts_at + timedelta(days=30))
    make_sponsorship(market.organization, market.tier, renewal_id="sub_other")
    pay_term(market, starts_at + timedelta(days=31))
    look(market, starts_at + timedelta(days=31))
    look(market, starts_at + timedelta(days=32))
    old = db.session.scalars(select(Sponsorship).where(Sponsorship.renewal_id == RENEWAL)).one()
    assert old.term is Term.LAPSED
    assert count(Payment) == 2
    problems = db.session.scalars(
        select(SponsorshipEvent).where(SponsorshipEvent.dimension == "problem")
    ).all()
    assert len(problems) == 1


def test_a_renewal_of_another_amount_extends_nothing_and_is_noted(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False)
    pay_term(market, starts_at, Money(1, "EUR"))
    look(market, starts_at)
    look(market, starts_at)
    assert only(Sponsorship).term_ends_at == starts_at
    assert count(Payment) == 2
    problems = db.session.scalars(
        select(SponsorshipEvent).where(SponsorshipEvent.dimension == "problem")
    ).all()
    assert len(problems) == 1


def test_a_renewal_whose_event_was_lost_is_found_by_the_sweep(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=True)
    run_due(app, starts_at + timedelta(hours=2))
    assert only(Sponsorship).term_ends_at == starts_at + YEAR


def test_ending_with_the_term(app: Flask) -> None:
    market = Market(app)
    market.buy()
    actor = actor_of(market.owner)
    reference = only(Sponsorship).reference
    keys = []
    for cancel in (True, False, True):
        with transaction():
            wish = wish_renewal(
                actor, market.organization.id, reference, cancel=cancel, site=SITE, now=NOW
            )
        keys.append(wish.idempotency_key)
        seen = market.gateway.set_cancel_at_term_end(
            wish.renewal_id, cancel=cancel, idempotency_key=wish.idempotency_key
        )
        with transaction():
            converge_renewal(seen, (), actor=actor, site=SITE, now=NOW)
    assert len(set(keys)) == 3, "a processor would answer a known key without doing anything"
    assert only(Sponsorship).cancel_at_term_end
    with pytest.raises(Conflict), transaction():
        wish_renewal(actor, market.organization.id, reference, cancel=True, site=SITE, now=NOW)
    ends_at = only(Sponsorship).term_ends_at
    run_due(app, ends_at - timedelta(seconds=1))
    assert only(Sponsorship).term is Term.ACTIVE
    run_due(app, ends_at)
    assert only(Sponsorship).term is Term.ENDED
    assert only(Sponsorship).ended_at == ends_at
    assert only(Sponsorship).commercial is Commercial.PAID


def test_a_one_time_sponsorship_ends_by_itself(app: Flask) -> None:
    market = Market(app, interval=Interval.ONE_TIME)
    market.buy()
    with pytest.raises(Refusal), transaction():
        wish_renewal(
            actor_of(market.owner),
            market.organization.id,
            only(Sponsorship).reference,
            cancel=True,
            site=SITE,
            now=NOW,
        )
    run_due(app, NOW + timedelta(days=366))
    assert only(Sponsorship).term is Term.ENDED


def test_a_renewal_ended_at_the_processor_keeps_what_is_paid(app: Flask) -> None:
    market = Market(app)
    market.buy()
    market.gateway.renewals[RENEWAL] = replace(
        market.gateway.renewals[RENEWAL], state=RenewalState.ENDED
    )
    look(market, NOW + timedelta(days=30))
    assert only(Sponsorship).term is Term.ACTIVE
    assert only(Sponsorship).cancel_at_term_end
    run_due(app, NOW + YEAR)
    assert only(Sponsorship).term is Term.ENDED


def test_only_owners_and_billing_contacts_may_end_it(app: Flask) -> None:
    market = Market(app)
    market.buy()
    reference = only(Sponsorship).reference
    editor = make_person()
    other = make_organization(roles={editor: [OrganizationRole.EDITOR]})
    with pytest.raises(NotFound), transaction():
        wish_renewal(
            actor_of(editor), market.organization.id, reference, cancel=True, site=SITE, now=NOW
        )
    with pytest.raises(Forbidden), transaction():
        wish_renewal(actor_of(editor), other.id, reference, cancel=True, site=SITE, now=NOW)
    owner = make_person()
    mine = make_organization(roles={owner: [OrganizationRole.OWNER]})
    with pytest.raises(NotFound), transaction():
        wish_renewal(actor_of(owner), mine.id, reference, cancel=True, site=SITE, now=NOW)
