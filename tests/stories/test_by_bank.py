"""Stories of sponsors who pay by bank: change, end, and money back with its credit note."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.documents import DocumentKind
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.sponsorship import Commercial, Term
from portal.jobs import run_due
from portal.models.billing import Payment
from portal.models.documents import Document
from portal.queries.billing.money_back import find_sponsor_money
from portal.services.billing.billed_changes import order_change
from portal.services.billing.invoice_calendar import bill_next_term
from portal.services.payments.money_back import ask_refund
from portal.services.selfcheck.run import check_everything
from portal.services.sponsorship.changes import ask_change
from portal.services.sponsorship.renewal_choice import wish_renewal
from tests.builders import NOW, make_tier
from tests.document_builders import SITE, Trade, make_trade
from tests.stories.scene import whole_ledger

DAY = timedelta(days=1)


def bought() -> Trade:
    trade = make_trade()
    trade.pay(trade.order())
    assert trade.stake.term is Term.ACTIVE
    return trade


def give_back(trade: Trade, minor: int) -> None:
    payment = db.session.scalars(select(Payment)).one()
    with transaction():
        asked = ask_refund(
            trade.treasurer, trade.project.id, payment.id, Money(minor, "EUR"),
            reason="Agreed.", site=SITE, now=NOW + DAY,
        )  # fmt: skip
    assert asked is None, "no processor is asked"


def test_a_part_and_then_the_rest_go_back_by_credit_notes(app: Flask) -> None:
    trade = bought()
    price = trade.tier.price_minor
    give_back(trade, price // 4)
    assert trade.stake.term is Term.ACTIVE
    give_back(trade, price - price // 4)
    assert trade.stake.term is Term.ENDED
    notes = trade.documents(DocumentKind.CREDIT_NOTE)
    assert [note.total_minor for note in notes] == [price // 4, price - price // 4]
    part, rest = price // 4, price - price // 4
    assert ledger(trade) == [
        *BOUGHT,
        ("credit_note", {"income_tiers": part, "refunds": -part}),
        ("refund", {"refunds": part, "bank": -part}),
        ("credit_note", {"income_tiers": rest, "refunds": -rest}),
        ("refund", {"refunds": rest, "bank": -rest}),
    ], "all came and all went"


def test_another_tier_comes_with_the_next_invoice(app: Flask) -> None:
    trade = bought()
    make_tier(trade.project, slug="small", name="Small", price_minor=59_500, voting_weight=1)
    stake = trade.stake
    ends_at = stake.term_ends_at
    assert ends_at is not None
    with transaction():
        asked = ask_change(
            trade.buyer, trade.organization.id, stake.reference, "small",
            version=1, due=Money(0, "EUR"), site=SITE, now=NOW + DAY,
        )  # fmt: skip
    assert asked is None
    with transaction():
        bill_next_term(stake.id, site=SITE, now=ends_at - 20 * DAY)
    invoice = trade.documents(DocumentKind.INVOICE)[-1]
    assert invoice.total_minor == 59_500
    trade.pay(invoice, reference="statement 13", now=ends_at - 10 * DAY)
    assert trade.stake.tier_snapshot_id == trade.tier.id, "until the term ends"
    run_due(app, ends_at)
    db.session.expire_all()
    assert trade.stake.tier_snapshot.name == "Small"
    assert trade.stake.term is Term.ACTIVE


def test_it_ends_with_its_term_and_can_be_taken_back(app: Flask) -> None:
    trade = bought()
    ends_at = trade.stake.term_ends_at
    assert ends_at is not None
    for cancel in (True, False, True):
        with transaction():
            wish = wish_renewal(
                trade.buyer, trade.organization.id, trade.stake.reference,
                cancel=cancel, site=SITE, now=NOW + DAY,
            )  # fmt: skip
        assert wish is None
        assert trade.stake.cancel_at_term_end is cancel
    run_due(app, ends_at)
    db.session.expire_all()
    assert trade.stake.term is Term.ENDED


def dearer(trade: Trade) -> None:
    make_tier(trade.project, slug="large", name="Large", price_minor=238_000, voting_weight=9)


def order_large(trade: Trade, due: int, *, now: datetime) -> Document:
    """Confirm the upgrade; the invoice for its difference."""
    with transaction():
        asked = order_change(
            trade.buyer, trade.organization.id, trade.stake.reference, "large",
            version=1, due=Money(due, "EUR"), site=SITE, now=now,
        )  # fmt: skip
    assert asked is None, "no processor is asked"
    return trade.documents(DocumentKind.INVOICE)[-1]


# 292 of 365 days are left: four fifths of 2380.00 less four fifths of 1190.00. The buyer accounts
# for the tax of another member state, so none is in it.
UPGRADED_AT = NOW + 73 * DAY
DIFFERENCE = 95_200
BOUGHT = [
    ("invoice", {"receivable:org": 119_000, "income_tiers": -119_000}),
    ("payment", {"bank": 119_000, "receivable:org": -119_000}),
]
BILLED_DIFFERENCE = ("invoice", {"receivable:org": DIFFERENCE, "income_tiers": -DIFFERENCE})


def ledger(trade: Trade) -> list[tuple[str, dict[str, int]]]:
    """The whole ledger, the buyer called org."""
    slug = trade.organization.slug
    return [
        (cause, {name.replace(f":{slug}", ":org"): amount for name, amount in lines.items()})
        for cause, lines in whole_ledger()
    ]


def test_an_upgrade_by_invoice_holds_when_its_difference_is_paid(app: Flask) -> None:
    """The days count from the order; paid in two parts, the tier moves with the second."""
    trade = bought()
    dearer(trade)
    ends_at = trade.stake.term_ends_at
    assert ends_at is not None
    with pytest.raises(Conflict) as conflict:
        order_large(trade, DIFFERENCE - 500, now=UPGRADED_AT)
    assert conflict.value.code == "change.amount"
    invoice = order_large(trade, DIFFERENCE, now=UPGRADED_AT)
    assert (invoice.total_minor, invoice.term_ends_at) == (DIFFERENCE, ends_at)
    assert trade.stake.commercial is Commercial.PAID, "the term itself is paid"
    with pytest.raises(Refusal) as refusal:
        order_large(trade, DIFFERENCE, now=UPGRADED_AT)
    assert refusal.value.code == "change.live"
    trade.pay(invoice, 200, reference="statement 13", now=UPGRADED_AT + DAY)
    assert trade.stake.tier_snapshot_id == trade.tier.id, "no weight without its money"
    trade.pay(invoice, reference="statement 14", now=UPGRADED_AT + 3 * DAY)
    money = find_sponsor_money(
        trade.project.id, trade.stake.reference, now=UPGRADED_AT + 4 * DAY
    ).payments
    assert [each.ends_standing for each in money] == [False, False, True]
    assert all(each.steps_back for each in money[:2]), "parts of the difference end nothing else"
    stake = trade.stake
    assert (stake.tier_snapshot.name, stake.term) == ("Large", Term.ACTIVE)
    assert (stake.term_ends_at, stake.active_since) == (ends_at, NOW), "term and seasoning stay"
    assert ledger(trade) == [
        *BOUGHT,
        BILLED_DIFFERENCE,
        ("payment", {"bank": 200, "receivable:org": -200}),
        ("payment", {"bank": DIFFERENCE - 200, "receivable:org": -(DIFFERENCE - 200)}),
    ]
    with transaction():
        bill_next_term(stake.id, site=SITE, now=ends_at - 20 * DAY)
    assert trade.documents(DocumentKind.INVOICE)[-1].total_minor == 238_000


def test_an_upgrade_by_invoice_that_nobody_pays_is_off_when_the_next_term_is_billed(
    app: Flask,
) -> None:
    trade = bought()
    dearer(trade)
    ends_at = trade.stake.term_ends_at
    assert ends_at is not None
    order_large(trade, DIFFERENCE, now=UPGRADED_AT)
    with transaction():
        bill_next_term(trade.stake.id, site=SITE, now=ends_at - 20 * DAY)
    stake = trade.stake
    assert (stake.term, stake.tier_snapshot_id) == (Term.ACTIVE, trade.tier.id)
    assert ledger(trade) == [
        *BOUGHT,
        BILLED_DIFFERENCE,
        ("credit_note", {"income_tiers": DIFFERENCE, "receivable:org": -DIFFERENCE}),
        BOUGHT[0],
    ]
    with pytest.raises(Refusal) as refusal:
        order_large(trade, 1, now=ends_at - 19 * DAY)
    assert refusal.value.code == "change.billed", "the next term is sold at the old tier already"


def test_money_back_of_an_upgrade_by_invoice_goes_back_to_the_tier_before(app: Flask) -> None:
    trade = bought()
    dearer(trade)
    invoice = order_large(trade, DIFFERENCE, now=UPGRADED_AT)
    trade.pay(invoice, reference="statement 13", now=UPGRADED_AT)
    payment = db.session.scalars(select(Payment).order_by(Payment.id.desc())).first()
    assert payment is not None
    with transaction():
        ask_refund(
            trade.treasurer, trade.project.id, payment.id, Money(DIFFERENCE, "EUR"),
            reason="Agreed.", site=SITE, now=UPGRADED_AT + DAY,
        )  # fmt: skip
    stake = trade.stake
    assert (stake.term, stake.commercial) == (Term.ACTIVE, Commercial.PAID)
    assert stake.tier_snapshot_id == trade.tier.id
    assert ledger(trade)[3:] == [
        ("payment", {"bank": DIFFERENCE, "receivable:org": -DIFFERENCE}),
        ("credit_note", {"income_tiers": DIFFERENCE, "refunds": -DIFFERENCE}),
        ("refund", {"refunds": DIFFERENCE, "bank": -DIFFERENCE}),
    ]


def test_pay_partly_pay_late_and_overpay(app: Flask) -> None:
    """Net 30 is missed and a part is short: the term begins with the rest, a surplus is credit."""
    trade = make_trade()
    invoice = trade.order()
    trade.pay(invoice, 100_000, reference="part", now=NOW + 20 * DAY)
    run_due(app, NOW + 45 * DAY)
    db.session.expire_all()
    assert (trade.stake.term, trade.stake.commercial) == (Term.PENDING, Commercial.INVOICED)
    trade.pay(invoice, 20_000, reference="rest", now=NOW + 50 * DAY)
    assert (trade.stake.term, trade.stake.term_starts_at) == (Term.ACTIVE, NOW + 50 * DAY)
    ends_at = trade.stake.term_ends_at
    assert ends_at is not None
    with transaction():
        bill_next_term(trade.stake.id, site=SITE, now=ends_at - 20 * DAY)
    assert ledger(trade) == [
        BOUGHT[0],
        ("payment", {"bank": 100_000, "receivable:org": -100_000}),
        ("payment", {"bank": 20_000, "receivable:org": -19_000, "credit:org": -1_000}),
        BOUGHT[0],
        ("credit", {"credit:org": 1_000, "receivable:org": -1_000}),
    ]


def test_money_back_takes_the_credit_first_and_only_then_the_invoice(app: Flask) -> None:
    trade = make_trade()
    trade.pay(trade.order(), 120_000, reference="too much", now=NOW)
    payment = db.session.scalars(select(Payment)).one()

    def give(amount: int) -> None:
        with transaction():
            ask_refund(
                trade.treasurer, trade.project.id, payment.id, Money(amount, "EUR"),
                reason="Agreed.", site=SITE, now=NOW + DAY,
            )  # fmt: skip

    give(400)
    assert trade.stake.term is Term.ACTIVE
    give(1_000)
    assert ledger(trade)[2:] == [
        ("refund", {"credit:org": 400, "bank": -400}),
        ("credit_note", {"income_tiers": 400, "refunds": -400}),
        ("refund", {"refunds": 400, "credit:org": 600, "bank": -1_000}),
    ]
    assert check_everything(gateway=None, now=NOW + DAY).broken == 0
    with transaction():
        ends_at = trade.stake.term_ends_at
        assert ends_at is not None
        bill_next_term(trade.stake.id, site=SITE, now=ends_at - 20 * DAY)
    assert ledger(trade)[-1] == BOUGHT[0], "what went back pays nothing more"


def test_a_term_that_credit_paid_whole_is_in_good_standing(app: Flask) -> None:
    trade = make_trade()
    trade.pay(trade.order(), 2 * 119_000, reference="twice", now=NOW)
    ends_at = trade.stake.term_ends_at
    assert ends_at is not None
    with transaction():
        bill_next_term(trade.stake.id, site=SITE, now=ends_at - 20 * DAY)
    invoice = trade.documents(DocumentKind.INVOICE)[-1]
    assert invoice.standing.open_minor == 0
    assert trade.stake.term_starts_at == ends_at
    assert check_everything(gateway=None, now=ends_at + DAY).broken == 0
