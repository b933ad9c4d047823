"""Changing a running sponsorship: its tier, how it is paid, and the processor's own page."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.changes import ChangeKind
from portal.domain.errors import Conflict, DomainError, ProcessorUnavailable, Refusal
from portal.domain.money import Money
from portal.domain.permissions import Permission
from portal.domain.sponsorship import Collection
from portal.ports.payments import Collection as PaymentCollection
from portal.queries.identity.actors import Scope
from portal.queries.sponsorship.changes import (
    ChangePreview,
    find_change_page,
    find_change_preview,
    find_live_change,
)
from portal.services.billing.billed_changes import order_change
from portal.services.payments.renewals import converge_renewal, take_answer
from portal.services.sponsorship.changes import (
    get_preview_request,
    give_up_change,
    note_released,
    put_to_processor,
    withdraw_change,
)
from portal.services.sponsorship.collection import find_payer, wish_collection
from portal.services.sponsorship.open_changes import AskedChange
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.row_numbers import read_number
from portal.web.sponsorship.sponsorship_forms import ChangeForm

blueprint = Blueprint("sponsorship_changes", __name__)

_PAGE = "/organizations/<organization>/sponsorships/<reference>"


@blueprint.get(f"{_PAGE}/change")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def choose(organization: Scope, reference: str) -> ResponseReturnValue:
    """The tiers one could move to, each with what stands in the way."""
    page = find_change_page(current_actor(), organization.id, reference, now=now())
    return render_template("sponsorships/change.html", page=page.sponsorship, change=page)


@blueprint.get(f"{_PAGE}/change/<tier>")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def preview(organization: Scope, reference: str, tier: str) -> ResponseReturnValue:
    """What moving to a tier does, in money and in share of the vote."""
    return _render(_preview(organization, reference, tier), ChangeForm(formdata=None))


@blueprint.post(f"{_PAGE}/change/<tier>")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def change(organization: Scope, reference: str, tier: str) -> ResponseReturnValue:
    """Move to a tier, as it was previewed: our row first, then the processor."""
    form = ChangeForm()
    shown = _preview(organization, reference, tier)
    if not form.validate():
        return _render(shown, form), 422
    due = Money(read_number(form.due.data or ""), shown.choice.terms.price.currency)
    try:
        _ask(organization, reference, tier, form, shown, due)
    except (Refusal, Conflict, ProcessorUnavailable) as error:
        refused(form, error)
        return _render(_preview(organization, reference, tier), form), status_of(error)
    return redirect(_address(organization, reference), 303)


@blueprint.post(f"{_PAGE}/withdraw-change")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def withdraw(organization: Scope, reference: str) -> ResponseReturnValue:
    """Take back a change that waits for the next term."""
    world = collaborators()
    try:
        with transaction():
            taken_back = withdraw_change(
                current_actor(),
                organization.id,
                reference,
                site=world.settings.base_url,
                now=now(),
            )
        if taken_back is not None:
            world.payments.release_change(
                taken_back.renewal_id, idempotency_key=f"{taken_back.reference}-release"
            )
            with transaction():
                note_released(taken_back.reference, now=now())
    except (Refusal, Conflict, ProcessorUnavailable) as error:
        flash(error.message, "bad")
    else:
        flash(_("The change is taken back."), "good")
    return redirect(_address(organization, reference), 303)


@blueprint.post(f"{_PAGE}/collection")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def collect(organization: Scope, reference: str) -> ResponseReturnValue:
    """Pay the next terms by card or by invoice; nothing else changes."""
    wanted = request.form.get("collection")
    collection = Collection.INVOICE if wanted == "invoice" else Collection.CARD
    world = collaborators()
    try:
        with transaction():
            wish = wish_collection(
                current_actor(),
                organization.id,
                reference,
                collection,
                po_number=request.form.get("po_number", ""),
                now=now(),
            )
        seen = world.payments.set_collection(
            wish.renewal_id,
            PaymentCollection(wish.collection),
            days_until_due=wish.days_until_due,
            po_number=wish.po_number,
            idempotency_key=wish.idempotency_key,
        )
        with transaction():
            converge_renewal(
                seen, (), actor=current_actor(), site=world.settings.base_url, now=now()
            )
    except DomainError as error:
        if status_of(error) in {403, 404}:
            raise
        flash(error.message, "bad")
    else:
        flash(_("From the next term on it is paid this way."), "good")
    return redirect(_address(organization, reference), 303)


@blueprint.post(f"{_PAGE}/cards")
@requires(Permission.ORGANIZATION_SPONSORSHIP_BUY)
def open_cards(organization: Scope, reference: str) -> ResponseReturnValue:
    """Go to the processor's page for cards and its invoices."""
    world = collaborators()
    back = f"{world.settings.base_url}{_address(organization, reference)}"
    try:
        with transaction():
            payer_id = find_payer(current_actor(), organization.id, reference)
        return redirect(world.payments.open_billing_portal(payer_id, return_url=back), 303)
    except (Refusal, ProcessorUnavailable) as error:
        flash(error.message, "bad")
    return redirect(_address(organization, reference), 303)


def _ask(
    organization: Scope,
    reference: str,
    tier: str,
    form: ChangeForm,
    shown: ChangePreview,
    due: Money,
) -> None:
    """Check the amount with the processor, note the wish, ask, and take over the answer."""
    world = collaborators()
    if shown.proration is not None and shown.sponsorship.charged:
        with transaction():
            wanted = get_preview_request(current_actor(), organization.id, reference, tier)
        asked_due = world.payments.preview_change(wanted, at=shown.proration.at).due
        if asked_due != due:
            form.due.data = str(asked_due.amount_minor)
            raise Conflict(
                "change.amount", _("The amount is another one by now. Look at it again.")
            )
    with transaction():
        asked = order_change(
            current_actor(),
            organization.id,
            reference,
            tier,
            version=read_number(form.version.data or ""),
            due=due,
            site=world.settings.base_url,
            now=now(),
        )
    pending = asked is not None and _put(asked)
    by_card = shown.sponsorship.charged and shown.sponsorship.collection is Collection.CARD
    if pending:
        flash(_("The payment of the difference is still open."), "info")
    elif shown.proration is not None and not by_card:
        flash(_("The invoice is out. The tier changes when it is paid."), "good")
    elif shown.proration is not None:
        tier_name = shown.choice.terms.name
        flash(_("The difference is paid, and you have %(tier)s now.", tier=tier_name), "good")
    else:
        flash(_("The change is noted. It begins with the next term."), "good")


def _put(asked: AskedChange) -> bool:
    """Ask the processor, and keep its answer; whether a card's payment is still open."""
    world, reference = collaborators(), asked.request.reference
    try:
        seen = put_to_processor(world.payments, asked)
    except Refusal as refusal:
        with transaction():
            give_up_change(reference, refusal.message, now=now())
        raise
    with transaction():
        take_answer(reference, seen, site=world.settings.base_url, now=now())
    return seen.renewal.change_pending


def _preview(organization: Scope, reference: str, tier: str) -> ChangePreview:
    return find_change_preview(current_actor(), organization.id, reference, tier, now=now())


def _render(shown: ChangePreview, form: ChangeForm) -> str:
    form.version.data = str(shown.choice.version)
    if not form.due.data:
        form.due.data = str(shown.proration.due.amount_minor if shown.proration else 0)
    due = Money(read_number(form.due.data), shown.choice.terms.price.currency)
    return render_template(
        "sponsorships/change_preview.html",
        page=shown.sponsorship,
        shown=shown,
        live=find_live_change(shown.sponsorship.reference),
        form=form,
        due=due,
        upgrade=shown.choice.kind is ChangeKind.UPGRADE,
    )


def _address(organization: Scope, reference: str) -> str:
    return f"/organizations/{organization.slug}/sponsorships/{reference}"
