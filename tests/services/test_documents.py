"""From the quote to the receipt: numbers, money, states, and what a document never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from portal.database import db, transaction
from portal.domain.documents import ELSEWHERE, DocumentKind, DocumentState
from portal.domain.errors import Conflict, DomainError, Refusal
from portal.domain.ledger import Account
from portal.domain.money import Money
from portal.domain.sponsorship import Commercial, Term
from portal.domain.tax import Treatment
from portal.models.billing import Payment
from portal.models.documents import AgreementAcceptance, Document
from portal.models.outbox import OutboxMessage
from portal.services.billing.credit_notes import credit_invoice
from portal.services.billing.invoice_calendar import (
    begin_grace,
    bill_next_term,
    find_needless,
    find_reminders,
    find_terms_to_bill,
    find_unpaid_terms,
    remind,
    take_back_needless,
)
from portal.services.billing.invoices import credit_of
from portal.services.billing.quotes import accept_quote
from portal.services.billing.sellers import save_billing_data, save_seller, write_agreement
from portal.services.books.ledger import read_balance
from tests.builders import NOW, make_organization
from tests.document_builders import BUYER, SELLER, SITE, Trade, days, make_trade


def balance(trade: Trade, account: Account, currency: str = "EUR") -> int:
    return read_balance(trade.project.id, account, currency).amount_minor


def credit(trade: Trade, invoice: Document, minor: int, reason: str = "Agreed.") -> Document:
    with transaction():
        reference = credit_invoice(
            trade.treasurer, trade.project.id, invoice.reference,
            amount=Money(minor, invoice.currency), reason=reason, site=SITE, now=NOW,
        )  # fmt: skip
    return trade.document(reference)


def refusal(code: str) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(DomainError, check=lambda error: error.code == code)


def test_from_quote_to_receipt_with_its_whole_ledger(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    assert (invoice.number, invoice.po_number) == ("KELP-00001", "PO 77")
    assert invoice.due_on == (NOW + days(30)).date()
    assert invoice.follows is not None
    assert invoice.follows.number == "KELP-Q00001"
    assert invoice.follows.standing.state is DocumentState.ACCEPTED
    # Between VAT ids of two EU countries the buyer owes the tax.
    assert (invoice.treatment, invoice.tax_minor) == (Treatment.REVERSE_CHARGE, 0)
    assert (trade.stake.commercial, trade.stake.term) == (Commercial.INVOICED, Term.PENDING)
    assert balance(trade, Account.RECEIVABLE) == 119_000
    assert balance(trade, Account.INCOME_TIERS) == -119_000

    later = NOW + days(9)
    assert trade.pay(invoice, now=later).amount_minor == 0
    stake = trade.stake
    assert (stake.commercial, stake.term) == (Commercial.PAID, Term.ACTIVE)
    assert stake.active_since == stake.term_starts_at == later
    assert trade.document(invoice.reference).standing.state is DocumentState.PAID
    assert balance(trade, Account.BANK) == 119_000
    assert balance(trade, Account.RECEIVABLE) == 0
    (receipt,) = trade.documents(DocumentKind.RECEIPT)
    assert receipt.total_minor == 119_000
    assert receipt.follows_id == invoice.id
    subjects = set(db.session.scalars(select(OutboxMessage.subject)))
    assert any("Invoice KELP-00001" in subject for subject in subjects)
    assert any("Receipt KELP-R00001" in subject for subject in subjects)


def test_the_acceptance_says_which_version_who_and_when(app: Flask) -> None:
    trade = make_trade()
    quote = trade.quote()
    with transaction():
        write_agreement(trade.treasurer, trade.project.id, "We agree more.", number=2, now=NOW)
    with refusal("agreement.changed"), transaction():
        accept_quote(trade.buyer, trade.organization.id, quote, agreement=1, po_number="",
                     site=SITE, now=NOW)  # fmt: skip
    with refusal("agreement.needed"), transaction():
        accept_quote(trade.buyer, trade.organization.id, quote, agreement=None, po_number="",
                     site=SITE, now=NOW)  # fmt: skip
    with transaction():
        accept_quote(trade.buyer, trade.organization.id, quote, agreement=2, po_number="",
                     site=SITE, now=NOW)  # fmt: skip
    kept = db.session.scalars(select(AgreementAcceptance)).one()
    assert (kept.agreement.text, kept.person_name, kept.accepted_at) == (
        "We agree more.", "Ilse", NOW,
    )  # fmt: skip


def test_tax_is_contained_in_the_price_and_posted_by_itself(app: Flask) -> None:
    trade = make_trade(buyer=replace(BUYER, country="DE", tax_id="DE136695976"))
    invoice = trade.order()
    assert (invoice.net_minor, invoice.tax_minor) == (100_000, 19_000)
    assert balance(trade, Account.TAX) == -19_000
    assert balance(trade, Account.INCOME_TIERS) == -100_000


@pytest.mark.parametrize(("currency", "price"), [("JPY", 150_001), ("KWD", 1_234_567)])
def test_currencies_without_and_with_three_decimals(app: Flask, currency: str, price: int) -> None:
    trade = make_trade(
        currency=currency, price_minor=price, buyer=replace(BUYER, country="DE", tax_id="")
    )
    invoice = trade.order()
    assert invoice.net_minor + invoice.tax_minor == price
    # 19/119 of the price, to the nearest minor unit.
    assert abs(invoice.tax_minor * 119 - price * 19) * 2 <= 119
    trade.pay(invoice)
    assert balance(trade, Account.BANK, currency) == price
    assert trade.stake.term is Term.ACTIVE


def test_parts_settle_the_invoice_and_only_the_last_one_activates(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    trade.pay(invoice, 40_000, reference="a")
    assert trade.document(invoice.reference).standing.state is DocumentState.PART_PAID
    assert trade.stake.term is Term.PENDING
    trade.pay(invoice, 79_000, reference="b")
    assert trade.stake.term is Term.ACTIVE
    terms = {(p.term_starts_at, p.term_ends_at) for p in db.session.scalars(select(Payment))}
    assert terms == {(trade.stake.term_starts_at, trade.stake.term_ends_at)}
    assert len(trade.documents(DocumentKind.RECEIPT)) == 2


def test_what_is_too_much_becomes_credit_and_pays_the_next_invoice(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    surplus = trade.pay(invoice, 130_000)
    assert surplus == Money(11_000, "EUR")
    assert credit_of(trade.project.id, trade.organization.id, "EUR") == surplus
    end = trade.stake.term_ends_at
    assert end is not None
    with transaction():
        bill_next_term(trade.stake.id, site=SITE, now=end - days(20))
    renewal = trade.documents(DocumentKind.INVOICE)[-1]
    assert renewal.standing.open_minor == 108_000
    assert renewal.standing.state is DocumentState.PART_PAID
    assert credit_of(trade.project.id, trade.organization.id, "EUR").amount_minor == 0
    assert balance(trade, Account.CREDIT) == 0


def test_paid_elsewhere_counts_like_any_payment_and_needs_a_reference(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    with refusal("payment.reference"):
        trade.pay(invoice, reference=" - ", source=ELSEWHERE)
    trade.pay(invoice, reference="Open platform, order 9", source=ELSEWHERE)
    assert trade.stake.term is Term.ACTIVE
    assert db.session.scalars(select(Payment)).one().processor == ELSEWHERE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minor": 0}, "payment.amount"),
        ({"on": (NOW + days(1)).date()}, "payment.future"),
        ({"seen_open": 1}, "payment.changed"),
        ({"source": "gift"}, "payment.source"),
    ],
)
def test_what_cannot_be_recorded(app: Flask, change: dict[str, object], code: str) -> None:
    trade = make_trade()
    invoice = trade.order()
    with refusal(code):
        trade.pay(invoice, **change)  # type: ignore[arg-type]
    assert trade.stake.term is Term.PENDING
    assert balance(trade, Account.BANK) == 0


def test_a_payment_recorded_before_is_not_recorded_again(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    trade.pay(invoice, 50_000, reference="Statement 12/3")
    with refusal("payment.twice"):
        trade.pay(invoice, 50_000, reference="statement 12-3")


def test_a_credit_note_takes_an_unpaid_invoice_back_to_the_quote(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    note = credit(trade, invoice, 119_000, "Wrong legal name.")
    assert note.number == "KELP-C00001"
    assert note.snapshot["buyer"] == invoice.snapshot["buyer"]
    assert trade.document(invoice.reference).standing.state is DocumentState.CREDITED
    assert (trade.stake.commercial, trade.stake.term) == (Commercial.QUOTED, Term.PENDING)
    assert balance(trade, Account.RECEIVABLE) == 0
    assert balance(trade, Account.INCOME_TIERS) == 0
    # The corrected invoice is a new one, with the next number.
    assert trade.order(now=NOW + timedelta(hours=1)).number == "KELP-00002"


def test_a_part_taken_back_with_the_rest_paid_settles_the_invoice(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    trade.pay(invoice, 100_000)
    credit(trade, invoice, 19_000)
    assert trade.document(invoice.reference).standing.state is DocumentState.PAID
    assert trade.stake.term is Term.ACTIVE
    with refusal("credit.amount"):
        credit(trade, invoice, 100_001)


def test_a_paid_invoice_taken_back_ends_the_sponsorship_and_owes_the_money(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    trade.pay(invoice)
    credit(trade, invoice, 119_000)
    assert (trade.stake.commercial, trade.stake.term) == (Commercial.REFUNDED, Term.ENDED)
    assert balance(trade, Account.REFUNDS) == -119_000
    with refusal("credit.twice"):
        credit(trade, invoice, 1)


def test_an_issued_document_keeps_what_it_said(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    with transaction():
        save_billing_data(trade.buyer, trade.organization.id, replace(BUYER, legal_name="Acme NV"),
                          now=NOW)  # fmt: skip
        save_seller(trade.treasurer, trade.project.id, replace(SELLER, tax_rate=0), now=NOW)
    assert trade.document(invoice.reference).snapshot["buyer"]["legal_name"] == "Acme BV"
    assert trade.document(invoice.reference).snapshot["seller"]["tax_rate"] == 19_000


@pytest.mark.parametrize("attempt", ["update", "delete", "replace"])
def test_the_database_refuses_to_change_what_was_issued(app: Flask, attempt: str) -> None:
    trade = make_trade()
    invoice = trade.order()
    statements = {
        "update": update(Document).values(total_minor=1, net_minor=1, tax_minor=0),
        "delete": delete(Document).where(Document.id == invoice.id),
        "replace": text("INSERT OR REPLACE INTO settlements (id, invoice_id, amount_minor, by, at)"
                        " SELECT id, invoice_id, 1, by, at FROM settlements"),
    }  # fmt: skip
    if attempt == "replace":
        if db.engine.dialect.name != "sqlite":
            pytest.skip("PostgreSQL knows no INSERT OR REPLACE")
        trade.pay(invoice)
    with pytest.raises(DBAPIError, match="never change"), transaction() as session:
        session.execute(statements[attempt])


def test_a_rollback_gives_its_number_back(app: Flask) -> None:
    trade = make_trade()
    quote = trade.quote()

    def fail_late() -> None:
        with transaction():
            accept_quote(
                trade.buyer,
                trade.organization.id,
                quote,
                agreement=1,
                po_number="",
                site=SITE,
                now=NOW,
            )
            raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError):
        fail_late()
    assert trade.documents(DocumentKind.INVOICE) == []
    with transaction():
        accept_quote(trade.buyer, trade.organization.id, quote, agreement=1, po_number="",
                     site=SITE, now=NOW)  # fmt: skip
    assert [each.series_number for each in trade.documents(DocumentKind.INVOICE)] == [1]


def test_an_open_invoice_holds_the_last_place(app: Flask) -> None:
    trade = make_trade(capacity=1)
    other = make_organization(roles={}, legal_name="B", address="B", country="DE")
    contact = replace(
        trade.buyer, organizations={other.id: trade.buyer.organizations[trade.organization.id]}
    )
    rival = replace(trade, organization=other, buyer=contact)
    waiting = rival.quote()
    invoice = trade.order()
    with refusal("buy.full"):
        rival.quote()
    with refusal("buy.full"), transaction():
        accept_quote(contact, other.id, waiting, agreement=1, po_number="", site=SITE, now=NOW)
    credit(trade, invoice, 119_000)
    rival.quote(now=NOW + timedelta(hours=1))


def test_the_next_term_is_billed_ahead_once_and_extends_when_paid(app: Flask) -> None:
    trade = make_trade()
    trade.pay(trade.order())
    stake = trade.stake
    end = stake.term_ends_at
    assert end is not None
    assert find_terms_to_bill(now=end - days(32)) == []
    due = end - days(31)
    assert find_terms_to_bill(now=due) == [stake.id]
    for _ in range(2):
        with transaction():
            bill_next_term(stake.id, site=SITE, now=due)
    _first, renewal = trade.documents(DocumentKind.INVOICE)
    assert renewal.due_on is not None
    assert renewal.due_on < end.date()
    assert (renewal.term_starts_at, renewal.po_number) == (end, "PO 77")
    assert (trade.stake.term, trade.stake.commercial) == (Term.ACTIVE, Commercial.INVOICED)
    trade.pay(renewal, now=due + days(5))
    stake = trade.stake
    assert (stake.term_starts_at, stake.commercial) == (end, Commercial.PAID)
    assert stake.term_ends_at == end.replace(year=end.year + 1)


def test_the_invoice_of_a_canceled_term_is_taken_back_and_billed_anew_if_it_goes_on(
    app: Flask,
) -> None:
    trade = make_trade()
    trade.pay(trade.order())
    stake, end = trade.stake, trade.stake.term_ends_at
    assert end is not None
    due = end - days(20)
    with transaction():
        bill_next_term(stake.id, site=SITE, now=due)
    assert find_needless(now=due) == []
    with transaction():
        trade.stake.cancel_at_term_end = True
    (needless,) = find_needless(now=due)
    with transaction():
        take_back_needless(needless, site=SITE, now=due)
    assert find_needless(now=due) == []
    assert (trade.stake.commercial, trade.stake.term) == (Commercial.PAID, Term.ACTIVE)
    assert balance(trade, Account.RECEIVABLE) == 0
    with transaction():
        trade.stake.cancel_at_term_end = False
    with transaction():
        bill_next_term(stake.id, site=SITE, now=due)
    invoices = trade.documents(DocumentKind.INVOICE)
    assert [each.standing.state for each in invoices] == [
        DocumentState.PAID,
        DocumentState.CREDITED,
        DocumentState.UNPAID,
    ]


def test_an_unpaid_term_begins_grace_and_a_late_payment_leaves_no_gap(app: Flask) -> None:
    trade = make_trade()
    trade.pay(trade.order())
    end = trade.stake.term_ends_at
    assert end is not None
    with transaction():
        bill_next_term(trade.stake.id, site=SITE, now=end - days(20))
    assert find_unpaid_terms(now=end - days(1)) == []
    assert find_unpaid_terms(now=end) == [trade.stake.id]
    with transaction():
        begin_grace(trade.stake.id, site=SITE, now=end)
    assert (trade.stake.term, trade.stake.grace_ends_at) == (Term.GRACE, end + days(21))
    trade.pay(trade.documents(DocumentKind.INVOICE)[-1], now=end + days(10))
    assert (trade.stake.term, trade.stake.term_starts_at) == (Term.ACTIVE, end)


def test_reminders_are_rows_and_a_missed_run_loses_none(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    assert invoice.due_on is not None
    assert find_reminders(now=NOW + days(22)) == []
    late = NOW + days(30 + 8)
    assert find_reminders(now=late) == [invoice.id]
    with transaction():
        remind(invoice.id, site=SITE, now=late)
    assert find_reminders(now=late) == []
    overdue = select(func.count()).where(OutboxMessage.subject.contains("is overdue"))
    assert db.session.scalar(overdue) == 1
    trade.pay(invoice, now=late)
    assert find_reminders(now=late + days(30)) == []


def test_only_treasurers_record_and_only_buyers_accept(app: Flask) -> None:
    trade = make_trade()
    quote = trade.quote()
    with refusal("not_found"), transaction():
        accept_quote(trade.treasurer, trade.organization.id, quote, agreement=1, po_number="",
                     site=SITE, now=NOW)  # fmt: skip
    invoice = trade.order(now=NOW + timedelta(hours=1))
    with refusal("not_found"):
        trade.pay(invoice, actor=trade.buyer)


def test_a_quote_is_over_after_thirty_days(app: Flask) -> None:
    trade = make_trade()
    quote = trade.quote()
    with refusal("quote.over"), transaction():
        accept_quote(trade.buyer, trade.organization.id, quote, agreement=1, po_number="",
                     site=SITE, now=NOW + days(31))  # fmt: skip


def test_a_newer_quote_takes_the_place_of_the_one_that_waits(app: Flask) -> None:
    trade = make_trade()
    first = trade.quote()
    trade.quote(now=NOW + timedelta(hours=1))
    assert trade.document(first).standing.state is DocumentState.EXPIRED


def test_a_seller_refuses_a_wrong_account_number(app: Flask) -> None:
    trade = make_trade()
    with pytest.raises(Refusal, match="IBAN"), transaction():
        save_seller(trade.treasurer, trade.project.id,
                    replace(SELLER, iban="DE89370400440532013001"), now=NOW)  # fmt: skip
    with pytest.raises(Conflict), transaction():
        write_agreement(trade.treasurer, trade.project.id, "Other.", number=1, now=NOW)
