"""Support on an organization's desk: ask, read the answers, write, settle; and the way there."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope, find_project
from portal.queries.workshop.support import (
    get_own_request,
    get_terms,
    list_doors,
    list_organization_support,
)
from portal.services.sent_forms import take_form
from portal.services.workshop.support import ask_support, settle_support, write_about_support
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.forms import refused
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.support_forms import SupportForm, SupportMessageForm
from portal.web.workshop.support_words import describe_pace

blueprint = Blueprint("support", __name__)
blueprint.add_app_template_filter(describe_pace, "pace")

_ALL = "/organizations/<organization>/support"
_ONE = f"{_ALL}/<int:request_id>"


@blueprint.get("/p/<project>/support")
@requires(Permission.PERSON_DESK_READ)
def door(project: str) -> ResponseReturnValue:
    """Which of the reader's organizations may ask a project for support, and why not the others."""
    found = find_project(project)
    if found is None:
        raise NotFound("project")
    doors = list_doors(current_actor(), found.id, now=now())
    return render_template("support/door.html", project=found, doors=doors)


@blueprint.get(_ALL)
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def index(organization: Scope) -> ResponseReturnValue:
    """The organization's requests, the newest first."""
    found = list_organization_support(organization.id, now=now(), before=asked_number("before"))
    return render_template(
        "support/index.html", **organization_frame(organization), found=found, today=now().date()
    )


@blueprint.get(f"{_ALL}/new/<project>")
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def new(organization: Scope, project: str) -> ResponseReturnValue:
    """An empty request to a project."""
    return _render_form(organization, project, SupportForm())


@blueprint.post(f"{_ALL}/new/<project>")
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def ask(organization: Scope, project: str) -> ResponseReturnValue:
    """Send a request to the maintainers."""
    form = SupportForm()
    found = find_project(project)
    if found is None:
        raise NotFound("project")
    if form.validate():
        text = form.read()
        try:
            with transaction():
                request_id = ask_support(
                    current_actor(), organization.id, found.id, text, site=_site(), now=now()
                )
        except Refusal as refusal:
            missing = text.missing()
            for each in missing or [refusal]:
                refused(form, each)
        else:
            flash(_("Sent. You get a mail when there is an answer."), "good")
            return _to(organization, request_id)
    return _render_form(organization, project, form), 422


@blueprint.get(_ONE)
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def show(organization: Scope, request_id: int) -> ResponseReturnValue:
    """A request: where it stands, what was said about it."""
    return _render(organization, request_id, SupportMessageForm())


@blueprint.post(_ONE)
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def write(organization: Scope, request_id: int) -> ResponseReturnValue:
    """Write to the maintainers, which opens again what they closed."""
    form = SupportMessageForm()
    if form.validate():
        try:
            with transaction():
                take_form(form.sent, now=now())
                write_about_support(
                    current_actor(), organization.id, request_id, form.text.data,
                    site=_site(), now=now(),
                )  # fmt: skip
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Sent. The maintainers get a mail."), "good")
            return _to(organization, request_id)
    return _render(organization, request_id, form), 422


@blueprint.post(f"{_ONE}/settle")
@requires(Permission.ORGANIZATION_SUPPORT_ASK)
def settle(organization: Scope, request_id: int) -> ResponseReturnValue:
    """Close a request that needs no answer any more."""
    with transaction():
        settle_support(current_actor(), organization.id, request_id, now=now())
    flash(_("Settled. Thank you for saying so."), "good")
    return _to(organization, request_id)


def _to(organization: Scope, request_id: int) -> ResponseReturnValue:
    return redirect(f"/organizations/{organization.slug}/support/{request_id}", 303)


def _site() -> str:
    return collaborators().settings.base_url


def _render(organization: Scope, request_id: int, form: SupportMessageForm) -> str:
    page = get_own_request(organization.id, request_id)
    return render_template(
        "support/show.html",
        **organization_frame(organization),
        page=page,
        form=form,
        reopens=page.can_reopen(now()),
        today=now().date(),
    )


def _render_form(organization: Scope, project: str, form: SupportForm) -> str:
    terms, pace = get_terms(organization.id, project, now=now())
    return render_template(
        "support/new.html", **organization_frame(organization), terms=terms, pace=pace, form=form
    )
