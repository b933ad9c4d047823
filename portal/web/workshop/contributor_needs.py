"""Needs that a contributor states as a person: the same private pages, the same screening."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.contributors import CONTRIBUTOR_NEEDS
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.needs import get_contributor_need, list_contributor_needs
from portal.web.access import current_actor, requires
from portal.web.contributor_frame import contributor_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop import need_pages
from portal.web.workshop.need_forms import PersonalNeedForm
from portal.web.workshop.need_pages import Place

blueprint = Blueprint("contributor_needs", __name__)

_ALL = "/contributor/<project>/needs"
_ONE = f"{_ALL}/<int:need_id>"


@blueprint.get(_ALL)
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def index(project: Scope) -> ResponseReturnValue:
    """One's own needs, the newest first."""
    lines, older = list_contributor_needs(project.id, _me(), before=asked_number("before"))
    return render_template(
        "contributors/needs.html",
        **contributor_frame(project),
        lines=lines,
        older=older,
        quota=CONTRIBUTOR_NEEDS,
    )


@blueprint.get(f"{_ALL}/new")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def new(project: Scope) -> ResponseReturnValue:
    """An empty need."""
    return need_pages.show_new(_place(project), project)


@blueprint.post(f"{_ALL}/new")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def draft(project: Scope) -> ResponseReturnValue:
    """Keep a new need as a draft, and hand it in if that was asked for."""
    return need_pages.save_new(_place(project), project)


@blueprint.get(_ONE)
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def show(project: Scope, need_id: int) -> ResponseReturnValue:
    """A need: where it stands, what was said about it."""
    return need_pages.show_need(_place(project), need_id)


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def edit(project: Scope, need_id: int) -> ResponseReturnValue:
    """The text of a need, as a form."""
    return need_pages.show_form(_place(project), need_id)


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def change(project: Scope, need_id: int) -> ResponseReturnValue:
    """Save a changed text, and hand it in if that was asked for."""
    return need_pages.save_changes(_place(project), need_id)


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def withdraw(project: Scope, need_id: int) -> ResponseReturnValue:
    """Take a need back."""
    return need_pages.take_back(_place(project), need_id)


@blueprint.post(f"{_ONE}/messages")
@requires(Permission.CONTRIBUTOR_NEED_WRITE)
def write(project: Scope, need_id: int) -> ResponseReturnValue:
    """Write to the maintainers about a need."""
    return need_pages.send_message(_place(project), need_id)


def _me() -> int:
    return current_actor().person_id or 0


def _place(project: Scope) -> Place:
    return Place(
        organization_id=None,
        name=project.name,
        needs=f"/contributor/{project.slug}/needs",
        new=f"/contributor/{project.slug}/needs/new",
        kept=_("Only you see it before you hand it in."),
        writes=True,
        frame=contributor_frame(project),
        read=partial(get_contributor_need, project.id, _me()),
        new_form=PersonalNeedForm,
    )
