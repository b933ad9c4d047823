"""Buying, watching and canceling a sponsorship; reviewing what is published."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, DomainError, ProcessorUnavailable, Refusal
from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope
from portal.queries.sponsorship.changes import find_live_change
from portal.queries.sponsorship.purchases import BuyPage, find_buy_page
from portal.queries.sponsorship.sponsors_desk import find_sponsors_desk
from portal.queries.sponsorship.sponsorships import (
    find_cancel_page,
    find_receipt_page,
    find_sponsorship_page,
)
from portal.services.payments.renewals import converge_renewal
from portal.services.sponsorship.publication import (
    approve_publication,
    reject_publication,
    set_privacy,
)
from portal.services.sponsorship.renewal_choice import wish_renewal
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.sponsorship.purchase import go_to_checkout, welcome_back
from portal.web.sponsorship.sponsorship_forms import BuyForm, ReviewForm

blueprint = Blueprint("sponsorships", __name__)

_PAGE = "/organizations/<organization>/sponsorships/<reference>"


@blueprint.get("/p/<project>/tiers/<tier>/buy")
@requires(Permission.PERSON_SPONSORSHIP_START)
def choose(project: str, tier: str) -> ResponseReturnValue:
    """Choose for whom to buy, then see what buying does."""
    return _render_buy(_buy_page(project, tier, request.args.get("organization")), BuyForm())


@blueprint.post("/p/<project>/tiers/<tier>/buy")
@requires(Permission.PERSON_SPONSORSHIP_START)
def buy(project: str, tier: str) -> ResponseReturnValue:
    """Go to the processor's hosted page, whatever was pressed how often."""
    form = BuyForm()
    page = _buy_page(project, tier, form.organization.data)
    if not form.validate():
        return _render_buy(page, form), 422
    try:
        url = go_to_checkout(page, version=form.seen_version)
    except (Refusal, Conflict, ProcessorUnavailable) as error:
        refused(form, error)
        page = _buy_page(project, tier, form.organization.data)
        return _render_buy(page, form), status_of(error)
    return redirect(url, 303)


@blueprint.get(_PAGE)
@requires(Permission.ORGANIZATION_DESK_READ)
def show(organization: Scope, reference: str) -> ResponseReturnValue:
    """A sponsorship with its four states; whoever comes back from paying is looked after first."""
    checkout = request.args.get("checkout")
    if checkout is not None:
        welcome_back(organization.id, reference, checkout)
        return redirect(_address(organization, reference), 303)
    page = find_sponsorship_page(current_actor(), organization.id, reference, now=now())
    left = "left" in request.args
    live = find_live_change(reference)
    return render_template("sponsorships/show.html", page=page, left=left, live=live)


@blueprint.get(f"{_PAGE}/cancel")
@requires(Permission.ORGANIZATION_SPONSORSHIP_CANCEL)
def preview_cancel(organization: Scope, reference: str) -> ResponseReturnValue:
    """What ends when, before it is decided."""
    preview = find_cancel_page(current_actor(), organization.id, reference, now=now())
    return render_template(
        "sponsorships/cancel.html",
        page=preview.sponsorship,
        preview=preview,
        live=find_live_change(reference),
    )


@blueprint.post(f"{_PAGE}/cancel")
@requires(Permission.ORGANIZATION_SPONSORSHIP_CANCEL)
def cancel(organization: Scope, reference: str) -> ResponseReturnValue:
    """Let the sponsorship end with its paid term."""
    return _change_renewal(organization, reference, cancel=True)


@blueprint.post(f"{_PAGE}/resume")
@requires(Permission.ORGANIZATION_SPONSORSHIP_CANCEL)
def resume(organization: Scope, reference: str) -> ResponseReturnValue:
    """Let the sponsorship go on after all."""
    return _change_renewal(organization, reference, cancel=False)


@blueprint.post(f"{_PAGE}/privacy")
@requires(Permission.ORGANIZATION_PROFILE_EDIT)
def choose_privacy(organization: Scope, reference: str) -> ResponseReturnValue:
    """Keep the name from the public, or let it be shown."""
    private = request.form.get("privacy") == "private"
    with transaction():
        set_privacy(current_actor(), organization.id, reference, private=private, now=now())
    flash(_("The sponsorship is private.") if private else _("The name goes to review."), "good")
    return redirect(_address(organization, reference), 303)


@blueprint.get(f"{_PAGE}/receipts/<int:payment_id>")
@requires(Permission.ORGANIZATION_PAYMENTS_READ)
def receipt(organization: Scope, reference: str, payment_id: int) -> ResponseReturnValue:
    """A receipt to print."""
    page = find_receipt_page(organization.id, reference, payment_id)
    return render_template("sponsorships/receipt.html", page=page)


@blueprint.get("/desk/<project>/sponsors")
@requires(Permission.PROJECT_SPONSORS_READ)
def list_sponsors(project: Scope) -> ResponseReturnValue:
    """All sponsors, and what waits for a maintainer or the treasurer."""
    return _render_desk(project)


@blueprint.post("/desk/<project>/sponsors/<reference>")
@requires(Permission.PROJECT_PUBLICATION_REVIEW)
def review(project: Scope, reference: str) -> ResponseReturnValue:
    """Approve or reject what a sponsor wants shown."""
    form = ReviewForm(prefix=reference)
    if not form.validate():
        return _render_desk(project, form, reference), 422
    approved = request.form.get("decision") == "approve"
    try:
        with transaction():
            if approved:
                approve_publication(
                    current_actor(), project.id, reference, seal=form.seal.data or "", now=now()
                )
            else:
                reject_publication(
                    current_actor(), project.id, reference, reason=form.reason.data, now=now()
                )
    except (Refusal, Conflict) as error:
        refused(form, error)
        return _render_desk(project, form, reference), status_of(error)
    flash(_("Name, link and logo are shown.") if approved else _("Rejected."), "done")
    return redirect(f"/desk/{project.slug}/sponsors", 303)


def _change_renewal(organization: Scope, reference: str, *, cancel: bool) -> ResponseReturnValue:
    """Note the wish, ask the processor, and take over what it says."""
    world = collaborators()
    try:
        with transaction():
            wish = wish_renewal(
                current_actor(),
                organization.id,
                reference,
                cancel=cancel,
                site=world.settings.base_url,
                now=now(),
            )
        if wish is None:
            return redirect(_address(organization, reference), 303)
        seen = world.payments.set_cancel_at_term_end(
            wish.renewal_id, cancel=wish.cancel, idempotency_key=wish.idempotency_key
        )
        with transaction():
            converge_renewal(
                seen, (), actor=current_actor(), site=world.settings.base_url, now=now()
            )
    except DomainError as error:
        if status_of(error) in {403, 404}:
            raise
        flash(error.message, "bad")
    return redirect(_address(organization, reference), 303)


def _buy_page(project: str, tier: str, buyer: str | None) -> BuyPage:
    return find_buy_page(current_actor(), project, tier, buyer or None, now=now())


def _render_buy(page: BuyPage, form: BuyForm) -> str:
    if page.chosen is not None:
        form.organization.data = page.chosen.slug
    form.version.data = str(page.version)
    return render_template("sponsorships/buy.html", page=page, form=form)


def _render_desk(
    project: Scope, sent: ReviewForm | None = None, reference: str | None = None
) -> str:
    """Every waiting sponsor has a form of its own; the one just sent keeps what was typed."""
    page = find_sponsors_desk(project.id)
    forms = {
        waiting.reference: sent
        if sent is not None and waiting.reference == reference
        else ReviewForm(formdata=None, prefix=waiting.reference)
        for waiting in page.reviews
    }
    for waiting in page.reviews:
        forms[waiting.reference].seal.data = waiting.seal
    return render_template(
        "sponsorships/desk.html",
        **desk_frame(project),
        page=page,
        forms_by_reference=forms,
        stray=sent if reference not in forms else None,
        may_refund=may(current_actor(), Permission.PROJECT_REFUND_GIVE, project_id=project.id),
        may_review=may(
            current_actor(), Permission.PROJECT_PUBLICATION_REVIEW, project_id=project.id
        ),
    )


def _address(organization: Scope, reference: str) -> str:
    return f"/organizations/{organization.slug}/sponsorships/{reference}"
