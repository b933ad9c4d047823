"""The post between processor and portal: events shuffled, doubled and dropped, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import requests
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.money_back import DisputeStanding, RefundStanding
from portal.domain.sponsorship import Term
from portal.domain.tiers import Interval
from portal.jobs import SWEEPS, run_due
from portal.models.billing import Payment, ProcessorEvent
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.money_back import Dispute, Refund
from portal.models.tiers import TierVersion
from tests.sandbox.stage import wait_for
from tests.web.test_card_over_http import Street, rows, street  # noqa: F401 - a fixture
from tests.web.test_sponsorships import sponsorship

_YEAR = timedelta(days=366)
_INBOX = next(sweep for sweep in SWEEPS if sweep.name == "process_inbox")


def _live(street: Street, *, renews: bool) -> datetime:  # noqa: F811
    """Pay, renew, give a part back, dispute and lose, all at the processor; returns the day."""
    stage = street.stage
    if not renews:
        with transaction():
            db.session.scalars(select(TierVersion)).one().interval = Interval.ONE_TIME
    stage.pay(street.press())
    if renews:
        stage.forward(_YEAR.days)
    *renewed, first = stage.call("GET", "charges").json()["data"]
    refund = {"payment_intent": first["payment_intent"], "amount": "1500"}
    assert stage.call("POST", "refunds", refund).status_code == 200
    for charge in renewed:
        _at_the_bank(street, charge["id"], "open")
        (dispute,) = stage.call("GET", "disputes").json()["data"]
        _at_the_bank(street, dispute["id"], "lost")
    last = b'"charge.dispute.closed"' if renews else b'"charge.refunded"'
    wait_for(lambda: any(last in body for body, _ in stage.endpoint.received))
    return datetime.now(UTC) + (_YEAR if renews else timedelta())


def _at_the_bank(street: Street, identifier: str, step: str) -> None:  # noqa: F811
    address = f"{street.stage.url}/disputes/{identifier}"
    answer = requests.post(address, data={"step": step}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303


def _hand_over(street: Street, letters: Iterable[tuple[bytes, str]], day: datetime) -> None:  # noqa: F811
    """Post letters, and handle the inbox every now and then: no other sweep helps."""
    for number, (body, signature) in enumerate(letters):
        assert street.post(body, signature) == 200
        if number % 3 == 0:
            _INBOX.work(street.app.extensions["stakehold"], day)
    _INBOX.work(street.app.extensions["stakehold"], day)


def _check(*, renews: bool) -> None:
    """What was lived through, once: each object, and every entry of the ledger."""
    assert sponsorship().term is (Term.ENDED if renews else Term.ACTIVE)
    assert [row.amount_minor for row in rows(Payment)] == [10000] * (2 if renews else 1)
    assert [(row.state, row.amount_minor) for row in rows(Refund)] == [(RefundStanding.DONE, 1500)]
    assert [row.state for row in rows(Dispute)] == ([DisputeStanding.LOST] if renews else [])
    causes = sorted(row.cause.value for row in rows(LedgerTransaction) if row.cause.value != "fee")
    known = ["credit_note", "payment", "refund"]
    assert causes == sorted([*known, "payment", "dispute"] if renews else known)
    assert db.session.scalar(select(func.sum(LedgerEntry.amount_minor))) == 0
    assert {(row.handled_at is not None, row.problem) for row in rows(ProcessorEvent)} == {
        (True, "")
    }


@pytest.mark.parametrize(("renews", "seed"), [(True, 1), (True, 2), (False, 3)])
def test_shuffled_and_doubled_events_alone_tell_the_whole_story(
    street: Street,  # noqa: F811
    renews: bool,  # noqa: FBT001 - given by the parameters
    seed: int,
) -> None:
    day = _live(street, renews=renews)
    letters = street.stage.endpoint.received * 2
    Random(seed).shuffle(letters)  # noqa: S311 - an order, no secret
    _hand_over(street, letters, day)
    _check(renews=renews)


def test_what_dropped_events_did_not_tell_the_sweeps_find(street: Street) -> None:  # noqa: F811
    day = _live(street, renews=True)
    letters = street.stage.endpoint.received
    few = Random(4).sample(letters, len(letters) // 4)  # noqa: S311 - as above
    _hand_over(street, few, day)
    for hours in (1, 2):
        run_due(street.app, day + timedelta(hours=hours))
    _check(renews=True)
