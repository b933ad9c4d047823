"""Any life at all, with events doubled, late, out of order or lost: a sweep sets everything right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal.database import db
from portal.domain.errors import Conflict, Refusal
from portal.domain.ledger import Account
from portal.domain.money import Money
from portal.domain.money_back import DisputeStanding
from portal.domain.sponsorship import GOOD_STANDING, Collection, Term
from portal.models.money_back import Dispute
from portal.ports.payments import (
    DisputeState,
    RefundRequest,
    RefundState,
    RenewalSeen,
    RenewalState,
)
from portal.services.books.ledger import read_balance
from portal.services.sponsorship.changes import prorated
from portal.services.sponsorship.checkouts import tier_reference
from tests.builders import NOW
from tests.stories.scene import DAY, Scene

# The rules are the same on both databases; locks have tests of their own.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
TIERS = st.sampled_from(["silver", "gold"])
ANY = st.integers(0, 1000)


class Life(RuleBasedStateMachine):
    """One buyer, one processor, and a post between them that cannot be relied on."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        db.session.remove()
        self.savepoint = db.engine.begin_nested()  # type: ignore[attr-defined]
        self.app.extensions["stakehold"].payments.clear()
        self.scene = Scene(self.app)
        self.gateway = self.scene.gateway
        self.now = NOW
        self.post: list[dict[str, str]] = []

    def teardown(self) -> None:
        try:
            self.sweep()
            self.compare()
        finally:
            db.session.remove()
            self.savepoint.rollback()

    # What is known

    @property
    def renewal(self) -> RenewalSeen | None:
        return next(reversed(self.gateway.renewals.values()), None)

    def runs(self) -> bool:
        renewal = self.renewal
        return renewal is not None and renewal.state is not RenewalState.ENDED

    def paid(self) -> list[Any]:
        return [one for paid in self.gateway.payments.values() for one in paid]

    def send(self, **references: str) -> None:
        self.post.append(references)

    def tick(self) -> None:
        self.now += timedelta(hours=7)
        self.gateway.now = self.now

    def sweep(self) -> None:
        for _ in range(2):
            self.now += timedelta(hours=1)
            self.scene.run(self.now)

    def try_to(self, deed: Callable[[], object]) -> None:
        """Whatever the rules refuse is refused; nothing else may go wrong."""
        self.tick()
        try:
            deed()
        except (Refusal, Conflict):
            db.session.rollback()

    # What people do

    @precondition(lambda self: not self.runs())
    @rule(tier=TIERS, told=st.booleans())
    def buy(self, tier: str, *, told: bool) -> None:
        self.sweep()

        def pay() -> None:
            checkout_id = self.scene.open(tier, now=self.now)
            self.gateway.pay(checkout_id, at=self.now)
            self.send(checkout=checkout_id)

        self.try_to(pay)
        if told and self.post:
            self.deliver(len(self.post) - 1)

    @precondition(lambda self: self.runs())
    @rule(tier=TIERS, declined=st.booleans(), crash=st.booleans())
    def change(self, tier: str, *, declined: bool, crash: bool) -> None:
        """What was previewed is what is charged, at once by card or on an invoice to be paid."""
        known = set(self.gateway.invoices)
        shown: list[Money] = []

        def deed() -> None:
            version = {"silver": self.scene.silver, "gold": self.scene.gold}[tier]
            shown.append(prorated(self.scene.sponsorship, version, now=self.now).due)
            (self.scene.ask if crash else self.scene.change)(tier, now=self.now)

        self.gateway.declines = declined
        self.try_to(deed)
        self.gateway.declines = False
        for invoice_id in self.gateway.invoices.keys() - known:
            assert self.gateway.invoices[invoice_id].total == shown[0]

    @precondition(lambda self: self.runs())
    @rule()
    def withdraw(self) -> None:
        """A change that waits for the end of the term, or for money, is taken back."""
        self.try_to(lambda: self.scene.withdraw(now=self.now))

    @precondition(lambda self: self.runs())
    @rule(invoiced=st.booleans())
    def pay_by(self, *, invoiced: bool) -> None:
        """From now on by card, or by invoice; whatever else is on its way."""
        collection = Collection.INVOICE if invoiced else Collection.CARD
        self.try_to(lambda: self.scene.pay_by(collection, now=self.now))

    @precondition(lambda self: self.runs())
    @rule(cancel=st.booleans())
    def end_or_go_on(self, *, cancel: bool) -> None:
        self.try_to(lambda: self.scene.end_with_term(now=self.now, cancel=cancel))

    @precondition(lambda self: self.runs())
    @rule(paid=st.booleans(), told=st.booleans())
    def term_ends(self, *, paid: bool, told: bool) -> None:
        """The sweeps of the meantime ran; then the processor goes on to the next term."""
        self.sweep()
        renewal = self.renewal
        assert renewal is not None
        if not self.runs():
            return
        self.now = max(self.now, renewal.term_ends_at)
        self.gateway.now = self.now
        if renewal.cancel_at_term_end:
            self.gateway.end_renewal(renewal.renewal_id, idempotency_key="clock")
        else:
            self.gateway.renew(renewal.renewal_id, paid=paid)
        self.send(renewal=renewal.renewal_id)
        if told:
            self.deliver(len(self.post) - 1)

    @rule(which=ANY)
    def pay_late(self, which: int) -> None:
        waiting = [each for each in self.gateway.invoices.values() if each.paid_at is None]
        ended = {RenewalState.ENDED}
        waiting = [
            each for each in waiting if self.gateway.renewals[each.renewal_id].state not in ended
        ]
        if waiting:
            self.tick()
            invoice = waiting[which % len(waiting)]
            self.gateway.pay_invoice(invoice.invoice_id, at=self.now)
            self.send(renewal=invoice.renewal_id)

    @rule(which=ANY, share=st.sampled_from([1, 2, 3]), at_desk=st.booleans())
    def refund(self, which: int, share: int, *, at_desk: bool) -> None:
        known = self.scene.payments
        if not known:
            return
        payment = known[which % len(known)]
        disputed = {each.payment_id for each in self.gateway.disputes.values()}
        if payment.processor_payment_id in disputed:
            return
        amount = payment.amount_minor // share

        def at_the_processor() -> None:
            request = RefundRequest(
                "desk", payment.processor_payment_id, Money(amount, payment.currency)
            )
            seen = self.gateway.refund(request, idempotency_key=f"desk-{self.now}")
            self.send(refund=seen.refund_id)

        def at_our_desk() -> None:
            self.scene.refund(amount, now=self.now, payment=payment)

        self.try_to(at_our_desk if at_desk else at_the_processor)

    @rule(which=ANY, told=st.booleans())
    def dispute(self, which: int, *, told: bool) -> None:
        disputed = {each.payment_id for each in self.gateway.disputes.values()}
        given_back = {each.payment_id for each in self.gateway.refunds.values()}
        fresh = [one for one in self.paid() if one.payment_id not in disputed | given_back]
        if fresh:
            self.tick()
            seen = self.gateway.dispute(fresh[which % len(fresh)].payment_id, at=self.now)
            self.send(dispute=seen.dispute_id)
            if told:
                self.deliver(len(self.post) - 1)

    @rule(won=st.booleans())
    def decide(self, *, won: bool) -> None:
        for seen in list(self.gateway.disputes.values()):
            if seen.state is DisputeState.OPEN:
                self.tick()
                self.gateway.close_dispute(seen.dispute_id, won=won)
                self.send(dispute=seen.dispute_id)

    # What the post does

    @precondition(lambda self: self.post)
    @rule(which=ANY, again=st.booleans())
    def deliver(self, which: int, *, again: bool = False) -> None:
        """Hand over any letter, not the oldest; perhaps it stays in the bag and comes again."""
        place = which % len(self.post)
        references = self.post[place] if again else self.post.pop(place)
        self.scene.look(self.now, **references)

    @precondition(lambda self: self.post)
    @rule(which=ANY)
    def lose(self, which: int) -> None:
        self.post.pop(which % len(self.post))

    # What must hold

    def compare(self) -> None:
        """Local state equals the processor's, and the ledger balances."""
        book = self.scene.book()
        every = self.paid()
        refunds = [
            each for each in self.gateway.refunds.values() if each.state is RefundState.SUCCEEDED
        ]
        disputes = self.gateway.disputes.values()
        taken = sum(
            each.money.amount_minor for each in disputes if each.state is not DisputeState.WON
        )
        costs = sum(lines.get("processor_fees", 0) for _cause, lines in book)
        clearing = read_balance(self.scene.project.id, Account.CARD_CLEARING, "EUR").amount_minor
        assert clearing == (
            sum(one.money.amount_minor for one in every)
            - sum(each.money.amount_minor for each in refunds)
            - taken
            - costs
        ), book
        assert read_balance(self.scene.project.id, Account.REFUNDS, "EUR").amount_minor == 0
        known = {row.processor_dispute_id: row.state.value for row in self.scene.rows(Dispute)}
        assert known == {each.dispute_id: each.state.value for each in disputes}
        for row in self.scene.rows(type(self.scene.sponsorship)) if every else ():
            self.compare_one(row)

    def compare_one(self, row: Any) -> None:
        if row.term not in GOOD_STANDING:
            assert self.scene.weight(self.now) in (0, 2, 4)
            return
        if row.renewal_id is None:
            return
        renewal = self.gateway.renewals[row.renewal_id]
        ends = renewal.cancel_at_term_end or renewal.state is RenewalState.ENDED
        assert row.cancel_at_term_end is ends
        change = self.scene.live_change
        waits = change is not None and change.sponsorship_id == row.id
        if not waits:
            assert tier_reference(row.tier_snapshot) == renewal.tier_reference
        if row.term is Term.ACTIVE and renewal.state is RenewalState.ACTIVE:
            assert row.term_ends_at == renewal.term_ends_at
        undecided = any(
            each.state is DisputeStanding.OPEN and each.sponsorship_id == row.id
            for each in self.scene.rows(Dispute)
        )
        weight = 0 if undecided else row.tier_snapshot.voting_weight
        assert self.scene.weight(self.now) == weight
        assert row.term_ends_at is None or row.term_ends_at + 60 * DAY > self.now


def test_any_life_is_set_right_by_a_sweep(app: Flask) -> None:
    Life.app = app
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=16,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def life(app: Flask) -> Iterator[Life]:
    """One life, which is set right and looked at when its story is told."""
    Life.app = app
    told = Life()
    yield told
    told.teardown()


def test_a_charge_long_after_the_lapse_is_found_though_its_event_is_lost(life: Life) -> None:
    life.buy(tier="silver", told=True)
    for paid in (False, False, True):
        life.term_ends(paid=paid, told=False)
    assert life.scene.sponsorship.term is Term.LAPSED


def test_an_open_invoice_is_owed_still_by_who_moves_to_a_card(life: Life) -> None:
    life.buy(tier="silver", told=True)
    life.pay_by(invoiced=True)
    life.term_ends(paid=True, told=True)
    life.pay_by(invoiced=False)
    life.sweep()
    assert life.scene.sponsorship.term is Term.GRACE
