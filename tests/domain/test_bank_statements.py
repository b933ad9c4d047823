"""Statements of several banks are read exactly; what cannot be read is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.bank_statements import (
    Rows,
    StatementLine,
    choose_columns,
    count_rows,
    decode,
    find_layout,
    read_amount,
    read_date,
    read_line,
)
from portal.domain.errors import Refusal
from portal.domain.matching import OpenInvoice, suggest
from portal.domain.money import Money, minor_units

GERMAN = """Konto;DE89370400440532013000

Buchungstag;Wertstellung;Beguenstigter/Zahlungspflichtiger;Verwendungszweck;Betrag;Waehrung
20.11.26;20.11.26;Copperline Rail GmbH;"RF87 KELP 0000 1; Dank";1.190,00;EUR
21.11.26;21.11.26;Strom AG;Abschlag;-49,90;EUR
"""
DUTCH = """"Datum","Naam / Omschrijving","Rekening","Af Bij","Bedrag (EUR)","Mededelingen"
"20261120","Verdant Grid BV","NL91ABNA0417164300","Bij","2400,00","KELP-00002"
"20261121","Huur","NL91ABNA0417164300","Af","800,00","November"
"""
AMERICAN = """Posting Date,Description,Debit,Credit
11/20/2026,"ASHGROVE MEDIA INV KELP-00003",,"1,234.56"
11/21/2026,FEE,12.00,
"""


def read(text: str, currency: str = "EUR") -> list[StatementLine | None]:
    layout = find_layout(text)
    return [read_line(row, layout, currency) for row in Rows(text, layout.delimiter, layout.start)]


@pytest.mark.parametrize(
    ("text", "minor", "payer"),
    [
        (GERMAN, 119_000, "Copperline Rail GmbH"),
        (DUTCH, 240_000, "Verdant Grid BV"),
        (AMERICAN, 123_456, ""),
    ],
    ids=["german", "dutch", "american"],
)
def test_exports_of_three_countries(text: str, minor: int, payer: str) -> None:
    came, went = read(text)
    assert went is None
    assert came is not None
    assert (came.booked_on, came.money) == (date(2026, 11, 20), Money(minor, "EUR"))
    assert came.payer == payer
    assert "KELP" in came.purpose
    assert count_rows(text, find_layout(text)) == (2, {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert "Währung" in decode("Währung\r\n".encode(encoding))


@pytest.mark.parametrize("data", [b"", b" \n", b"a\0b"])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(Refusal):
        decode(data)


def test_a_file_without_known_columns_waits_for_somebody_to_choose_them() -> None:
    layout = find_layout("a,b\n1,2\n")
    assert (layout.names, layout.columns) == (("a", "b"), {})
    with pytest.raises(Refusal, match="date"):
        choose_columns("a,b\n1,2\n", layout, {"amount": 1}, [])


@pytest.mark.parametrize(
    ("text", "decimal", "currency", "minor"),
    [
        ("1.234,56", ",", "EUR", 123_456),
        ("1,234.56", ".", "USD", 123_456),
        ("-12,5", ",", "EUR", -1250),
        ("12.00-", ".", "EUR", -1200),
        ("(12.00)", ".", "USD", -1200),
        ("1'200.00", ".", "CHF", 120_000),
        ("€ 7", ".", "EUR", 700),
        ("1,500", ".", "JPY", 1500),
        ("1500.00", ".", "JPY", 1500),
        ("1.234,567", ",", "KWD", 1_234_567),
    ],
)
def test_amounts(text: str, decimal: str, currency: str, minor: int) -> None:
    assert read_amount(text, decimal, currency) == minor


@pytest.mark.parametrize("text", ["", "1,23,4", "12.345", "1..2", "abc", "1,234,56.0.0"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(Refusal, match="not an amount"):
        read_amount(text, ".", "EUR")


@settings(max_examples=60)
@given(st.integers(0, 10**11), st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from([",", "."]))
def test_an_amount_as_it_is_written_reads_as_it_was(minor: int, currency: str, mark: str) -> None:
    places = minor_units(currency)
    written = f"{Money(minor, currency).decimal:,.{places}f}"
    if mark == ",":
        written = written.translate(str.maketrans(",.", ".,"))
    assert read_amount(written, mark, currency) == minor


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03.04.2026", "dmy", date(2026, 4, 3)),
        ("03/04/2026", "mdy", date(2026, 3, 4)),
        ("2026-04-03", "dmy", date(2026, 4, 3)),
        ("20260403", "mdy", date(2026, 4, 3)),
        ("3-4-26", "dmy", date(2026, 4, 3)),
        ("2026-04-03 08:15:00", "mdy", date(2026, 4, 3)),
    ],
)
def test_dates(text: str, order: str, day: date) -> None:
    assert read_date(text, order) == day


@pytest.mark.parametrize("text", ["", "31.02.2026", "yesterday", "13/13/2026"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Refusal, match="not a date"):
        read_date(text, "dmy")


def test_the_order_of_days_is_what_the_dates_leave_possible() -> None:
    assert find_layout("Date,Amount\n01/02/2026,1.00\n13/02/2026,1.00\n").day_order == "dmy"
    assert find_layout("Date,Amount\n01/02/2026,1.00\n02/13/2026,1.00\n").day_order == "mdy"
    assert find_layout("Datum;Bedrag\n01-02-2026;1,00\n").day_order == "dmy"


def test_the_same_row_has_the_same_fingerprint_in_every_file() -> None:
    first, _ = read(GERMAN)
    again = read(GERMAN.replace("Konto;DE89370400440532013000\n\n", ""))[0]
    assert first is not None
    assert again is not None
    assert first.fingerprint == again.fingerprint


def test_rows_go_on_where_they_stopped_even_inside_quotes() -> None:
    text = 'Date,Amount,Memo\n2026-01-01,1.00,"two\nlines"\n2026-01-02,2.00,b\n'
    layout = find_layout(text)
    rows = Rows(text, layout.delimiter, layout.start)
    assert next(iter(rows))[2] == "two lines"
    rest = Rows(text, layout.delimiter, rows.position)
    assert [row[0] for row in rest] == ["2026-01-02"]


ACME = OpenInvoice("a", "KELP-00001", "RF87KELP00001", Money(119_000, "EUR"), ("Acme", "Acme BV"))
BAY = OpenInvoice("b", "KELP-00012", "RF51KELP00012", Money(119_000, "EUR"), ("Bay Rail",))


def test_a_quoted_reference_with_the_exact_amount_is_certain() -> None:
    (best, other) = suggest(ACME.open, "ACME B.V.", "rf87 kelp 0000 1", [BAY, ACME])
    assert (best.invoice, best.certain, best.by_name) == (ACME, True, True)
    assert (other.invoice, other.certain) == (BAY, False)


@pytest.mark.parametrize("purpose", ["KELP-00001 21.11.2026", "RF87 KELP 00001/2026-11-21"])
def test_a_date_may_follow_a_quoted_reference(purpose: str) -> None:
    assert suggest(ACME.open, "", purpose, [ACME])[0].certain


def test_a_number_inside_a_longer_number_is_not_quoted() -> None:
    for purpose in ("KELP-000012", "KELP-0000 12"):
        assert not suggest(Money(1, "EUR"), "", purpose, [ACME])
    longer = replace(ACME, number="KELP-0000", payment_reference="RF00KELP0000")
    assert not suggest(Money(1, "EUR"), "", "KELP-00001", [longer])


def test_another_currency_never_fits() -> None:
    assert suggest(Money(119_000, "USD"), "Acme", "KELP-00001", [ACME]) == []


def test_legal_forms_make_no_names_alike() -> None:
    assert suggest(Money(1, "EUR"), "Other BV", "", [ACME]) == []


def test_whole_thousands_tell_the_decimal_mark_too() -> None:
    assert find_layout("Datum,Betrag\n01.02.2026,1.234.567\n").decimal == ","


def test_what_is_no_csv_and_what_no_column_takes() -> None:
    with pytest.raises(Refusal, match="not a CSV file"):
        find_layout('Date,Amount\n2026-01-01,"' + "x" * 100_001 + '"\n')
    with pytest.raises(Refusal, match="more than can be written down"):
        read("Date,Amount\n2026-01-01,99999999999.00\n")
