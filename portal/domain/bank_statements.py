"""Bank statements in CSV: found layout, dates and amounts as German, Dutch and US banks write them.

What cannot be read is refused or told; nothing is guessed row by row, the layout holds for all.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from portal.domain.documents import MOST_MINOR
from portal.domain.errors import Refusal
from portal.domain.money import Money, minor_units

DAY_ORDERS = ("dmy", "mdy", "ymd")
DECIMALS = (",", ".")
_DELIMITERS = (";", ",", "\t", "|")
_HEADER_WITHIN = 30
_SAMPLE = 500
_LONGEST_CELL = 100_000

# Names of columns, lower case, without punctuation and without a currency at their end.
_NAMES: Mapping[str, frozenset[str]] = {
    "date": frozenset(
        {
            "buchungstag", "buchungsdatum", "buchung", "booking date", "bookingdate",
            "booking date time", "posting date", "post date", "posted date", "transaction date",
            "transactiedatum", "boekdatum", "boekingsdatum", "datum", "date", "completed date",
            "wertstellung", "valutadatum", "value date", "rentedatum",
        }
    ),
    "amount": frozenset(
        {"betrag", "umsatz", "amount", "transaction amount", "bedrag", "transactiebedrag"}
    ),
    "credit": frozenset(
        {"haben", "gutschrift", "credit", "credit amount", "deposit", "deposits", "paid in",
         "money in"}
    ),
    "debit": frozenset(
        {"soll", "lastschrift", "debit", "debit amount", "withdrawal", "withdrawals", "paid out",
         "money out"}
    ),
    "sign": frozenset(
        {"af bij", "debit credit", "credit debit", "soll haben", "s h", "d c", "dc", "cr dr",
         "debet credit", "soll haben kennzeichen", "credit debit indicator"}
    ),
    "payer": frozenset(
        {
            "auftraggeber begünstigter", "beguenstigter zahlungspflichtiger",
            "begünstigter zahlungspflichtiger", "auftraggeber empfänger", "zahlungspflichtige r",
            "zahlungspflichtiger", "auftraggeber", "name zahlungsbeteiligter", "payer", "payee",
            "name", "payer name", "counterparty", "counterparty name", "naam omschrijving",
            "naam tegenpartij", "tegenpartij", "sender", "partner name", "from",
        }
    ),
    "purpose": frozenset(
        {
            "verwendungszweck", "mededelingen", "omschrijving", "omschrijving 1",
            "omschrijving 2", "omschrijving 3", "description", "memo", "details", "reference",
            "payment reference", "betalingskenmerk", "narrative", "remittance information",
            "transaction description", "kundenreferenz end to end", "note",
        }
    ),
    "currency": frozenset(
        {"währung", "waehrung", "currency", "currency code", "munt", "muntsoort"}
    ),
}  # fmt: skip
_CURRENCY_AT_END = re.compile(r" (eur|usd|gbp|chf|jpy|kwd|in eur|in usd)$")
_INCOMING = frozenset({"bij", "credit", "c", "cr", "h", "haben", "crdt"})
_OUTGOING = frozenset({"af", "debit", "debet", "d", "dr", "db", "s", "soll", "dbit"})
_DATE_PARTS = re.compile(r"([0-9]{1,4})[./-]([0-9]{1,2})[./-]([0-9]{1,4})(?:[ T].*)?")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a statement is read: where its header is, which column holds what, how figures look.

    ``columns`` leads from a meaning (date, amount, credit, debit, sign, payer, currency) to a
    column; ``purpose`` lists all that say what a payment is for. ``start`` is where in the text
    the rows begin, ``names`` what stands above them. ``repeats`` leads from the number of a row,
    from 1, that is alike in every column to one before to which of those it is, from 2.
    """

    delimiter: str
    start: int
    columns: Mapping[str, int]
    purpose: tuple[int, ...]
    day_order: str
    decimal: str
    names: tuple[str, ...] = ()
    repeats: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether it is known which columns hold the date and the amount."""
        return "date" in self.columns and ("amount" in self.columns or "credit" in self.columns)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An incoming payment; ``fingerprint`` is the same wherever the same row comes again."""

    booked_on: date
    money: Money
    payer: str
    purpose: str
    fingerprint: str


@dataclass(slots=True)
class Rows:
    """Rows of a text from a place on; ``position`` is where the next one begins."""

    text: str
    delimiter: str
    position: int
    _lines: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        """Begin at the place given."""
        self._lines = self._each_line()

    def __iter__(self) -> Iterator[list[str]]:
        """Rows that hold anything, cell by cell."""
        csv.field_size_limit(_LONGEST_CELL)
        try:
            for row in csv.reader(self._lines, delimiter=self.delimiter):
                if any(cell.strip() for cell in row):
                    yield [" ".join(cell.split()) for cell in row]
        except csv.Error as error:
            raise Refusal(
                "statement.csv", f"This is not a CSV file: {error}.", field="statement"
            ) from error

    def _each_line(self) -> Iterator[str]:
        while self.position < len(self.text):
            end = self.text.find("\n", self.position)
            end = len(self.text) if end < 0 else end + 1
            line = self.text[self.position : end]
            self.position = end
            yield line


def decode(data: bytes) -> str:
    """A statement's text: UTF-8 or UTF-16 by its mark, else UTF-8, else Windows-1252."""
    for encoding in ("utf-16",) if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig",):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if "\0" in text or not text.strip():
        raise Refusal("statement.text", "This is not a text file with rows.", field="statement")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def find_layout(text: str) -> Layout:
    """The layout of a statement; without known column names, one whose columns are to be chosen.

    Its header is then the first row as wide as most. Refuses a text without columns.
    """
    for delimiter in _DELIMITERS:
        rows = Rows(text, delimiter, 0)
        for row in islice(rows, _HEADER_WITHIN):
            columns, purpose = _read_header(row)
            if "date" in columns and ("amount" in columns or "credit" in columns):
                sample = list(islice(Rows(text, delimiter, rows.position), _SAMPLE))
                return _complete(delimiter, rows.position, columns, purpose, sample, row)
    return _without_names(text)


def choose_columns(
    text: str, layout: Layout, columns: Mapping[str, int | None], purpose: Sequence[int]
) -> Layout:
    """The layout with columns as a person chose them; dates and decimals are found anew.

    Refuses a choice without a date, or without an amount or a credit.
    """
    chosen = {name: column for name, column in columns.items() if column is not None}
    wide = len(layout.names)
    if any(not 0 <= column < wide for column in (*chosen.values(), *purpose)):
        raise Refusal("statement.column", "Choose columns of this statement.", field="date")
    if "date" not in chosen:
        raise Refusal("statement.date_column", "Choose the column of the date.", field="date")
    if "amount" not in chosen and "credit" not in chosen:
        raise Refusal(
            "statement.amount_column",
            "Choose the column of the amount, or of what came in.",
            field="amount",
        )
    kept = {name: layout.columns[name] for name in ("sign", "currency") if name in layout.columns}
    sample = list(islice(Rows(text, layout.delimiter, layout.start), _SAMPLE))
    found = _complete(
        layout.delimiter, layout.start, kept | chosen, tuple(purpose), sample, layout.names
    )
    return replace(found, repeats=layout.repeats)


def count_rows(text: str, layout: Layout) -> tuple[int, dict[str, int]]:
    """How many rows follow the header, and the layout's ``repeats``."""
    seen: Counter[bytes] = Counter()
    repeats, number = {}, 0
    for number, row in enumerate(Rows(text, layout.delimiter, layout.start), start=1):
        mark = hashlib.sha256("\x1f".join(row).encode()).digest()
        seen[mark] += 1
        if seen[mark] > 1:
            repeats[str(number)] = seen[mark]
    return number, repeats


def read_line(
    row: Sequence[str], layout: Layout, currency: str, *, number: int = 0
) -> StatementLine | None:
    """An incoming payment, or None for money that went out; refuses a row that cannot be read.

    ``number`` is the row's, by which rows that are alike in every column are told apart: the first
    has the fingerprint of its cells alone, so that statements may overlap.
    """

    def cell(name: str) -> str:
        column = layout.columns.get(name)
        return row[column] if column is not None and column < len(row) else ""

    currency = cell("currency").upper() or currency
    booked_on = read_date(cell("date"), layout.day_order)
    minor = _incoming(cell("amount"), cell("credit"), cell("debit"), layout, currency)
    sign = cell("sign").casefold()
    if sign in _OUTGOING:
        minor = -abs(minor)
    elif sign in _INCOMING:
        minor = abs(minor)
    if minor <= 0:
        return None
    if minor > MOST_MINOR:
        raise Refusal("statement.amount", f"{cell('amount')} is more than can be written down.")
    alike = layout.repeats.get(str(number))
    marks = (*row, f"#{alike}") if alike else row
    said = " ".join(row[column] for column in layout.purpose if column < len(row) and row[column])
    return StatementLine(
        booked_on,
        Money(minor, currency),
        _plain(cell("payer"))[:200],
        _plain(said)[:600],
        hashlib.sha256("\x1f".join(marks).encode()).hexdigest(),
    )


def read_date(text: str, day_order: str) -> date:
    """A date in the given order; years of two figures are of this century."""
    compact = _COMPACT_DATE.fullmatch(text.strip())
    found = compact or _DATE_PARTS.fullmatch(text.strip())
    parts = [int(part) for part in found.groups()] if found else [0, 0, 0]
    year_first = compact or parts[0] > 99  # noqa: PLR2004 - a year in full
    values = dict(zip("ymd" if year_first else day_order, parts, strict=True))
    year = values["y"] + 2000 if values["y"] < 100 else values["y"]  # noqa: PLR2004 - short
    try:
        return date(year, values["m"], values["d"])
    except ValueError as error:
        raise Refusal("statement.date", f"“{text[:40]}” is not a date.") from error


def read_amount(text: str, decimal: str, currency: str) -> int:
    """An amount in minor units, negative if it went out; exact, never rounded."""
    plain = re.sub(r"[\s'’]|[A-Za-z]|[€$£¥₹]", "", text)
    negative = plain.startswith(("-", "(", "−")) or plain.endswith("-")
    plain = plain.strip("+-−()")
    thousands = "." if decimal == "," else ","
    groups = rf"(?:\d{{1,3}}(?:\{thousands}\d{{3}})+|\d+)"
    found = re.fullmatch(rf"({groups})(?:\{decimal}(\d*))?", plain)
    places = minor_units(currency)
    decimals = (found[2] or "").rstrip("0") if found else ""
    if found is None or len(decimals) > places:
        raise Refusal("statement.amount", f"“{text[:40]}” is not an amount in {currency}.")
    minor = int(found[1].replace(thousands, "") + decimals.ljust(places, "0"))
    return -minor if negative else minor


def _incoming(amount: str, credit: str, debit: str, layout: Layout, currency: str) -> int:
    if "amount" in layout.columns:
        return read_amount(amount, layout.decimal, currency)
    came = read_amount(credit, layout.decimal, currency) if credit else 0
    went = read_amount(debit, layout.decimal, currency) if debit else 0
    return abs(came) - abs(went)


def _read_header(row: Sequence[str]) -> tuple[dict[str, int], tuple[int, ...]]:
    """Which column means what; the first of several counts, but every purpose does."""
    columns: dict[str, int] = {}
    purpose = []
    for number, cell in enumerate(row):
        name = " ".join(re.sub(r"[^\w€$]|_", " ", cell.casefold()).split())
        name = _CURRENCY_AT_END.sub("", name.replace("€", "eur").replace("$", "usd"))
        for meaning, names in _NAMES.items():
            if name in names and meaning == "purpose":
                purpose.append(number)
            elif name in names:
                columns.setdefault(meaning, number)
    return columns, tuple(purpose)


def _complete(
    delimiter: str,
    start: int,
    columns: Mapping[str, int],
    purpose: tuple[int, ...],
    sample: Sequence[Sequence[str]],
    names: Sequence[str],
) -> Layout:
    amounts = [
        row[columns[name]]
        for row in sample
        for name in ("amount", "credit", "debit")
        if name in columns and columns[name] < len(row)
    ]
    decimal = _find_decimal(amounts, "," if delimiter == ";" else ".")
    day = columns.get("date")
    dates = [row[day] for row in sample if day is not None and day < len(row)]
    order = _find_day_order(dates, "mdy" if decimal == "." else "dmy")
    return Layout(delimiter, start, columns, purpose, order, decimal, tuple(names))


def _without_names(text: str) -> Layout:
    """A layout that says nothing of its columns but where they are; a person chooses them.

    The first row as wide as most is the header, unless it holds figures: then there is none.
    """
    wide, _alike, delimiter = max(_measure(text, delimiter) for delimiter in _DELIMITERS)
    if wide < 2:  # noqa: PLR2004 - a date and an amount
        raise Refusal(
            "statement.header",
            "This file has no columns. Export the statement as CSV with column names, such as"
            " Date and Amount.",
            field="statement",
        )
    rows = Rows(text, delimiter, 0)
    start, names = 0, [""] * wide
    for row in rows:
        if len(row) == wide:
            if not any(re.fullmatch(r"[-+]?[0-9][0-9.,' ]*", cell) for cell in row):
                start, names = rows.position, row
            break
    columns, purpose = _read_header(names)
    sample = list(islice(Rows(text, delimiter, start), _SAMPLE))
    return _complete(delimiter, start, columns, purpose, sample, names)


def _measure(text: str, delimiter: str) -> tuple[int, int, str]:
    """How many columns most rows have with a delimiter, and how many rows have as many."""
    widths = Counter(len(row) for row in islice(Rows(text, delimiter, 0), _HEADER_WITHIN))
    wide, alike = widths.most_common(1)[0] if widths else (1, 0)
    return wide, alike, delimiter


def _find_decimal(amounts: Iterable[str], otherwise: str) -> str:
    """The mark before the decimals, by what most amounts show beyond doubt."""
    votes: Counter[str] = Counter()
    for amount in amounts:
        marks = [letter for letter in amount if letter in DECIMALS]
        if len(set(marks)) == 2:  # noqa: PLR2004 - both marks: the last one is it
            votes[marks[-1]] += 1
        elif len(marks) == 1 and re.search(r"[.,][0-9]{1,2}\D*$", amount):
            votes[marks[0]] += 1
        elif len(marks) > 1:
            votes["." if marks[0] == "," else ","] += 1
    return votes.most_common(1)[0][0] if votes else otherwise


def _find_day_order(dates: Iterable[str], otherwise: str) -> str:
    """The order of day, month and year that the dates leave possible."""
    order = otherwise
    for text in dates:
        found = _DATE_PARTS.fullmatch(text.strip())
        if found is None:
            continue
        if len(found[1]) == 4:  # noqa: PLR2004 - a year
            return "ymd"
        if int(found[1]) > 12:  # noqa: PLR2004 - no month
            return "dmy"
        if int(found[2]) > 12:  # noqa: PLR2004 - no month
            return "mdy"
        if "/" not in text:
            order = "dmy"
    return order


def _plain(text: str) -> str:
    """Text without characters that cannot be seen."""
    return "".join(letter for letter in text if letter.isprintable())
