"""Every payment that a processor reports stands in the ledger, once, with its fee."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.money import Money
from portal.domain.sponsorship import Term
from portal.models.ledger import LedgerEntry, LedgerTransaction
from portal.models.sponsorship import Sponsorship
from portal.services.payments.settlement import converge_checkout
from tests.builders import NOW
from tests.services.test_checkouts import SITE, Market, only
from tests.services.test_sponsorships import look, next_term, pay_term

FEE = Money(320, "EUR")


def book() -> dict[str, list[tuple[str, int, str]]]:
    """The whole ledger: what stands under each key."""
    rows = db.session.execute(
        select(LedgerTransaction.key, LedgerEntry)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .order_by(LedgerTransaction.id, LedgerEntry.position)
    )
    found: dict[str, list[tuple[str, int, str]]] = {}
    for key, entry in rows:
        found.setdefault(key, []).append((entry.account.value, entry.amount_minor, entry.currency))
    return found


def sale(minor: int = 10000) -> list[tuple[str, int, str]]:
    return [("card_clearing", minor, "EUR"), ("income_tiers", -minor, "EUR")]


def kept(minor: int, currency: str = "EUR") -> list[tuple[str, int, str]]:
    return [("card_clearing", minor, currency), ("credit", -minor, currency)]


def test_a_purchase_and_its_renewal_are_posted_with_their_fees_once(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    seen = market.gateway.pay(checkout_id, at=NOW)
    market.gateway.checkouts[checkout_id] = replace(seen, payment=replace(seen.payment, fee=None))
    market.converge(checkout_id)
    assert book() == {"payment:stripe:pi_cs_1": sale()}
    # The processor names the fee later.
    market.gateway.checkouts[checkout_id] = replace(seen, payment=replace(seen.payment, fee=FEE))
    for _ in range(2):
        market.converge(checkout_id)
    fee = [("processor_fees", 320, "EUR"), ("card_clearing", -320, "EUR")]
    assert book() == {"payment:stripe:pi_cs_1": sale(), "fee:stripe:pi_cs_1": fee}
    starts_at = next_term(market, paid=True)
    for _ in range(2):
        look(market, starts_at + timedelta(minutes=1))
    payments = market.gateway.payments["sub_cs_1"]
    payments[1] = replace(payments[1], fee=FEE)
    look(market, starts_at + timedelta(hours=1))
    assert book() == {
        "payment:stripe:pi_cs_1": sale(),
        "fee:stripe:pi_cs_1": fee,
        "payment:stripe:pi_2": sale(),
        "fee:stripe:pi_2": fee,
    }
    row = db.session.scalars(select(LedgerTransaction).order_by(LedgerTransaction.id)).first()
    assert row is not None
    assert (row.sponsorship_id, row.at, row.reference) == (only(Sponsorship).id, NOW, "pi_cs_1")


def test_a_payment_of_another_amount_or_currency_is_credit_and_never_lost(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.open(market.start())
    seen = market.gateway.pay(checkout_id, at=NOW)
    market.gateway.checkouts[checkout_id] = replace(
        seen, payment=replace(seen.payment, money=Money(7, "JPY"), fee=None)
    )
    for _ in range(2):
        market.converge(checkout_id)
    assert book() == {"payment:stripe:pi_cs_1": kept(7, "JPY")}
    assert only(Sponsorship).term is Term.PENDING


def test_a_renewal_of_another_amount_is_credit(app: Flask) -> None:
    market = Market(app)
    market.buy()
    starts_at = next_term(market, paid=False)
    pay_term(market, starts_at, Money(9999, "EUR"))
    look(market, starts_at + timedelta(minutes=1))
    assert book()["payment:stripe:pi_2"] == kept(9999)


def test_a_second_payment_on_a_settled_checkout_is_credit(app: Flask) -> None:
    market = Market(app)
    checkout_id = market.buy()
    seen = market.gateway.checkouts[checkout_id]
    second = replace(seen.payment, payment_id="pi_9", fee=None)
    again = replace(seen, checkout_id="cs_9", payment=second)
    for _ in range(2):
        with transaction():
            converge_checkout(again, site=SITE, now=NOW)
    assert book()["payment:stripe:pi_cs_1"] == sale()
    assert book()["payment:stripe:pi_9"] == kept(10000)
