"""Import bank statements in portions, and put their lines to invoices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import insert, select

from portal.database import db
from portal.domain.bank_statements import (
    DAY_ORDERS,
    DECIMALS,
    Layout,
    Rows,
    StatementLine,
    choose_columns,
    count_rows,
    decode,
    find_layout,
    read_line,
)
from portal.domain.documents import BANK
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.money import Money
from portal.domain.permissions import Actor, Permission, require
from portal.models.bank_imports import BankImport, BankLine, ImportState, LineState
from portal.models.documents import Document
from portal.models.projects import Project
from portal.services.audit import record_change
from portal.services.billing.bank_payments import Arrival, record_payment

MOST_BYTES = 20 * 1024 * 1024
PORTION = 1000
_MOST_PROBLEMS = 20


def upload_statement(
    actor: Actor, project_id: int, data: bytes, file_name: str, *, now: datetime
) -> int:
    """Keep a statement and find its layout; returns the import's id. Nothing is read in yet.

    The same file again is the import that it was. Refuses what is too large or no statement.
    """
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    if len(data) > MOST_BYTES:
        raise Refusal("statement.large", "At most 20 MB at a time.", field="statement")
    # The project's row is the gate: the same file twice at once is one import.
    db.session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    digest = hashlib.sha256(data).hexdigest()
    known = select(BankImport.id).where(
        BankImport.project_id == project_id, BankImport.sha256 == digest
    )
    if (found := db.session.scalar(known)) is not None:
        return found
    text = decode(data)
    layout = find_layout(text)
    rows_total, repeats = count_rows(text, layout)
    layout = replace(layout, repeats=repeats)
    statement = BankImport(
        project_id=project_id,
        file_name="".join(letter for letter in file_name if letter.isprintable())[-120:],
        sha256=digest,
        text=text,
        layout=asdict(layout),
        position=layout.start,
        state=ImportState.PREVIEW,
        rows_total=rows_total,
        uploaded_by=actor.name,
        uploaded_at=now,
    )
    db.session.add(statement)
    db.session.flush()
    record_change(
        "bank:statement:upload",
        f"Uploaded the statement {statement.file_name}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )
    return statement.id


def choose_import_columns(
    actor: Actor,
    project_id: int,
    import_id: int,
    columns: Mapping[str, int | None],
    purpose: Sequence[int],
) -> None:
    """Say which columns of a statement hold what; refuses once it is read, and half a choice."""
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    statement = _lock(import_id, project_id)
    if statement.state is not ImportState.PREVIEW:
        raise Conflict("statement.begun", "This statement is read already.")
    layout = choose_columns(statement.text, read_layout(statement), columns, purpose)
    statement.layout = asdict(layout)


def begin_import(
    actor: Actor, project_id: int, import_id: int, *, day_order: str, decimal: str, now: datetime
) -> None:
    """Confirm the layout; the rows are read in portions from now on. Refuses a second time."""
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    statement = _lock(import_id, project_id)
    if statement.state is not ImportState.PREVIEW:
        raise Conflict("statement.begun", "This statement is read already.")
    if day_order not in DAY_ORDERS:
        raise Refusal("statement.order", "Choose how dates are written.", field="day_order")
    if decimal not in DECIMALS:
        raise Refusal("statement.decimal", "Choose the decimal mark.", field="decimal")
    layout = replace(read_layout(statement), day_order=day_order, decimal=decimal)
    if not layout.is_complete:
        raise Conflict("statement.columns", "Choose the columns of date and amount first.")
    statement.layout = asdict(layout)
    statement.state = ImportState.READING
    record_change(
        "bank:statement:import",
        f"Imported the statement {statement.file_name}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def find_imports_to_read() -> list[int]:
    """Ids of statements whose rows are not all read yet."""
    return list(
        db.session.scalars(
            select(BankImport.id)
            .where(BankImport.state == ImportState.READING)
            .order_by(BankImport.id)
        )
    )


def read_portion(import_id: int) -> bool:
    """Read the next rows of a statement; True while there is more. What is known stays single."""
    statement = db.session.get(
        BankImport, import_id, with_for_update={"skip_locked": True}, populate_existing=True
    )
    if statement is None or statement.state is not ImportState.READING:
        return False
    layout = read_layout(statement)
    currency = db.session.get_one(Project, statement.project_id).currency
    rows = Rows(statement.text, layout.delimiter, statement.position)
    lines: dict[str, StatementLine] = {}
    problems, count = list(statement.problems), 0
    for row in islice(rows, PORTION):
        count += 1
        try:
            line = read_line(row, layout, currency, number=statement.rows_read + count)
        except Refusal as refusal:
            problems.append(f"Row {statement.rows_read + count}: {refusal.message}")
            continue
        if line is None:
            statement.lines_outgoing += 1
        else:
            lines[line.fingerprint] = line
    _keep_new(statement, lines)
    statement.problems = problems[:_MOST_PROBLEMS]
    statement.rows_read += count
    statement.position = rows.position
    if statement.rows_read >= statement.rows_total or count < PORTION:
        statement.rows_read = statement.rows_total
        statement.state = ImportState.DONE
        statement.text = ""
    return statement.state is ImportState.READING


def match_line(
    actor: Actor,
    project_id: int,
    line_id: int,
    invoice_reference: str,
    *,
    seen_open: int,
    site: str,
    now: datetime,
) -> Money:
    """Record a line of a statement as the payment of an invoice; returns what became credit.

    Refuses a line that no longer waits, and what ``record_payment`` refuses.
    """
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    line = _lock_line(line_id, project_id)
    arrival = Arrival(
        amount=Money(line.amount_minor, line.currency),
        received_on=line.booked_on,
        reference=f"statement line {line.id}",
        source=BANK,
        seen_open=seen_open,
    )
    surplus = record_payment(actor, project_id, invoice_reference, arrival, site=site, now=now)
    line.state = LineState.MATCHED
    line.invoice = db.session.scalars(
        select(Document).where(Document.reference == invoice_reference)
    ).one()
    return surplus


def set_line_aside(actor: Actor, project_id: int, line_id: int, *, now: datetime) -> None:
    """Take a line from the list: it pays none of our invoices."""
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    line = _lock_line(line_id, project_id)
    line.state = LineState.SET_ASIDE
    record_change(
        "bank:line:set_aside",
        f"Set aside {Money(line.amount_minor, line.currency).decimal} {line.currency}"
        f" of {line.payer or 'an unnamed payer'}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def bring_line_back(actor: Actor, project_id: int, line_id: int, *, now: datetime) -> None:
    """Put a line that was set aside into the list again."""
    require(actor, Permission.PROJECT_PAYMENTS_RECORD, project_id=project_id)
    line = _lock_line(line_id, project_id, LineState.SET_ASIDE)
    line.state = LineState.TO_MATCH
    record_change(
        "bank:line:bring_back",
        f"Brought back {Money(line.amount_minor, line.currency).decimal} {line.currency}"
        f" of {line.payer or 'an unnamed payer'}.",
        actor=actor,
        now=now,
        project_id=project_id,
    )


def read_layout(statement: BankImport) -> Layout:
    """The layout of a statement from its row."""
    kept = dict(statement.layout)
    kept["purpose"], kept["names"] = tuple(kept["purpose"]), tuple(kept.get("names", ()))
    return Layout(**kept)


def _keep_new(statement: BankImport, lines: dict[str, StatementLine]) -> None:
    known = set(
        db.session.scalars(
            select(BankLine.fingerprint).where(
                BankLine.project_id == statement.project_id, BankLine.fingerprint.in_(lines)
            )
        )
    )
    new = [line for line in lines.values() if line.fingerprint not in known]
    statement.lines_known += len(lines) - len(new)
    statement.lines_new += len(new)
    if new:
        db.session.execute(insert(BankLine), [_as_row(statement, line) for line in new])


def _as_row(statement: BankImport, line: StatementLine) -> dict[str, object]:
    return {
        "project_id": statement.project_id,
        "bank_import_id": statement.id,
        "fingerprint": line.fingerprint,
        "booked_on": line.booked_on,
        "amount_minor": line.money.amount_minor,
        "currency": line.money.currency,
        "payer": line.payer,
        "purpose": line.purpose,
        "state": LineState.TO_MATCH,
    }


def _lock(import_id: int, project_id: int) -> BankImport:
    statement = db.session.get(BankImport, import_id, with_for_update=True, populate_existing=True)
    if statement is None or statement.project_id != project_id:
        raise NotFound("statement")
    return statement


def _lock_line(line_id: int, project_id: int, state: LineState = LineState.TO_MATCH) -> BankLine:
    line = db.session.get(BankLine, line_id, with_for_update=True, populate_existing=True)
    if line is None or line.project_id != project_id:
        raise NotFound("payment")
    if line.state is not state:
        raise Conflict("line.matched", "Somebody has moved this payment meanwhile.")
    return line
