"""Buying by invoice, and an organization's documents, with the data that stands on them."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.documents import DocumentKind
from portal.domain.errors import Conflict, Obstacle, Refusal
from portal.domain.permissions import Permission
from portal.queries.billing.billing import (
    find_billing_desk,
    find_invoice_obstacles,
    get_billing_data,
)
from portal.queries.billing.documents import DocumentPage, find_document_page
from portal.queries.identity.actors import Scope
from portal.queries.sponsorship.purchases import BuyPage, find_buy_page
from portal.services.billing.quotes import accept_quote, quote_tier
from portal.services.billing.sellers import save_billing_data
from portal.services.billing.tax_ids import looks_wrong
from portal.services.sent_forms import take_form
from portal.services.sponsorship.order_numbers import choose_order_number
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.billing.billing_forms import AcceptForm, BillingDataForm, OrderNumberForm, QuoteForm
from portal.web.billing.document_characters import (
    find_unshown_in,
    fit_to_font,
    font_folder,
    unshown_words,
    warn_of_unshown,
)
from portal.web.billing.document_pdf import write_pdf
from portal.web.billing.document_sheet import make_sheet
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number, read_number
from portal.web.sponsorship.purchase import chosen_buyer, open_page

blueprint = Blueprint("billing", __name__)

_TIER = "/p/<project>/tiers/<tier>/invoice"
_DESK = "/organizations/<organization>/billing"
_DOCUMENT = "/organizations/<organization>/documents/<document>"


@blueprint.get(_TIER)
@requires(Permission.PERSON_SPONSORSHIP_START)
def choose(project: str, tier: str) -> ResponseReturnValue:
    """Say for whom the quote is, and what it shall print."""
    page = _buy_page(project, tier, request.args.get("organization"))
    form = QuoteForm()
    if page.chosen is not None and page.chosen.organization_id:
        form = QuoteForm(data=asdict(get_billing_data(page.chosen.organization_id)))
    return _render_quote(page, form)


@blueprint.post(_TIER)
@requires(Permission.PERSON_SPONSORSHIP_START)
def quote(project: str, tier: str) -> ResponseReturnValue:
    """Save the buyer's data and write the quote."""
    form = QuoteForm()
    page = _buy_page(project, tier, form.organization.data)
    if not form.validate():
        return _render_quote(page, form), 422
    try:
        chosen = chosen_buyer(page)
        with transaction():
            take_form(form.sent, now=now())
            save_billing_data(current_actor(), chosen.organization_id, form.read_data(), now=now())
            reference = quote_tier(
                current_actor(),
                page.project_id,
                tier,
                chosen.organization_id,
                version=read_number(form.version.data),
                now=now(),
            )
    except (Refusal, Conflict) as error:
        refused(form, error)
        return _render_quote(page, form), status_of(error)
    _doubt(form)
    return redirect(f"/organizations/{chosen.slug}/documents/{reference}", 303)


@blueprint.get(_DESK)
@requires(Permission.ORGANIZATION_PAYMENTS_READ)
def desk(organization: Scope) -> ResponseReturnValue:
    """Documents, payment method, tax data, order number, next payment."""
    return _render_desk(
        organization, BillingDataForm(data=asdict(get_billing_data(organization.id)))
    )


@blueprint.post(_DESK)
@requires(Permission.ORGANIZATION_BILLING_EDIT)
def save_data(organization: Scope) -> ResponseReturnValue:
    """Save what documents say of the organization; a doubtful tax id is saved, the doubt told."""
    form = BillingDataForm()
    if not form.validate():
        return _render_desk(organization, form), 422
    try:
        with transaction():
            save_billing_data(current_actor(), organization.id, form.read_data(), now=now())
    except Refusal as refusal:
        refused(form, refusal)
        return _render_desk(organization, form), 422
    flash(_("Saved. Documents that are issued stay as they are."), "good")
    _doubt(form)
    return redirect(f"/organizations/{organization.slug}/billing", 303)


@blueprint.post(f"{_DESK}/<reference>")
@requires(Permission.ORGANIZATION_BILLING_EDIT)
def order_number(organization: Scope, reference: str) -> ResponseReturnValue:
    """Choose the purchase order number that the next invoices quote."""
    form = OrderNumberForm(prefix=reference)
    if form.validate():
        with transaction():
            choose_order_number(
                current_actor(), organization.id, reference, form.po_number.data, now=now()
            )
        flash(_("The next invoice quotes this number."), "good")
        warn_of_unshown(form.po_number.data)
        return redirect(f"/organizations/{organization.slug}/billing", 303)
    data = BillingDataForm(formdata=None, data=asdict(get_billing_data(organization.id)))
    return _render_desk(organization, data, {reference: form}), 422


@blueprint.get(_DOCUMENT)
@requires(Permission.ORGANIZATION_PAYMENTS_READ)
def show(organization: Scope, document: str) -> ResponseReturnValue:
    """A document with where it stands; a quote that waits can be accepted here."""
    page = find_document_page(document, organization_id=organization.id, now=now())
    return _render_document(organization, page, AcceptForm())


@blueprint.get(f"{_DOCUMENT}/file")
@requires(Permission.ORGANIZATION_PAYMENTS_READ)
def file(organization: Scope, document: str) -> ResponseReturnValue:
    """The document as a PDF."""
    return send_pdf(find_document_page(document, organization_id=organization.id, now=now()))


@blueprint.post(f"{_DOCUMENT}/accept")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def accept(organization: Scope, document: str) -> ResponseReturnValue:
    """Accept a quote and the agreement: the invoice is issued at once."""
    form = AcceptForm()
    page = find_document_page(document, organization_id=organization.id, now=now())
    if not form.validate():
        return _render_document(organization, page, form), 422
    try:
        with transaction():
            invoice = accept_quote(
                current_actor(),
                organization.id,
                document,
                agreement=read_number(form.agreement.data) if form.accepted.data else None,
                po_number=form.po_number.data,
                online=form.way.data == "online",
                site=collaborators().settings.base_url,
                now=now(),
            )
    except (Refusal, Conflict) as error:
        refused(form, error)
        page = find_document_page(document, organization_id=organization.id, now=now())
        return _render_document(organization, page, form), status_of(error)
    if form.way.data == "online":
        open_page(invoice)
    flash(_("The invoice is issued and mailed to the owners and billing contacts."), "good")
    warn_of_unshown(form.po_number.data)
    return redirect(f"/organizations/{organization.slug}/documents/{invoice}", 303)


def send_pdf(page: DocumentPage) -> Response:
    """A document's file, named after it."""
    sheet = fit_to_font(make_sheet(page.issued))
    body = write_pdf(sheet, issued_at=page.issued.issued_at, fonts=font_folder())
    response = Response(body, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename=sheet.file_name)
    return response


def _buy_page(project: str, tier: str, buyer: str | None) -> BuyPage:
    return find_buy_page(current_actor(), project, tier, buyer or None, now=now())


def _render_quote(page: BuyPage, form: QuoteForm) -> str:
    if page.chosen is not None:
        form.organization.data = page.chosen.slug
    form.version.data = str(page.version)
    unready: tuple[Obstacle, ...] = find_invoice_obstacles(page.project_id)
    return render_template("billing/quote.html", page=page, form=form, unready=unready)


def _render_desk(
    organization: Scope, form: BillingDataForm, sent: dict[str, OrderNumberForm] | None = None
) -> str:
    page = find_billing_desk(organization.id, before=asked_number("before"), now=now())
    numbers = {
        paid.reference: OrderNumberForm(
            formdata=None, prefix=paid.reference, data={"po_number": paid.po_number}
        )
        for paid in page.paid
        if paid.method == "bank"
    }
    return render_template(
        "billing/desk.html",
        page=page,
        form=form,
        numbers=numbers | (sent or {}),
        **organization_frame(organization),
    )


def _render_document(organization: Scope, page: DocumentPage, form: AcceptForm) -> str:
    if page.agreement is not None:
        form.agreement.data = str(page.agreement[0])
    sheet = make_sheet(page.issued)
    unshown = find_unshown_in(sheet) if page.line.kind is DocumentKind.QUOTE else ""
    return render_template(
        "billing/document.html",
        page=page,
        sheet=sheet,
        form=form,
        unshown=unshown_words(unshown) if unshown else "",
        **organization_frame(organization),
    )


def _doubt(form: BillingDataForm) -> None:
    warn_of_unshown(form.legal_name.data, form.address.data, form.tax_id.data)
    if looks_wrong(form.country.data or "", form.tax_id.data or ""):
        flash(
            _("The tax id is saved, but it does not look like one of that country. Check it."),
            "live",
        )
