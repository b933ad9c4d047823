"""Statements on an organization's desk: read a consultation, put, change and withdraw one."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.errors import NotFound
from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope, find_project
from portal.queries.workshop.own_statements import get_organization_consultation, list_consultations
from portal.services.workshop.statements import put_statement, withdraw_statement
from portal.web.access import current_actor, now, requires
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.statement_pages import Seat, save, show_form, show_statement, take_back

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
    return show_statement(_seat(organization, _project(project), number))


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
    return take_back(_seat(organization, _project(project), number))


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project


def _seat(organization: Scope, project: Scope, number: int) -> Seat:
    root = f"/organizations/{organization.slug}/statements"
    home = f"{root}/{project.slug}/{number}"
    actor, proposal = current_actor(), (organization.id, project.id, number)
    write = Permission.ORGANIZATION_STATEMENT_WRITE
    return Seat(
        project=project,
        home=home,
        here=f"{home}/edit",
        listed=(_("Statements"), root),
        speaker=organization.name,
        writes=may(actor, write, organization_id=organization.id),
        frame=organization_frame(organization),
        read=partial(get_organization_consultation, *proposal, now=now()),
        put=partial(put_statement, actor, *proposal),
        withdraw=partial(withdraw_statement, actor, *proposal),
    )
