"""Importing a bank statement, watching its progress, and putting its lines to invoices."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.fields.choices import SelectChoice

from portal.database import transaction
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.billing.bank_imports import (
    ImportPage,
    LineToMatch,
    find_import_page,
    list_certain,
    list_imports,
    list_lines_to_match,
    list_open,
    list_set_aside,
)
from portal.queries.identity.actors import Scope
from portal.services.billing.bank_imports import (
    MOST_BYTES,
    begin_import,
    bring_line_back,
    choose_import_columns,
    match_line,
    set_line_aside,
    upload_statement,
)
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.billing.billing_forms import ColumnsForm, LayoutForm, MatchForm, UploadForm
from portal.web.billing.hosted_pages import ask_rest_only
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.formats import format_money
from portal.web.forms import refused
from portal.web.row_numbers import read_number

blueprint = Blueprint("bank_imports", __name__)

_IMPORTS = "/desk/<project>/treasury/imports"
_LINES = "/desk/<project>/treasury/lines"
_R = Permission.PROJECT_PAYMENTS_RECORD


@blueprint.get(_IMPORTS)
@requires(_R)
def show(project: Scope) -> ResponseReturnValue:
    """Upload a statement; the last ones."""
    return _render_imports(project, UploadForm())


@blueprint.post(_IMPORTS)
@requires(_R)
def upload(project: Scope) -> ResponseReturnValue:
    """Keep a statement, then look at how it would be read."""
    form = UploadForm()
    if not form.validate():
        return _render_imports(project, form), 422
    try:
        name, data = _read_upload(form)
        with transaction():
            import_id = upload_statement(current_actor(), project.id, data, name, now=now())
    except Refusal as refusal:
        refused(form, refusal)
        return _render_imports(project, form), 422
    return redirect(f"/desk/{project.slug}/treasury/imports/{import_id}", 303)


@blueprint.get(f"{_IMPORTS}/<int:import_id>")
@requires(_R)
def one(project: Scope, import_id: int) -> ResponseReturnValue:
    """A statement: how it is read, how far it is, what came of it."""
    page = find_import_page(
        project.id,
        import_id,
        day_order=_chosen("day_order", ("dmy", "mdy", "ymd")),
        decimal=_chosen("decimal", (",", ".")),
    )
    return _render_import(project, page)


@blueprint.post(f"{_IMPORTS}/<int:import_id>")
@requires(_R)
def begin(project: Scope, import_id: int) -> ResponseReturnValue:
    """Read the statement as shown; the rows follow in portions."""
    form = LayoutForm()
    try:
        if not form.validate():
            return _render_import(project, find_import_page(project.id, import_id), form), 422
        with transaction():
            begin_import(
                current_actor(),
                project.id,
                import_id,
                day_order=form.day_order.data,
                decimal=form.decimal.data,
                now=now(),
            )
    except Conflict as conflict:
        flash(conflict.message, "bad")
    return redirect(f"/desk/{project.slug}/treasury/imports/{import_id}", 303)


@blueprint.post(f"{_IMPORTS}/<int:import_id>/columns")
@requires(_R)
def columns(project: Scope, import_id: int) -> ResponseReturnValue:
    """Say which column holds what; then the first rows are shown so."""
    form = ColumnsForm()
    page = find_import_page(project.id, import_id)
    form.offer(page.layout.names, page.first_rows[0] if page.first_rows else ())
    if not form.validate():
        return _render_import(project, page, columns=form), 422
    try:
        with transaction():
            choose_import_columns(
                current_actor(), project.id, import_id, form.read_columns(), form.read_purpose()
            )
    except Refusal as refusal:
        refused(form, refusal)
        return _render_import(project, page, columns=form), 422
    except Conflict as conflict:
        flash(conflict.message, "bad")
    return redirect(f"/desk/{project.slug}/treasury/imports/{import_id}", 303)


@blueprint.get(_LINES)
@requires(_R)
def lines(project: Scope) -> ResponseReturnValue:
    """Incoming payments that no invoice has yet, with suggestions."""
    return render_template(
        "treasury/lines.html",
        lines=list_lines_to_match(project.id),
        certain=len(list_certain(project.id)),
        aside=list_set_aside(project.id),
        **desk_frame(project),
    )


@blueprint.post(f"{_LINES}/certain")
@requires(_R)
def match_certain(project: Scope) -> ResponseReturnValue:
    """Record every payment that quotes an invoice and pays exactly what is open."""
    done = 0
    for line_id, invoice, open_minor in list_certain(project.id):
        try:
            with transaction():
                _match(project, line_id, invoice, open_minor)
            done += 1
        except (Refusal, Conflict):
            continue  # it stays in the list, and its own page says why
    flash(ngettext("%(num)s payment is recorded.", "%(num)s payments are recorded.", done), "good")
    return redirect(f"/desk/{project.slug}/treasury/lines", 303)


@blueprint.get(f"{_LINES}/<int:line_id>")
@requires(_R)
def line(project: Scope, line_id: int) -> ResponseReturnValue:
    """One incoming payment: choose its invoice, or set it aside."""
    waiting = _waiting(project, line_id)
    form = MatchForm(formdata=None)
    _offer(form, project, waiting)
    return _render_line(project, waiting, form)


@blueprint.post(f"{_LINES}/<int:line_id>")
@requires(_R)
def match(project: Scope, line_id: int) -> ResponseReturnValue:
    """Record the payment for the invoice that was chosen."""
    waiting = _waiting(project, line_id)
    form = MatchForm()
    _offer(form, project, waiting)
    if not form.validate():
        return _render_line(project, waiting, form), 422
    reference, _mark, seen_open = form.invoice.data.partition(":")
    try:
        with transaction():
            surplus = _match(project, line_id, reference, read_number(seen_open))
    except (Refusal, Conflict) as error:
        error.field = "invoice"
        refused(form, error)
        _offer(form, project, waiting)
        return _render_line(project, waiting, form), status_of(error)
    ask_rest_only(reference)
    flash(_("The payment is recorded, and a receipt is mailed."), "done")
    if surplus:
        flash(_("%(more)s more than owed is kept as credit.", more=surplus), "live")
    return redirect(f"/desk/{project.slug}/treasury/lines", 303)


@blueprint.post(f"{_LINES}/<int:line_id>/aside")
@requires(_R)
def set_aside(project: Scope, line_id: int) -> ResponseReturnValue:
    """Take a payment from the list that is for none of our invoices."""
    try:
        with transaction():
            set_line_aside(current_actor(), project.id, line_id, now=now())
    except Conflict as conflict:
        flash(conflict.message, "bad")
    else:
        flash(_("Set aside. It stands at the end of the list, and can be brought back."), "done")
    return redirect(f"/desk/{project.slug}/treasury/lines", 303)


@blueprint.post(f"{_LINES}/<int:line_id>/back")
@requires(_R)
def bring_back(project: Scope, line_id: int) -> ResponseReturnValue:
    """Put a payment that was set aside into the list again."""
    try:
        with transaction():
            bring_line_back(current_actor(), project.id, line_id, now=now())
    except Conflict as conflict:
        flash(conflict.message, "bad")
    return redirect(f"/desk/{project.slug}/treasury/lines", 303)


def _read_upload(form: UploadForm) -> tuple[str, bytes]:
    upload = form.statement.data
    if not upload or not upload.filename:
        raise Refusal("statement.missing", _("Choose a file."), field="statement")
    return upload.filename, upload.stream.read(MOST_BYTES + 1)


def _match(project: Scope, line_id: int, invoice: str, seen_open: int) -> str:
    """Record one line; what became credit, in words, or nothing."""
    surplus = match_line(
        current_actor(),
        project.id,
        line_id,
        invoice,
        seen_open=seen_open,
        site=collaborators().settings.base_url,
        now=now(),
    )
    return format_money(surplus) if surplus.amount_minor else ""


def _waiting(project: Scope, line_id: int) -> LineToMatch:
    found = list_lines_to_match(project.id, line_id=line_id)
    if not found:
        raise NotFound("payment")
    return found[0]


def _offer(form: MatchForm, project: Scope, waiting: LineToMatch) -> None:
    """Offer all open invoices of the payment's currency, the likeliest chosen."""
    currency = waiting.line.amount.currency
    form.invoice.choices = [
        SelectChoice(
            f"{each.reference}:{each.open.amount_minor}",
            f"{each.number}, {each.names[0]}, {format_money(each.open)}",
        )
        for each in list_open(project.id)
        if each.open.currency == currency
    ]
    if form.invoice.data is None and waiting.suggestions:
        best = waiting.suggestions[0].invoice
        form.invoice.data = f"{best.reference}:{best.open.amount_minor}"


def _render_imports(project: Scope, form: UploadForm) -> str:
    return render_template(
        "treasury/imports.html", form=form, imports=list_imports(project.id), **desk_frame(project)
    )


def _render_import(
    project: Scope,
    page: ImportPage,
    form: LayoutForm | None = None,
    columns: ColumnsForm | None = None,
) -> str:
    if form is None:
        form = LayoutForm(formdata=None)
        form.day_order.data, form.decimal.data = page.layout.day_order, page.layout.decimal
    if columns is None:
        columns = ColumnsForm(formdata=None)
        columns.offer(page.layout.names, page.first_rows[0] if page.first_rows else ())
        columns.show(page.layout.columns, page.layout.purpose)
    return render_template(
        "treasury/import.html", page=page, form=form, columns=columns, **desk_frame(project)
    )


def _render_line(project: Scope, waiting: LineToMatch, form: MatchForm) -> str:
    return render_template("treasury/line.html", waiting=waiting, form=form, **desk_frame(project))


def _chosen(name: str, choices: tuple[str, ...]) -> str | None:
    value = request.args.get(name)
    return value if value in choices else None
