"""Statements on an organization's desk: read a consultation, put, change and withdraw one."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import NotFound
from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope, find_project
from portal.queries.workshop.own_statements import (
    OwnConsultation,
    get_organization_consultation,
    list_consultations,
)
from portal.services.workshop.statements import put_statement, withdraw_statement
from portal.web.access import current_actor, now, requires
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.statement_forms import POSITIONS, SHOWN, STATEMENT_CREDITS
from portal.web.workshop.statement_pages import Seat, save, show_form

blueprint = Blueprint("statements", __name__)

_ALL = "/organizations/<organization>/statements"
_ONE = f"{_ALL}/<project>/<int:number>"


@blueprint.get(_ALL)
@requires(Permission.ORGANIZATION_STATEMENT_READ)
def index(organization: Scope) -> ResponseReturnValue:
    """What is in consultation for the organization, and what it said before."""
    lines, older = list_consultations(organization.id, before=asked_number("before"))
    return render_template(
        "statements/index.html", **organization_frame(organization), lines=lines, older=older
    )


@blueprint.get(_ONE)
@requires(Permission.ORGANIZATION_STATEMENT_READ)
def show(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """The organization's statement, and what others said."""
    scope = _project(project)
    page = _page(organization, scope, number)
    root = f"/organizations/{organization.slug}/statements"
    write = Permission.ORGANIZATION_STATEMENT_WRITE
    return render_template(
        "statements/show.html",
        **organization_frame(organization),
        speaker=organization.name,
        all=(_("Statements"), root),
        here=_home(organization, scope, number),
        writes=may(current_actor(), write, organization_id=organization.id),
        page=page,
        positions=POSITIONS,
        credits=STATEMENT_CREDITS,
        promise=SHOWN,
    )


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def edit(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """The statement as a form."""
    return show_form(_seat(organization, _project(project), number))


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def put(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """Hand the statement in."""
    return save(_seat(organization, _project(project), number))


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def withdraw(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """Take the statement back."""
    scope = _project(project)
    with transaction():
        withdraw_statement(current_actor(), organization.id, scope.id, number, now=now())
    flash(_("The statement is withdrawn, and its words are deleted."), "good")
    return redirect(_home(organization, scope, number), 303)


def _page(organization: Scope, project: Scope, number: int) -> OwnConsultation:
    return get_organization_consultation(organization.id, project.id, number, now=now())


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project


def _home(organization: Scope, project: Scope, number: int) -> str:
    return f"/organizations/{organization.slug}/statements/{project.slug}/{number}"


def _seat(organization: Scope, project: Scope, number: int) -> Seat:
    home = _home(organization, project, number)
    return Seat(
        project=project,
        home=home,
        here=f"{home}/edit",
        speaker=organization.name,
        frame=organization_frame(organization),
        read=partial(_page, organization, project, number),
        put=partial(put_statement, current_actor(), organization.id, project.id, number),
    )
