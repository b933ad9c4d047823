"""What does not match between our rows and the processor's objects is found, both ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.errors import NotFound
from portal.domain.money import Money
from portal.domain.reconciliation import REMEDIES, FindingKind
from portal.domain.sponsorship import Term
from portal.jobs import run_due
from portal.models.billing import Payment, ProcessorEvent
from portal.models.reconciliation import ReconciliationFinding, ReconciliationRun
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import (
    CheckoutSeen,
    CheckoutState,
    DisputeSeen,
    DisputeState,
    PaymentSeen,
    RefundRequest,
    RenewalSeen,
    RenewalState,
)
from portal.queries.billing.reconciliation import find_reconciliation
from portal.services.payments.reconciliation import list_processor, record_findings, set_aside
from tests.builders import NOW, actor_of, make_person, make_project, sign_in
from tests.web.test_sponsorships import Shop, sponsorship

LATER = NOW + timedelta(hours=3)
PRICE = Money(10_000, "EUR")


class Books:
    """A sponsorship bought by card at NOW, and the comparison with its processor."""

    def __init__(self, app: Flask) -> None:
        self.shop = Shop(app)
        self.gateway = self.shop.gateway
        self.shop.press()
        (checkout_id,) = self.gateway.checkouts
        self.gateway.pay(checkout_id, at=NOW)
        run_due(app, LATER)
        assert sponsorship().term is Term.ACTIVE
        (self.renewal,) = self.gateway.renewals.values()

    def compare(self, at: datetime = LATER) -> list[tuple[FindingKind, str]]:
        listing = list_processor(self.gateway, now=at)
        with transaction():
            record_findings(listing, now=at)
        return [
            (row.kind, row.key)
            for row in db.session.scalars(
                select(ReconciliationFinding)
                .where(ReconciliationFinding.closed_at.is_(None))
                .order_by(ReconciliationFinding.id)
            )
        ]

    def move(self, **changes: Any) -> None:
        with transaction():
            row = db.session.scalars(select(Sponsorship)).one()
            for name, value in changes.items():
                setattr(row, name, value)


@pytest.fixture
def books(app: Flask) -> Books:
    """Both sides agree."""
    return Books(app)


def _stranger(number: int = 9) -> tuple[CheckoutSeen, RenewalSeen]:
    payment = PaymentSeen(f"pi_{number}", PRICE, NOW, None)
    renewal = RenewalSeen(
        f"sub_{number}", "co_nobody", RenewalState.ACTIVE, PRICE, NOW, NOW + timedelta(days=365),
        cancel_at_term_end=False, tier_reference="kiln.gold.1",
    )  # fmt: skip
    seen = CheckoutSeen(
        f"cs_{number}", "co_nobody", CheckoutState.COMPLETE, "cus_9", payment, renewal
    )
    return seen, renewal


def test_what_agrees_is_not_found(books: Books) -> None:
    assert books.compare() == []
    run = db.session.scalars(
        select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(1)
    ).one()
    assert run.compared == 2


def test_what_is_there_and_not_here(books: Books) -> None:
    seen, renewal = _stranger()
    books.gateway.checkouts[seen.checkout_id] = seen
    books.gateway.renewals[renewal.renewal_id] = renewal
    books.gateway.disputes["dp_9"] = DisputeSeen(
        "dp_9", "pi_9", PRICE, DisputeState.OPEN, "fraudulent", NOW
    )
    books.gateway.payments["sub_9"] = [PaymentSeen("pi_9", PRICE, NOW, None)]
    books.gateway.refund(RefundRequest("rf", "pi_9", PRICE), idempotency_key="rf")
    assert books.compare() == [
        (FindingKind.CHECKOUT_UNKNOWN, "cs_9"),
        (FindingKind.RENEWAL_UNKNOWN, "sub_9"),
        (FindingKind.PAYMENT_UNKNOWN, "pi_9"),
        (FindingKind.REFUND_UNKNOWN, "re_1"),
        (FindingKind.DISPUTE_UNKNOWN, "dp_9"),
    ]
    assert len(find_reconciliation(books.shop.project.id).findings) == 5
    books.gateway.checkouts.pop("cs_9")
    books.gateway.renewals["sub_9"] = replace(renewal, state=RenewalState.ENDED)
    books.gateway.refunds.clear()
    books.gateway.disputes.clear()
    assert books.compare() == [], "what agrees by then closes by itself"
    assert find_reconciliation(books.shop.project.id).closed == 5


def test_a_charge_that_outlives_its_sponsorship(books: Books) -> None:
    books.move(term=Term.LAPSED)
    assert books.compare() == [(FindingKind.RENEWAL_STILL_CHARGED, books.renewal.renewal_id)]


def test_a_sponsorship_that_is_no_longer_charged(books: Books) -> None:
    books.gateway.renewals.clear()
    assert books.compare() == [(FindingKind.RENEWAL_NOT_CHARGED, books.renewal.renewal_id)]
    books.move(cancel_at_term_end=True)
    assert books.compare() == [], "whoever stopped it knows"


def test_another_price_at_the_processor(books: Books) -> None:
    books.gateway.renewals[books.renewal.renewal_id] = replace(
        books.renewal, price=Money(10_001, "EUR")
    )
    assert books.compare() == [(FindingKind.RENEWAL_OTHER_PRICE, books.renewal.renewal_id)]


def test_a_payment_that_never_was(books: Books) -> None:
    with transaction():
        known = db.session.scalars(select(Payment)).one()
        db.session.add(
            Payment(
                sponsorship_id=known.sponsorship_id, tier_snapshot=known.tier_snapshot,
                term_starts_at=NOW, term_ends_at=LATER, amount_minor=1, currency="EUR",
                processor="stripe", processor_payment_id="pi_ghost", receipt_url="",
                paid_at=NOW,
            )
        )  # fmt: skip
    assert books.compare() == [(FindingKind.PAYMENT_MISSING, "pi_ghost")]


def test_an_event_that_was_given_up(books: Books) -> None:
    with transaction():
        db.session.add(
            ProcessorEvent(source="stripe", external_id="evt_1", kind="invoice.paid",
                           received_at=NOW, attempts=10, problem="It broke.")
        )  # fmt: skip
    assert books.compare() == [(FindingKind.EVENT_GIVEN_UP, "evt_1")]


def test_what_is_set_aside_stays_away_and_only_a_treasurer_may(books: Books) -> None:
    books.gateway.renewals.clear()
    books.compare()
    (finding,) = find_reconciliation(books.shop.project.id).findings
    with pytest.raises(NotFound), transaction():
        set_aside(actor_of(books.shop.owner), books.shop.project.id, finding.id, now=LATER)
    with transaction():
        set_aside(actor_of(books.shop.lead), books.shop.project.id, finding.id, now=LATER)
    assert books.compare() == []


def test_what_belongs_to_no_project_is_the_operators(books: Books) -> None:
    make_project("reef")
    books.gateway.payments["in_9"] = [PaymentSeen("pi_9", PRICE, NOW, None)]
    books.gateway.refund(RefundRequest("rf", "pi_9", PRICE), idempotency_key="rf")
    books.compare()
    operator, project = sign_in(books.shop.app, make_person(is_operator=True)), books.shop.project
    assert find_reconciliation(project.id).findings == ()
    (finding,) = find_reconciliation(None).findings
    assert finding.sentence in operator.get("/operator/reconciliation").text
    with pytest.raises(NotFound), transaction():
        set_aside(actor_of(books.shop.lead), project.id, finding.id, now=LATER)
    with pytest.raises(NotFound), transaction():
        set_aside(actor_of(books.shop.lead), None, finding.id, now=LATER)
    operator.post(f"/operator/reconciliation/{finding.id}")
    assert find_reconciliation(None).findings == ()


def test_every_finding_says_what_to_do() -> None:
    assert set(REMEDIES) == set(FindingKind)
