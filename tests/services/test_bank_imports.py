"""Statements come in once, in portions, and each line pays one invoice at most."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, transaction
from portal.domain.documents import DocumentState
from portal.domain.errors import Conflict, Refusal
from portal.domain.sponsorship import Term
from portal.models.bank_imports import BankImport, BankLine, ImportState, LineState
from portal.queries.billing.bank_imports import list_certain
from portal.services.billing import bank_imports
from portal.services.billing.bank_imports import (
    begin_import,
    bring_line_back,
    choose_import_columns,
    find_imports_to_read,
    match_line,
    read_portion,
    set_line_aside,
    upload_statement,
)
from tests.builders import NOW
from tests.document_builders import SITE, Trade, make_trade

HEAD = "Date,Amount,Name,Description"


def statement(rows: Iterable[str]) -> bytes:
    return "\n".join([HEAD, *rows, ""]).encode()


def take_in(trade: Trade, data: bytes) -> BankImport:
    with transaction():
        import_id = upload_statement(trade.treasurer, trade.project.id, data, "bank.csv", now=NOW)
    with transaction():
        begin_import(trade.treasurer, trade.project.id, import_id, day_order="ymd", decimal=".",
                     now=NOW)  # fmt: skip
    while import_id in find_imports_to_read():
        with transaction():
            read_portion(import_id)
    return db.session.get_one(BankImport, import_id)


def lines(trade: Trade) -> list[BankLine]:
    return list(db.session.scalars(select(BankLine).filter_by(project_id=trade.project.id)))


def test_a_large_file_is_read_in_portions_and_shows_how_far_it_is(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_imports, "PORTION", 4)
    trade = make_trade()
    rows = [f"2026-11-{day:02d},{day}.00,Payer {day},x" for day in range(1, 11)]
    rows += ["2026-11-11,-5.00,Shop,went out", "never,1.00,,broken"]
    with transaction():
        import_id = upload_statement(
            trade.treasurer, trade.project.id, statement(rows), "b.csv", now=NOW
        )
        begin_import(trade.treasurer, trade.project.id, import_id, day_order="ymd", decimal=".",
                     now=NOW)  # fmt: skip
    seen = []
    more = True
    while more:
        with transaction():
            more = read_portion(import_id)
        seen.append(db.session.get_one(BankImport, import_id).rows_read)
    assert seen == [4, 8, 12]
    done = db.session.get_one(BankImport, import_id)
    assert (done.state, done.lines_new, done.lines_outgoing) == (ImportState.DONE, 10, 1)
    assert done.problems == ["Row 12: “never” is not a date."]


def test_the_same_file_and_the_same_line_come_in_once(app: Flask) -> None:
    trade = make_trade()
    first = take_in(trade, statement(["2026-11-01,1.00,A,x", "2026-11-02,2.00,B,y"]))
    with transaction():
        again = upload_statement(
            trade.treasurer, trade.project.id,
            statement(["2026-11-01,1.00,A,x", "2026-11-02,2.00,B,y"]), "copy.csv", now=NOW,
        )  # fmt: skip
    assert again == first.id
    more = take_in(
        trade,
        statement(["2026-11-02,2.00,B,y", "2026-11-03,3.00,C,z", "2026-11-03,3.00,C,z"]),
    )
    assert (more.lines_new, more.lines_known) == (2, 1), "two alike in one file are two"
    assert len(lines(trade)) == 4
    longer = take_in(trade, statement(["2026-11-03,3.00,C,z"] * 3))
    assert (longer.lines_new, longer.lines_known) == (1, 2), "the third is new, and only that"


def test_a_statement_is_begun_once(app: Flask) -> None:
    trade = make_trade()
    done = take_in(trade, statement(["2026-11-01,1.00,A,x"]))
    with pytest.raises(Conflict), transaction():
        begin_import(trade.treasurer, trade.project.id, done.id, day_order="ymd", decimal=".",
                     now=NOW)  # fmt: skip


def test_a_line_that_quotes_the_invoice_is_certain_and_pays_it_once(app: Flask) -> None:
    trade = make_trade()
    invoice = trade.order()
    take_in(
        trade,
        statement([f"2026-11-21,1190.00,ACME BV,{invoice.payment_reference}",
                   "2026-11-21,7.00,Somebody,no invoice"]),
    )  # fmt: skip
    ((line_id, reference, seen_open),) = list_certain(trade.project.id)
    assert reference == invoice.reference
    with transaction():
        match_line(trade.treasurer, trade.project.id, line_id, reference, seen_open=seen_open,
                   site=SITE, now=NOW)  # fmt: skip
    assert trade.document(reference).standing.state is DocumentState.PAID
    assert trade.stake.term is Term.ACTIVE
    with pytest.raises(Conflict), transaction():
        match_line(trade.treasurer, trade.project.id, line_id, reference, seen_open=0,
                   site=SITE, now=NOW)  # fmt: skip
    # What no invoice fits stays in the list until it is set aside.
    (left,) = [line for line in lines(trade) if line.state is LineState.TO_MATCH]
    with transaction():
        set_line_aside(trade.treasurer, trade.project.id, left.id, now=NOW)
    assert {line.state for line in lines(trade)} == {LineState.MATCHED, LineState.SET_ASIDE}
    with transaction():
        bring_line_back(trade.treasurer, trade.project.id, left.id, now=NOW)
    assert {line.state for line in lines(trade)} == {LineState.MATCHED, LineState.TO_MATCH}
    with pytest.raises(Conflict), transaction():
        bring_line_back(trade.treasurer, trade.project.id, left.id, now=NOW)


@pytest.mark.parametrize("header", ["Tag;Wert;Wer;Wofür", None])
def test_columns_without_known_names_are_chosen(app: Flask, header: str | None) -> None:
    trade = make_trade()
    rows = ["13.11.2026;1.234,50;ACME BV;RF1", "14.11.2026;-3,00;Shop;out"]
    data = "\n".join([*([header] if header else []), *rows, ""]).encode()
    with transaction():
        import_id = upload_statement(trade.treasurer, trade.project.id, data, "b.csv", now=NOW)
    begin = {"day_order": "dmy", "decimal": ",", "now": NOW}
    with pytest.raises(Conflict), transaction():
        begin_import(trade.treasurer, trade.project.id, import_id, **begin)
    with pytest.raises(Refusal), transaction():
        choose_import_columns(trade.treasurer, trade.project.id, import_id, {"date": 0}, ())
    with transaction():
        choose_import_columns(
            trade.treasurer, trade.project.id, import_id, {"date": 0, "amount": 1, "payer": 2}, (3,)
        )
        begin_import(trade.treasurer, trade.project.id, import_id, **begin)
        read_portion(import_id)
    (line,) = lines(trade)
    assert (line.amount_minor, line.payer, line.purpose) == (123450, "ACME BV", "RF1")
