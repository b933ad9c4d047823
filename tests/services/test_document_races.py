"""Invoices and payments at once, with real commits: no gap, no double, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select

from portal.database import db, transaction
from portal.domain.documents import BANK, DocumentKind
from portal.domain.errors import DomainError
from portal.domain.money import Money
from portal.models.billing import Payment
from portal.models.documents import Document
from portal.services.billing.bank_payments import Arrival, record_payment
from portal.services.books.numbering import take_number
from tests.builders import NOW
from tests.document_builders import SITE, Trade, make_trade


def at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Run each work in a thread and transaction of its own, as near to each other as can be."""
    gate = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        with app.app_context():
            gate.wait(10)
            try:
                with transaction():
                    return work()
            except (DomainError, ZeroDivisionError) as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_numbers_have_no_gap_and_no_double_even_when_some_fail(committed_app: Flask) -> None:
    with committed_app.app_context():
        project_id = make_trade().project.id

    def take() -> object:
        return take_number(project_id, DocumentKind.INVOICE)

    def take_and_fail() -> object:
        take_number(project_id, DocumentKind.INVOICE)
        return 1 // 0

    taken = at_once(committed_app, *([take] * 6), *([take_and_fail] * 4))
    assert sorted(each for each in taken if isinstance(each, int)) == [1, 2, 3, 4, 5, 6]
    (more,) = at_once(committed_app, take)
    assert more == 7


def test_two_treasurers_who_record_one_payment_record_one(committed_app: Flask) -> None:
    with committed_app.app_context():
        trade = make_trade()
        invoice = trade.order()
        seen = invoice.standing.open_minor
        project_id, reference, actor = trade.project.id, invoice.reference, trade.treasurer

    def record(text: str) -> Callable[[], object]:
        arrival = Arrival(Money(seen, "EUR"), NOW.date(), text, BANK, seen)
        return lambda: record_payment(actor, project_id, reference, arrival, site=SITE, now=NOW)

    answers = at_once(committed_app, record("statement 12"), record("line 3 of December"))
    refused = [each for each in answers if isinstance(each, DomainError)]
    assert [each.code for each in refused] == ["payment.changed"]
    with committed_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Payment)) == 1


def test_two_orders_of_the_same_company_make_one_invoice(committed_app: Flask) -> None:
    with committed_app.app_context():
        trade = make_trade()
        quote = trade.quote()
        answers = at_once(committed_app, *([_accept(trade, quote)] * 2))
        assert sum(isinstance(each, DomainError) for each in answers) == 1
        kinds = db.session.scalars(select(Document.kind)).all()
        assert kinds.count(DocumentKind.INVOICE) == 1


def _accept(trade: Trade, quote: str) -> Callable[[], object]:
    from portal.services.billing.quotes import accept_quote

    buyer, organization_id = trade.buyer, trade.organization.id
    return lambda: accept_quote(
        buyer, organization_id, quote, agreement=1, po_number="", site=SITE, now=NOW
    )
