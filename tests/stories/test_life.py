"""Stories of a life: reminders, grace, lapse and return, another way to pay, other currencies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.database import transaction
from portal.domain.sponsorship import Collection, Commercial, Term
from portal.models.changes import TermReminder
from portal.models.sponsorship import Sponsorship
from portal.ports.payments import RenewalState
from portal.services.sponsorship.checkouts import start_checkout
from tests.builders import NOW
from tests.stories.scene import DAY, SITE, Scene, paid

END = NOW + 365 * DAY


def ending(scene: Scene) -> list[int]:
    return [row.days for row in scene.reminders if row.kind == "ending" and row.sent_at]


def test_reminders_before_the_end_of_a_term_are_rows_and_none_is_lost(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    assert [row.days for row in scene.reminders] == [60, 30, 14, 3]
    scene.run(END - 60 * DAY - timedelta(seconds=1))
    assert ending(scene) == []
    for _ in range(2):
        scene.run(END - 60 * DAY)
    assert ending(scene) == [60]
    scene.run(END - 10 * DAY)  # nobody ran for fifty days
    assert ending(scene) == [60, 30, 14]
    mails = [text for text in scene.subjects if "The term of Silver" in text]
    assert len(mails) == 3
    scene.renew()
    scene.run(END + DAY)
    old = [row for row in scene.reminders if row.occasion_at == END]
    assert [(row.days, row.moot_at is not None) for row in old][-1] == (3, True)
    assert len(scene.rows(TermReminder)) == 8, "the next term has its own"


def test_lapse_and_return(app: Flask) -> None:
    """J8: reminders on days 2, 7 and 14, grace until day 21, then no weight; paying restores it."""
    scene = Scene(app, seasoning_days=30)
    scene.buy("silver")
    at = scene.renew(paid=False)
    assert scene.sponsorship.term is Term.GRACE
    sent = []
    for day in range(1, 21):
        scene.run(at + day * DAY)
        sent.append(sum("Still unpaid" in text for text in scene.subjects))
    assert [day for day in range(1, 21) if sent[day - 1] > (sent[day - 2] if day > 1 else 0)] == [
        2,
        7,
        14,
    ]
    assert scene.weight(at + 20 * DAY) == 2, "in grace everything stays"
    scene.run(at + 21 * DAY)
    assert scene.sponsorship.term is Term.LAPSED
    assert scene.weight(at + 21 * DAY) == 0
    back = at + 40 * DAY
    renewal_id = scene.sponsorship.renewal_id
    (invoice,) = [each for each in scene.gateway.invoices.values() if each.paid_at is None]
    scene.gateway.pay_invoice(invoice.invoice_id, at=back)
    scene.look(back, renewal=renewal_id)
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.weight(back + 29 * DAY) == 0, "seasons anew"
    assert scene.weight(back + 30 * DAY) == 2
    assert scene.book() == [*paid(10000), *paid(10000)]


def test_return_by_a_new_purchase_ends_what_lapsed(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    at = scene.renew(paid=False)
    scene.run(at + 21 * DAY)
    scene.buy("gold", now=at + 30 * DAY)
    scene.run(at + 30 * DAY)
    first, second = scene.rows(Sponsorship)
    assert (first.term, second.term) == (Term.LAPSED, Term.ACTIVE)
    assert scene.gateway.renewals[first.renewal_id].state is RenewalState.ENDED
    assert scene.weight(at + 31 * DAY) == 4
    assert scene.book() == [*paid(10000), *paid(30000)]


@pytest.mark.parametrize("days", [0, 60])
def test_the_charter_chooses_the_grace(app: Flask, days: int) -> None:
    scene = Scene(app, grace_days=days)
    scene.buy("silver")
    at = scene.renew(paid=False)
    assert scene.sponsorship.grace_ends_at == at + days * DAY
    scene.run(at + days * DAY)
    assert scene.sponsorship.term is Term.LAPSED


def test_switch_from_card_to_invoice_without_a_gap(app: Flask) -> None:
    """S4: the invoice of the next term has thirty days; grace is counted from its due date."""
    scene = Scene(app)
    scene.buy("silver")
    scene.pay_by(Collection.INVOICE, now=NOW + 100 * DAY)
    sponsorship = scene.sponsorship
    assert (sponsorship.collection, sponsorship.term) == (Collection.INVOICE, Term.ACTIVE)
    assert scene.weight(NOW + 101 * DAY) == 2
    at = scene.renew()
    for day in (1, 20, 29):
        scene.run(at + day * DAY)
        assert scene.weight(at + day * DAY) == 2
    assert not [text for text in scene.subjects if "failed" in text], "it is not late yet"
    (invoice,) = [each for each in scene.gateway.invoices.values() if each.paid_at is None]
    scene.gateway.pay_invoice(invoice.invoice_id, at=at + 30 * DAY)
    scene.look(at + 30 * DAY, renewal=sponsorship.renewal_id)
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.sponsorship.active_since == NOW
    assert scene.book() == [*paid(10000), *paid(10000)]
    scene.pay_by(Collection.CARD, now=at + 31 * DAY)
    assert scene.sponsorship.collection is Collection.CARD


def test_an_invoice_that_is_never_paid_lapses_after_its_due_date_and_the_grace(app: Flask) -> None:
    scene = Scene(app)
    scene.buy("silver")
    scene.pay_by(Collection.INVOICE, now=NOW + 100 * DAY)
    at = scene.renew()
    assert scene.sponsorship.grace_ends_at is None, "the processor may hold its invoice back"
    scene.look(at + timedelta(hours=3), renewal=scene.sponsorship.renewal_id)
    assert scene.sponsorship.grace_ends_at == at + (30 + 21) * DAY
    due = [(row.days, row.due_at - at) for row in scene.reminders if row.kind == "failing"]
    assert due == [(2, 32 * DAY), (7, 37 * DAY), (14, 44 * DAY)]
    scene.run(at + 51 * DAY)
    assert scene.sponsorship.term is Term.LAPSED


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_a_currency_with_no_minor_unit_and_one_with_three_places(app: Flask, currency: str) -> None:
    """10,000 yen, or 10.000 dinars, a year: integers of the smallest unit, whatever it is."""
    scene = Scene(app, currency=currency)
    scene.buy("silver")
    scene.change("gold", now=NOW + 73 * DAY)
    assert scene.sponsorship.tier_snapshot_id == scene.gold.id
    scene.refund(1, now=NOW + 80 * DAY)
    assert scene.sponsorship.commercial is Commercial.PAID
    assert [entry for _cause, entry in scene.book() if "income_tiers" in entry] == [
        {"card_clearing": 10000, "income_tiers": -10000},
        {"card_clearing": 16000, "income_tiers": -16000},
        {"income_tiers": 1, "refunds": -1},
    ]


@pytest.mark.parametrize("reached", [False, True])
def test_a_crash_around_the_processors_answer_to_a_purchase_heals(
    app: Flask, *, reached: bool
) -> None:
    """Started and committed; the process dies before the call, or before its answer is kept."""
    scene = Scene(app)
    with transaction():
        started = start_checkout(
            scene.buyer, scene.project.id, "silver", scene.organization.id,
            version=1, site=SITE, now=NOW,
        )  # fmt: skip
    if reached:
        scene.gateway.open_checkout(started.request, idempotency_key=started.reference)
    scene.run(NOW + timedelta(minutes=5))
    (checkout_id,) = scene.gateway.checkouts
    paid_at = NOW + timedelta(minutes=6)
    scene.gateway.pay(checkout_id, at=paid_at)
    for hours in (1, 2):
        scene.run(NOW + timedelta(hours=hours))
    assert scene.sponsorship.term is Term.ACTIVE
    assert scene.book() == paid(10000)
