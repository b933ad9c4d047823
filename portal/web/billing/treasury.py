"""The treasurer's desk: what needs doing, documents, payments, credit notes, exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO

from flask import Blueprint, Response, flash, redirect, render_template, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.documents import DocumentKind
from portal.domain.errors import Conflict, Refusal
from portal.domain.money import Money
from portal.domain.permissions import Permission
from portal.queries.billing.billing import find_invoice_obstacles
from portal.queries.billing.documents import DocumentPage, find_document_page, list_documents
from portal.queries.billing.reconciliation import find_reconciliation
from portal.queries.billing.treasury import (
    Month,
    find_treasury_desk,
    stream_documents,
    stream_payments,
)
from portal.queries.identity.actors import Scope
from portal.queries.projects.project_desk import get_currency
from portal.services.billing.bank_payments import Arrival, record_payment
from portal.services.billing.credit_notes import credit_invoice
from portal.services.sent_forms import take_form
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.billing.billing import send_pdf
from portal.web.billing.billing_forms import CreditForm, PaymentForm
from portal.web.billing.document_sheet import make_sheet
from portal.web.billing.hosted_pages import ask_rest_only
from portal.web.charts import Column, Columns
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.formats import format_money
from portal.web.forms import refused
from portal.web.row_numbers import asked_number, read_number

blueprint = Blueprint("treasury", __name__)

_DESK = "/desk/<project>/treasury"
_DOCUMENT = f"{_DESK}/documents/<document>"
# A cell that begins like this would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get(_DESK)
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def show(project: Scope) -> ResponseReturnValue:
    """What is overdue, to match, failing, expiring and mismatched today; money per month."""
    settings = collaborators().settings
    desk = find_treasury_desk(project.id, get_currency(project.id), now=now())
    return render_template(
        "treasury/desk.html",
        desk=desk,
        months=_chart(desk.months),
        unready=find_invoice_obstacles(project.id),
        findings=len(find_reconciliation(project.id).findings),
        # Only the demonstration has a clock that can be moved.
        clock_url=settings.stripe_api_base if settings.demonstration else None,
        **desk_frame(project),
    )


@blueprint.get(f"{_DESK}/documents")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def documents(project: Scope) -> ResponseReturnValue:
    """All documents, the newest first."""
    listed, older = list_documents(now=now(), project_id=project.id, before=asked_number("before"))
    return render_template(
        "treasury/documents.html", documents=listed, older=older, **desk_frame(project)
    )


@blueprint.get(_DOCUMENT)
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def document(project: Scope, document: str) -> ResponseReturnValue:
    """A document, with what the treasurer can do about it."""
    page = find_document_page(document, project_id=project.id, now=now())
    return _render(project, page, _payment_form(page, fresh=True), _credit_form(page, fresh=True))


@blueprint.get(f"{_DOCUMENT}/file")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def file(project: Scope, document: str) -> ResponseReturnValue:
    """The document as a PDF."""
    return send_pdf(find_document_page(document, project_id=project.id, now=now()))


@blueprint.post(f"{_DOCUMENT}/payments")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def pay(project: Scope, document: str) -> ResponseReturnValue:
    """Record money that arrived for an invoice."""
    page = find_document_page(document, project_id=project.id, now=now())
    form = _payment_form(page)
    if not form.validate():
        return _render(project, page, form, _credit_form(page, fresh=True)), 422
    try:
        arrival = Arrival(
            amount=form.amount.money,
            received_on=form.received_on.data,
            reference=form.reference.data,
            source=form.source.data,
            seen_open=read_number(form.seen_open.data),
        )
        with transaction():
            surplus = record_payment(
                current_actor(), project.id, document, arrival, site=_site(), now=now()
            )
    except (Refusal, Conflict) as error:
        _at_amount(form, error)
        page = find_document_page(document, project_id=project.id, now=now())
        return _render(project, page, form, _credit_form(page, fresh=True)), status_of(error)
    ask_rest_only(document)
    flash(_("The payment is recorded, and a receipt is mailed."), "done")
    if surplus.amount_minor:
        flash(_("%(more)s more than owed is kept as credit.", more=format_money(surplus)), "live")
    return redirect(f"/desk/{project.slug}/treasury/documents/{document}", 303)


@blueprint.post(f"{_DOCUMENT}/credit")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def credit(project: Scope, document: str) -> ResponseReturnValue:
    """Take back an invoice or a part of it."""
    page = find_document_page(document, project_id=project.id, now=now())
    form = _credit_form(page)
    if not form.validate():
        return _render(project, page, _payment_form(page, fresh=True), form), 422
    try:
        with transaction():
            take_form(form.sent, now=now())
            note = credit_invoice(
                current_actor(),
                project.id,
                document,
                amount=form.amount.money,
                reason=form.reason.data,
                site=_site(),
                now=now(),
            )
    except (Refusal, Conflict) as error:
        _at_amount(form, error)
        return _render(project, page, _payment_form(page, fresh=True), form), status_of(error)
    ask_rest_only(document)
    flash(_("The credit note is issued and mailed."), "good")
    return redirect(f"/desk/{project.slug}/treasury/documents/{note}", 303)


@blueprint.get(f"{_DESK}/export/documents.csv")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def export_documents(project: Scope) -> ResponseReturnValue:
    """All documents for bookkeeping; the columns stand in docs/payments.md."""
    return _send_csv(f"{project.slug}-documents.csv", stream_documents(project.id))


@blueprint.get(f"{_DESK}/export/payments.csv")
@requires(Permission.PROJECT_PAYMENTS_RECORD)
def export_payments(project: Scope) -> ResponseReturnValue:
    """All payments for bookkeeping; the columns stand in docs/payments.md."""
    return _send_csv(f"{project.slug}-payments.csv", stream_payments(project.id))


def _send_csv(name: str, rows: Iterator[tuple[str, ...]]) -> Response:
    """Rows as they are read from the database, never all at once."""
    response = Response(stream_with_context(_as_csv(rows)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _chart(months: tuple[Month, ...]) -> Columns:
    return Columns(
        _("Money received, month by month"),
        _("Received"),
        tuple(
            Column(
                format_date(date.fromisoformat(f"{each.month}-01"), "MMM ’yy"),
                each.received.amount_minor,
                format_money(each.received),
            )
            for each in months
        ),
    )


def _as_csv(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    # Spreadsheets take the text for UTF-8 only if it says so.
    yield "\ufeff"
    for row in rows:
        line = StringIO()
        csv.writer(line).writerow([_harmless(cell) for cell in row])
        yield line.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _payment_form(page: DocumentPage, *, fresh: bool = False) -> PaymentForm:
    form = PaymentForm(formdata=None) if fresh else PaymentForm()
    form.amount.currency = page.line.total.currency
    if fresh:
        form.show(page.line.open.amount_minor, now().date())
        form.amount.show(page.line.open)
    return form


def _credit_form(page: DocumentPage, *, fresh: bool = False) -> CreditForm:
    form = CreditForm(formdata=None, prefix="credit") if fresh else CreditForm(prefix="credit")
    form.amount.currency = page.line.total.currency
    if fresh:
        taken = [each for each in page.after if each.kind is DocumentKind.CREDIT_NOTE]
        back = sum(each.total.amount_minor for each in taken)
        left = page.line.total.amount_minor - back
        form.amount.show(Money(left, page.line.total.currency))
    return form


def _at_amount(form: PaymentForm | CreditForm, error: Refusal | Conflict) -> None:
    """An amount that cannot be read is refused at the field where it was typed."""
    if error.field == "price":
        error.field = "amount"
    refused(form, error)


def _render(project: Scope, page: DocumentPage, payment: PaymentForm, credit: CreditForm) -> str:
    payment.seen_open.data = str(page.line.open.amount_minor)
    return render_template(
        "treasury/document.html",
        page=page,
        sheet=make_sheet(page.issued),
        payment=payment,
        credit=credit,
        **desk_frame(project),
    )


def _site() -> str:
    return collaborators().settings.base_url
