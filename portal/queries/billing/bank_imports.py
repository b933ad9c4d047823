"""Imported bank statements, and what their lines are probably for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from portal.database import db
from portal.domain.bank_statements import Layout, Rows, StatementLine, read_line
from portal.domain.documents import OPEN_STATES
from portal.domain.errors import NotFound, Refusal
from portal.domain.matching import OpenInvoice, Suggestion, suggest
from portal.domain.money import Money
from portal.models.bank_imports import BankImport, BankLine, ImportState, LineState
from portal.models.documents import Document, DocumentStanding
from portal.models.projects import Project
from portal.queries.billing.treasury import ToMatch

_PREVIEWED = 10
_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A statement in the list."""

    id: int
    file_name: str
    state: ImportState
    rows_total: int
    rows_read: int
    lines_new: int
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Previewed:
    """A row as it would be read: an incoming payment, money that went out, or a problem."""

    cells: tuple[str, ...]
    line: StatementLine | None
    problem: str


@dataclass(frozen=True, slots=True)
class ImportPage:
    """A statement: its layout and first rows before it is read, its progress and sums after."""

    line: ImportLine
    lines_known: int
    lines_outgoing: int
    problems: tuple[str, ...]
    layout: Layout
    preview: tuple[Previewed, ...]
    first_rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class LineToMatch:
    """An incoming payment with the invoices that it may be for."""

    line: ToMatch
    suggestions: tuple[Suggestion, ...]


def list_imports(project_id: int) -> tuple[ImportLine, ...]:
    """The last statements, the newest first."""
    rows = db.session.scalars(
        select(BankImport)
        .where(BankImport.project_id == project_id)
        .order_by(BankImport.id.desc())
        .limit(20)
    )
    return tuple(_line(row) for row in rows)


def find_import_page(
    project_id: int, import_id: int, *, day_order: str | None = None, decimal: str | None = None
) -> ImportPage:
    """A statement; while it waits for its layout, its first rows as that layout reads them."""
    row = db.session.scalar(
        select(BankImport)
        .options(undefer(BankImport.text))
        .where(BankImport.id == import_id, BankImport.project_id == project_id)
    )
    if row is None:
        raise NotFound("statement")
    kept = dict(row.layout)
    kept["purpose"], kept["names"] = tuple(kept["purpose"]), tuple(kept.get("names", ()))
    kept["day_order"] = day_order or kept["day_order"]
    kept["decimal"] = decimal or kept["decimal"]
    layout = Layout(**kept)
    waits = row.state is ImportState.PREVIEW
    currency = db.session.get_one(Project, project_id).currency
    return ImportPage(
        line=_line(row),
        lines_known=row.lines_known,
        lines_outgoing=row.lines_outgoing,
        problems=tuple(row.problems),
        layout=layout,
        preview=tuple(_preview(row.text, layout, currency)) if waits and layout.is_complete else (),
        first_rows=tuple(
            tuple(each) for each in islice(Rows(row.text, layout.delimiter, layout.start), 3)
        )
        if waits
        else (),
    )


def list_lines_to_match(project_id: int, *, line_id: int | None = None) -> tuple[LineToMatch, ...]:
    """Incoming payments that wait, at most fifty, with what they may be for; or just one."""
    query = (
        select(BankLine)
        .where(BankLine.project_id == project_id, BankLine.state == LineState.TO_MATCH)
        .order_by(BankLine.booked_on.desc(), BankLine.id.desc())
        .limit(_MOST_LINES)
    )
    if line_id is not None:
        query = query.where(BankLine.id == line_id)
    invoices = list_open(project_id)
    return tuple(_to_match(row, invoices) for row in db.session.scalars(query))


def list_set_aside(project_id: int) -> tuple[ToMatch, ...]:
    """Payments that were set aside, at most fifty, the newest first."""
    rows = db.session.scalars(
        select(BankLine)
        .where(BankLine.project_id == project_id, BankLine.state == LineState.SET_ASIDE)
        .order_by(BankLine.id.desc())
        .limit(_MOST_LINES)
    )
    return tuple(
        ToMatch(row.id, row.booked_on, Money(row.amount_minor, row.currency), row.payer,
                row.purpose)
        for row in rows
    )  # fmt: skip


def list_certain(project_id: int) -> list[tuple[int, str, int]]:
    """Lines that quote an invoice and pay exactly what is open: line, invoice, what is open."""
    invoices = list_open(project_id)
    rows = db.session.scalars(
        select(BankLine)
        .where(BankLine.project_id == project_id, BankLine.state == LineState.TO_MATCH)
        .order_by(BankLine.booked_on, BankLine.id)
        .limit(1000)
    )
    found, taken = [], set()
    for row in rows:
        best = _to_match(row, invoices).suggestions[:1]
        if best and best[0].certain and best[0].invoice.reference not in taken:
            taken.add(best[0].invoice.reference)
            found.append((row.id, best[0].invoice.reference, row.amount_minor))
    return found


def list_open(project_id: int) -> tuple[OpenInvoice, ...]:
    """A project's open invoices, as matching takes them."""
    rows = db.session.scalars(
        select(Document)
        .join(DocumentStanding, DocumentStanding.document_id == Document.id)
        .options(joinedload(Document.standing), joinedload(Document.organization))
        .where(Document.project_id == project_id, DocumentStanding.state.in_(OPEN_STATES))
        .order_by(DocumentStanding.due_on, Document.id)
    )
    return tuple(
        OpenInvoice(
            row.reference,
            row.number,
            row.payment_reference,
            Money(row.standing.open_minor, row.currency),
            (row.organization.name, row.snapshot["buyer"]["legal_name"]),
        )
        for row in rows
    )


def _line(row: BankImport) -> ImportLine:
    return ImportLine(
        row.id,
        row.file_name,
        row.state,
        row.rows_total,
        row.rows_read,
        row.lines_new,
        row.uploaded_by,
        row.uploaded_at,
    )


def _preview(text: str, layout: Layout, currency: str) -> Iterator[Previewed]:
    rows = Rows(text, layout.delimiter, layout.start)
    for row in islice(rows, _PREVIEWED):
        try:
            yield Previewed(tuple(row), read_line(row, layout, currency), "")
        except Refusal as refusal:
            yield Previewed(tuple(row), None, refusal.message)


def _to_match(row: BankLine, invoices: Sequence[OpenInvoice]) -> LineToMatch:
    money = Money(row.amount_minor, row.currency)
    line = ToMatch(row.id, row.booked_on, money, row.payer, row.purpose)
    return LineToMatch(line, tuple(suggest(money, row.payer, row.purpose, invoices)))
