"""The treasurer's page of one sponsor's money, and giving it back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, ProcessorUnavailable, Refusal
from portal.domain.permissions import Permission
from portal.domain.tiers import parse_price
from portal.queries.billing.money_back import find_sponsor_money
from portal.queries.identity.actors import Scope
from portal.services.payments.money_back import ask_refund, converge_refund, give_up_refund
from portal.services.sent_forms import forget_form, take_form
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.row_numbers import asked_number, read_number
from portal.web.sponsorship.sponsorship_forms import RefundForm

blueprint = Blueprint("refunds", __name__)

_PAGE = "/desk/<project>/sponsors/<reference>/money"


@blueprint.get(_PAGE)
@requires(Permission.PROJECT_REFUND_GIVE)
def show(project: Scope, reference: str) -> ResponseReturnValue:
    """Every payment of one sponsor, with what went back of it."""
    form = RefundForm(formdata=None)
    form.payment.data = asked_number("payment")
    return _render(project, reference, form)


@blueprint.post(_PAGE)
@requires(Permission.PROJECT_REFUND_GIVE)
def give(project: Scope, reference: str) -> ResponseReturnValue:
    """Give back a payment, in full or in part: our row first, then the processor."""
    form = RefundForm()
    page = find_sponsor_money(project.id, reference, now=now())
    chosen = read_number(form.payment.data or "")
    payment = next((each for each in page.payments if each.id == chosen), None)
    if payment is None:
        form.form_errors.append(_("Choose a payment of this sponsor."))
    if payment is None or not form.validate():
        return _render(project, reference, form), 422
    world = collaborators()
    try:
        amount = parse_price(form.amount.data or "", payment.money.currency)
        with transaction():
            take_form(form.sent, now=now())
            asked = ask_refund(
                current_actor(),
                project.id,
                payment.id,
                amount,
                reason=form.reason.data or "",
                site=world.settings.base_url,
                now=now(),
            )
        if asked is not None:
            try:
                seen = world.payments.refund(asked, idempotency_key=asked.reference)
            except Refusal as refusal:
                with transaction():
                    give_up_refund(asked.reference, refusal.message, now=now())
                    forget_form(form.sent)
                raise
            with transaction():
                converge_refund(
                    seen, site=world.settings.base_url, actor=current_actor(), now=now()
                )
    except (Refusal, Conflict, ProcessorUnavailable) as error:
        if error.field == "price":
            error.field = "amount"
        refused(form, error)
        return _render(project, reference, form), status_of(error)
    flash(_("The money goes back."), "good")
    return redirect(f"/desk/{project.slug}/sponsors/{reference}/money", 303)


def _render(project: Scope, reference: str, form: RefundForm) -> str:
    page = find_sponsor_money(project.id, reference, now=now())
    return render_template("sponsorships/money.html", **desk_frame(project), page=page, form=form)
