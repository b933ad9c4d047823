"""Needs on an organization's desk: state, submit, withdraw, write to the maintainers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope, find_project
from portal.queries.workshop.needs import NeedPage, get_own_need, list_organization_needs
from portal.services.workshop.needs import (
    TALKED_ABOUT,
    draft_need,
    edit_need,
    submit_need,
    withdraw_need,
    write_to_maintainers,
)
from portal.web.access import current_actor, now, requires
from portal.web.forms import refused
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.need_forms import CREDITS, OFFERS, MessageForm, NeedForm

blueprint = Blueprint("needs", __name__)

_ALL = "/organizations/<organization>/needs"
_ONE = f"{_ALL}/<int:need_id>"


@blueprint.get(_ALL)
@requires(Permission.ORGANIZATION_NEED_READ)
def index(organization: Scope) -> ResponseReturnValue:
    """The organization's needs, the newest first."""
    found = list_organization_needs(organization.id, before=asked_number("before"))
    return render_template("needs/index.html", **organization_frame(organization), found=found)


@blueprint.get(f"{_ALL}/new/<project>")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def new(organization: Scope, project: str) -> ResponseReturnValue:
    """An empty need to a project."""
    return _render_form(organization, NeedForm(), _project(project))


@blueprint.post(f"{_ALL}/new/<project>")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def draft(organization: Scope, project: str) -> ResponseReturnValue:
    """Keep a new need as a draft, and hand it in if that was asked for."""
    scope, form = _project(project), NeedForm()
    if not form.validate():
        return _render_form(organization, form, scope), 422
    with transaction():
        need_id = draft_need(current_actor(), organization.id, scope.id, form.read(), now=now())
    return _after_saving(organization, need_id)


@blueprint.get(_ONE)
@requires(Permission.ORGANIZATION_NEED_READ)
def show(organization: Scope, need_id: int) -> ResponseReturnValue:
    """A need: where it stands, what was said about it."""
    return _render(organization, get_own_need(organization.id, need_id), MessageForm())


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def edit(organization: Scope, need_id: int) -> ResponseReturnValue:
    """The text of a need, as a form."""
    page, form = get_own_need(organization.id, need_id), NeedForm()
    form.show(page)
    return _render_form(organization, form, page.project, page)


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def change(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Save a changed text, and hand it in if that was asked for."""
    form = NeedForm()
    if not form.validate():
        page = get_own_need(organization.id, need_id)
        return _render_form(organization, form, page.project, page), 422
    try:
        with transaction():
            edit_need(
                current_actor(),
                organization.id,
                need_id,
                form.read(),
                revision=form.seen_revision,
                now=now(),
            )
    except (Conflict, Refusal) as error:
        page = get_own_need(organization.id, need_id)
        refused(form, error)
        conflict = isinstance(error, Conflict)
        if conflict:
            # Having seen the saved text beside their own, they may save over it.
            form.revision.data = str(page.revision)
        shown = _render_form(organization, form, page.project, page, conflict=conflict)
        return shown, 409 if conflict else 422
    return _after_saving(organization, need_id)


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def withdraw(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Take a need back."""
    with transaction():
        withdraw_need(current_actor(), organization.id, need_id, now=now())
    flash(_("The need is withdrawn."), "good")
    return redirect(f"/organizations/{organization.slug}/needs", 303)


@blueprint.post(f"{_ONE}/messages")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def write(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Write to the maintainers about a need."""
    form = MessageForm()
    if form.validate():
        try:
            with transaction():
                write_to_maintainers(
                    current_actor(), organization.id, need_id, form.text.data, now=now()
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Your message is on its way."), "good")
            return _to(organization, need_id)
    return _render(organization, get_own_need(organization.id, need_id), form), 422


def _after_saving(organization: Scope, need_id: int) -> ResponseReturnValue:
    """The text is saved: hand it in, or say that it stays a draft."""
    if request.form.get("step") != "submit":
        flash(_("Saved. Nobody outside your organization sees it yet."), "good")
        return _to(organization, need_id)
    try:
        with transaction():
            submit_need(current_actor(), organization.id, need_id, now=now())
    except Refusal as refusal:
        page, form = get_own_need(organization.id, need_id), NeedForm(formdata=None)
        form.show(page)
        refused(form, refusal)
        return _render_form(organization, form, page.project, page), 422
    flash(_("Handed in. You get a mail when a steward has read it."), "good")
    return _to(organization, need_id)


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project


def _to(organization: Scope, need_id: int) -> ResponseReturnValue:
    return redirect(f"/organizations/{organization.slug}/needs/{need_id}", 303)


def _render(organization: Scope, page: NeedPage, form: MessageForm) -> str:
    return render_template(
        "needs/show.html",
        **organization_frame(organization),
        page=page,
        form=form,
        talks=page.state in TALKED_ABOUT,
        credits=CREDITS,
        offers=OFFERS,
    )


def _render_form(
    organization: Scope,
    form: NeedForm,
    project: object,
    page: NeedPage | None = None,
    *,
    conflict: bool = False,
) -> str:
    return render_template(
        "needs/edit.html",
        **organization_frame(organization),
        form=form,
        project=project,
        page=page,
        conflict=conflict,
    )
