"""What a project says of itself on documents, and the agreement it offers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Permission
from portal.queries.billing.billing import find_seller
from portal.queries.billing.treasury import find_agreements
from portal.queries.identity.actors import Scope
from portal.services.billing.sellers import save_seller, write_agreement
from portal.services.billing.tax_ids import looks_wrong
from portal.web.access import current_actor, now, requires
from portal.web.billing.billing_forms import AgreementForm, SellerForm
from portal.web.billing.document_characters import warn_of_unshown
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.row_numbers import read_number

blueprint = Blueprint("sellers", __name__)

_SELLER = "/desk/<project>/treasury/seller"


@blueprint.get(_SELLER)
@requires(Permission.PROJECT_BILLING_EDIT)
def show(project: Scope) -> ResponseReturnValue:
    """The seller's data and the agreement."""
    form = SellerForm(formdata=None)
    seller = find_seller(project.id)
    if seller is None:
        form.tax_name.data, form.net_days.data, form.tax_rate.data = "VAT", "30", "0"
    else:
        form.show(seller)
    return _render(project, form, AgreementForm(formdata=None))


@blueprint.post(_SELLER)
@requires(Permission.PROJECT_BILLING_EDIT)
def save(project: Scope) -> ResponseReturnValue:
    """Save the seller's data; a doubtful tax id is saved, and the doubt told."""
    form = SellerForm()
    if form.validate():
        try:
            with transaction():
                save_seller(current_actor(), project.id, form.read_seller(), now=now())
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Saved. Documents that are issued stay as they are."), "good")
            if looks_wrong(form.country.data or "", form.tax_id.data or ""):
                flash(_("The tax id is saved, but it does not look like one. Check it."), "live")
            warn_of_unshown(
                form.legal_name.data, form.address.data, form.account_holder.data,
                form.bank_note.data,
            )  # fmt: skip
            return redirect(f"/desk/{project.slug}/treasury/seller", 303)
    return _render(project, form, AgreementForm(formdata=None)), 422


@blueprint.post(f"{_SELLER}/agreement")
@requires(Permission.PROJECT_BILLING_EDIT)
def agree(project: Scope) -> ResponseReturnValue:
    """Offer a new version of the agreement."""
    form = AgreementForm()
    status = 422
    if form.validate():
        try:
            with transaction():
                number = write_agreement(
                    current_actor(),
                    project.id,
                    form.text.data,
                    number=read_number(form.number.data),
                    now=now(),
                )
        except (Refusal, Conflict) as error:
            refused(form, error)
            status = status_of(error)
        else:
            flash(_("Version %(number)s is offered from now on.", number=number), "good")
            return redirect(f"/desk/{project.slug}/treasury/seller", 303)
    seller, fresh = find_seller(project.id), SellerForm(formdata=None)
    if seller is not None:
        fresh.show(seller)
    return _render(project, fresh, form), status


def _render(project: Scope, form: SellerForm, agreement: AgreementForm) -> str:
    versions = find_agreements(project.id)
    agreement.number.data = str(len(versions) + 1)
    if agreement.text.data is None and versions:
        agreement.text.data = versions[0][1]
    return render_template(
        "treasury/seller.html",
        form=form,
        agreement=agreement,
        versions=versions,
        **desk_frame(project),
    )
