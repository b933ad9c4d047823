"""Stories of money that goes back: refunds in full and in part, disputes lost and won."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import Forbidden, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.money_back import RefundStanding
from portal.domain.permissions import ProjectRole
from portal.domain.sponsorship import Commercial, Term
from portal.models.money_back import Dispute, Refund
from portal.models.votes import Elector
from portal.ports.payments import PaymentSeen, RefundRequest, RenewalState
from portal.queries.billing.reconciliation import find_reconciliation
from portal.queries.sponsorship.sponsorships import find_receipt_page
from portal.services.payments.money_back import ask_refund
from portal.services.payments.reconciliation import list_processor, record_findings
from portal.services.votes.tallies import current_ballots
from tests.builders import NOW, actor_of, make_person, make_project
from tests.stories.scene import DAY, SITE, Scene, given_back, paid
from tests.vote_builders import Scene as VoteScene
from tests.vote_builders import cast, make_vote

LATER = NOW + 10 * DAY
OPENED = ("dispute", {"disputes": 10000, "card_clearing": -10000})
COST = ("fee", {"processor_fees": 1500, "card_clearing": -1500})


def test_a_refund_in_full_ends_standing_at_once(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    assert scene.refund(10000, now=LATER).state is RefundStanding.DONE
    sponsorship = scene.sponsorship
    assert (sponsorship.term, sponsorship.commercial) == (Term.ENDED, Commercial.REFUNDED)
    assert sponsorship.ended_at == LATER
    assert scene.weight(LATER + DAY) == 0
    assert scene.book() == [*paid(10000), *given_back(10000)]
    scene.run(LATER + DAY)
    renewal = scene.gateway.renewals[sponsorship.renewal_id]
    assert renewal.state is RenewalState.ENDED, "nobody pays for what has ended"
    assert not scene.sponsorship.ends_renewal
    assert "The sponsorship of Kiln has ended" in scene.subjects
    assert "Refund: EUR 100.00 from Kiln" in scene.subjects


def test_a_refund_in_part_keeps_standing_until_nothing_is_left(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.refund(4000, now=LATER)
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.weight(LATER + DAY) == 2
    with pytest.raises(Refusal) as refusal:
        scene.refund(6001, now=LATER)
    assert refusal.value.code == "refund.amount"
    assert scene.book() == [*paid(10000), *given_back(4000)]
    scene.refund(6000, now=LATER + DAY)
    assert scene.sponsorship.term is Term.ENDED
    assert scene.book() == [*paid(10000), *given_back(4000), *given_back(6000)]


@pytest.mark.parametrize("how", ["refund", "dispute"])
def test_money_that_is_gone_voids_the_ballot_in_an_open_vote(app: Flask, how: str) -> None:
    """While a dispute is open the ballot stays; lost or given back, it no longer counts."""
    scene = Scene(app)
    scene.buy("silver")
    hall = VoteScene(scene.project, scene.treasurer, [scene.organization], [scene.owner])
    vote_id = make_vote(hall)
    cast(hall, vote_id, 0, "for", now=NOW + DAY)
    if how == "refund":
        scene.refund(10000, now=NOW + 2 * DAY)
        gone = given_back(10000)
    else:
        dispute_id = scene.dispute(now=NOW + 2 * DAY)
        assert list(current_ballots(vote_id)), "it is not decided yet"
        scene.decide(dispute_id, won=False, now=NOW + 3 * DAY)
        gone = [OPENED, COST]
    db.session.expire_all()
    electors = db.session.scalars(select(Elector).where(Elector.vote_id == vote_id)).all()
    voided = [row for row in electors if row.voided_at is not None]
    assert len(voided) == 1
    assert not list(current_ballots(vote_id)), "the outcome will not count it"
    assert scene.book() == [*paid(10000), *gone]


@pytest.mark.parametrize("how", ["refund", "dispute"])
def test_the_difference_of_an_upgrade_is_lost_and_the_tier_before_it_holds_again(
    app: Flask, how: str
) -> None:
    """What was bought first stays, and the processor charges its price from the next term on."""
    scene = Scene(app)
    scene.buy("silver")
    scene.change("gold", now=LATER)
    due = scene.payments[-1].amount_minor
    if how == "refund":
        scene.refund(due, now=LATER + DAY)
        gone = given_back(due)
    else:
        scene.decide(scene.dispute(now=LATER), won=False, now=LATER + DAY)
        gone = [("dispute", {"disputes": due, "card_clearing": -due}), COST]
    sponsorship = scene.sponsorship
    assert (sponsorship.term, sponsorship.commercial) == (Term.ACTIVE, Commercial.PAID)
    assert sponsorship.tier_snapshot_id == scene.silver.id
    assert scene.weight(LATER + 2 * DAY) == 2
    assert "Kiln: your tier is Silver again" in scene.subjects
    with pytest.raises(Refusal) as refusal:
        scene.withdraw(now=LATER + DAY)
    assert refusal.value.code == "change.none"
    scene.run(LATER + 2 * DAY)
    assert scene.live_change is None
    assert scene.gateway.renewals[sponsorship.renewal_id].price == Money(10000, "EUR")
    scene.renew()
    assert scene.book() == [*paid(10000), *paid(due), *gone, *paid(10000)]


def test_what_was_built_on_a_lost_upgrade_goes_with_it_and_never_comes_back(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.change("gold", now=LATER)
    first = scene.payments[-1]
    scene.refund(first.amount_minor, now=LATER + DAY)
    scene.run(LATER + 2 * DAY)
    scene.change("gold", now=LATER + 3 * DAY)
    assert scene.weight(LATER + 4 * DAY) == 4, "it can be bought again"
    scene.refund(scene.payments[0].amount_minor, now=LATER + 4 * DAY, payment=scene.payments[0])
    assert scene.sponsorship.term is Term.ENDED, "without its base nothing stands"


def stray(scene: Scene) -> PaymentSeen:
    """Half the price arrives: it buys nothing, and is the payer's credit."""
    checkout_id = scene.open("silver")
    seen = scene.gateway.pay(checkout_id, at=NOW)
    wrong = replace(seen.payment, money=Money(5000, "EUR"), fee=None)
    scene.gateway.checkouts[checkout_id] = replace(seen, payment=wrong)
    scene.gateway.payments = {"stray": [wrong]}
    scene.look(NOW, checkout=checkout_id)
    assert scene.sponsorship.term is Term.PENDING
    return wrong


STRAY = ("payment", {"card_clearing": 5000, "credit:acme": -5000})
TAKEN = ("dispute", {"disputes": 5000, "card_clearing": -5000})


def findings(scene: Scene, now: datetime) -> list[str]:
    """What the treasurer's page of things that do not match says."""
    listing = list_processor(scene.gateway, now=now)
    with transaction():
        record_findings(listing, now=now)
    page = find_reconciliation(scene.project.id)
    return [finding.kind.value for finding in page.findings]


@pytest.mark.parametrize("won", [False, True])
def test_a_dispute_about_money_that_bought_nothing_is_posted_and_shown(
    app: Flask, *, won: bool
) -> None:
    scene = Scene(app)
    payment = stray(scene)
    seen = scene.gateway.dispute(payment.payment_id, at=LATER)
    for _ in range(2):
        scene.look(LATER, dispute=seen.dispute_id)
    assert scene.book() == [STRAY, TAKEN, COST]
    assert "dispute_unknown" in findings(scene, LATER)
    scene.gateway.close_dispute(seen.dispute_id, won=won)
    for _ in range(2):
        scene.look(LATER + DAY, dispute=seen.dispute_id)
    settled = scene.book()[3:]
    if won:
        assert settled[0] == ("dispute", {"card_clearing": 5000, "disputes": -5000})
    else:
        assert settled == [("dispute", {"credit:acme": 5000, "disputes": -5000})]
    shown = findings(scene, LATER + DAY)
    assert "dispute_unknown" not in shown
    assert ("checkout_not_as_sold" in shown) is won, "the credit is still to be given back"


def test_money_that_bought_nothing_is_shown_until_it_is_given_back(app: Flask) -> None:
    scene = Scene(app)
    payment = stray(scene)
    assert "checkout_not_as_sold" in findings(scene, LATER)
    scene.gateway.now = LATER
    for part in (2000, 3000):
        request = RefundRequest(f"nobody{part}", payment.payment_id, Money(part, "EUR"))
        seen = scene.gateway.refund(request, idempotency_key=f"desk{part}")
        for _ in range(2):
            scene.look(LATER, refund=seen.refund_id)
        assert ("checkout_not_as_sold" in findings(scene, LATER)) is (part == 2000)
    assert scene.book() == [
        STRAY,
        ("refund", {"credit:acme": 2000, "card_clearing": -2000}),
        ("refund", {"credit:acme": 3000, "card_clearing": -3000}),
    ]


def test_money_of_a_past_term_changes_no_standing(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    at = scene.renew()
    scene.refund(10000, now=at + DAY, payment=scene.payments[0])
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.weight(at + 2 * DAY) == 2


@pytest.mark.parametrize("reached", [False, True])
def test_a_crash_around_the_processors_answer_to_a_refund_heals(
    app: Flask, *, reached: bool
) -> None:
    scene = Scene(app)
    scene.buy("silver")
    with transaction():
        asked = ask_refund(
            scene.desk, scene.project.id, scene.payments[0].id, Money(10000, "EUR"),
            reason="Agreed.", site=SITE, now=LATER,
        )  # fmt: skip
    assert asked is not None
    if reached:
        scene.gateway.refund(asked, idempotency_key=asked.reference)
    for minutes in (3, 6, 9):
        scene.run(LATER + timedelta(minutes=minutes))
    assert len(scene.gateway.refunds) == 1
    assert scene.sponsorship.term is Term.ENDED
    assert scene.book() == [*paid(10000), *given_back(10000)]


def test_a_refund_begun_at_the_processor_is_found_by_the_sweep(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.gateway.now = LATER
    payment_id = scene.payments[0].processor_payment_id
    scene.gateway.refund(
        RefundRequest("nobody", payment_id, Money(2500, "EUR")), idempotency_key="desk"
    )
    for hours in (1, 2):
        scene.run(LATER + timedelta(hours=hours))
    (row,) = scene.rows(Refund)
    assert (row.amount_minor, row.asked_by) == (2500, "the processor")
    assert scene.book() == [*paid(10000), *given_back(2500)]


def test_who_may_give_money_back(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    maintainer = make_person()
    make_project("other", roles={maintainer: [ProjectRole.TREASURER]})
    money = Money(1, "EUR")
    payment_id = scene.payments[0].id
    with pytest.raises(NotFound), transaction():
        ask_refund(
            actor_of(maintainer), scene.project.id, payment_id, money,
            reason="x", site=SITE, now=NOW,
        )  # fmt: skip
    with pytest.raises((NotFound, Forbidden)), transaction():
        ask_refund(scene.buyer, scene.project.id, payment_id, money, reason="x", site=SITE, now=NOW)
    with pytest.raises(Refusal) as refusal, transaction():
        ask_refund(scene.desk, scene.project.id, payment_id, money, reason=" ", site=SITE, now=NOW)
    assert refusal.value.field == "reason"


def test_a_dispute_that_is_lost(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    dispute_id = scene.dispute(now=LATER)
    assert scene.weight(LATER + DAY) == 0, "the weight rests"
    assert scene.sponsorship.term is Term.ACTIVE
    scene.decide(dispute_id, won=False, now=LATER + 30 * DAY)
    assert scene.sponsorship.term is Term.ENDED
    assert scene.weight(LATER + 31 * DAY) == 0
    assert scene.book() == [*paid(10000), OPENED, COST]
    receipt = find_receipt_page(
        scene.organization.id, scene.sponsorship.reference, scene.payments[0].id
    )
    (back,) = receipt.payment.given_back
    assert (back.money, back.disputed) == (Money(10000, "EUR"), True)
    assert receipt.payment.gone


def test_a_dispute_that_is_won_restores_the_weight(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    dispute_id = scene.dispute(now=LATER)
    scene.decide(dispute_id, won=True, now=LATER + 30 * DAY)
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.weight(LATER + 31 * DAY) == 2
    won = ("dispute", {"card_clearing": 10000, "disputes": -10000})
    assert scene.book()[:5] == [*paid(10000), OPENED, COST, won]
    assert len(scene.rows(Dispute)) == 1


def test_a_dispute_of_which_only_the_end_was_heard(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    seen = scene.gateway.dispute(scene.payments[0].processor_payment_id, at=LATER)
    scene.gateway.close_dispute(seen.dispute_id, won=False)
    for days in (1, 2):
        scene.run(LATER + days * DAY)
    assert scene.sponsorship.term is Term.ENDED
    assert scene.book() == [*paid(10000), OPENED, COST]


def test_nothing_can_be_changed_while_a_payment_is_disputed(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.dispute(now=LATER)
    with pytest.raises(Refusal) as refusal:
        scene.ask("gold", now=LATER)
    assert refusal.value.code == "change.disputed"
    with pytest.raises(Refusal) as refused:
        scene.refund(1, now=LATER)
    assert refused.value.code == "refund.amount"
