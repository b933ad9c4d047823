"""Needs on an organization's desk: state, submit, withdraw, write to the maintainers."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.errors import NotFound
from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope, find_project
from portal.queries.workshop.needs import get_own_need, list_organization_needs
from portal.web.access import current_actor, requires
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop import need_pages
from portal.web.workshop.need_forms import NeedForm
from portal.web.workshop.need_pages import Place

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
    return need_pages.show_new(_place(organization), _project(project))


@blueprint.post(f"{_ALL}/new/<project>")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def draft(organization: Scope, project: str) -> ResponseReturnValue:
    """Keep a new need as a draft, and hand it in if that was asked for."""
    return need_pages.save_new(_place(organization), _project(project))


@blueprint.get(_ONE)
@requires(Permission.ORGANIZATION_NEED_READ)
def show(organization: Scope, need_id: int) -> ResponseReturnValue:
    """A need: where it stands, what was said about it."""
    return need_pages.show_need(_place(organization), need_id)


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def edit(organization: Scope, need_id: int) -> ResponseReturnValue:
    """The text of a need, as a form."""
    return need_pages.show_form(_place(organization), need_id)


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def change(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Save a changed text, and hand it in if that was asked for."""
    return need_pages.save_changes(_place(organization), need_id)


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def withdraw(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Take a need back."""
    return need_pages.take_back(_place(organization), need_id)


@blueprint.post(f"{_ONE}/messages")
@requires(Permission.ORGANIZATION_NEED_WRITE)
def write(organization: Scope, need_id: int) -> ResponseReturnValue:
    """Write to the maintainers about a need."""
    return need_pages.send_message(_place(organization), need_id)


def _place(organization: Scope) -> Place:
    return Place(
        organization_id=organization.id,
        name=organization.name,
        needs=f"/organizations/{organization.slug}/needs",
        new=f"/organizations/{organization.slug}/needs/new",
        kept=_("Only your organization sees it before you hand it in."),
        writes=may(
            current_actor(), Permission.ORGANIZATION_NEED_WRITE, organization_id=organization.id
        ),
        frame=organization_frame(organization),
        read=partial(get_own_need, organization.id),
        new_form=NeedForm,
    )


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project
