"""Statements on an organization's desk: read a consultation, put, change and withdraw one."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Permission
from portal.domain.statements import StatementState
from portal.queries.identity.actors import Scope, find_project
from portal.queries.weights.electorate import find_standing
from portal.queries.workshop.own_statements import (
    OwnConsultation,
    get_organization_consultation,
    list_consultations,
)
from portal.services.workshop.statements import put_statement, withdraw_statement
from portal.web.access import current_actor, now, requires
from portal.web.forms import refused
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.statement_forms import POSITIONS, SHOWN, STATEMENT_CREDITS, StatementForm

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
    page = _page(organization, _project(project), number)
    return render_template(
        "statements/show.html",
        **organization_frame(organization),
        page=page,
        positions=POSITIONS,
        credits=STATEMENT_CREDITS,
        promise=SHOWN,
    )


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def edit(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """The statement as a form."""
    page = _page(organization, _project(project), number)
    return _render_form(organization, page, opened_form(page))


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def put(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """Hand the statement in."""
    scope, form, status = _project(project), StatementForm(), 422
    if form.validate():
        try:
            with transaction():
                put_statement(
                    current_actor(),
                    organization.id,
                    scope.id,
                    number,
                    form.read(),
                    seen=form.seen,
                    read_standing=partial(find_standing, scope.id, now=now()),
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = 409 if isinstance(error, Conflict) else 422
        else:
            flash(_("Your statement is handed in."), "good")
            return _to(organization, scope, number)
    page = _page(organization, scope, number)
    if status == 409 and page.own is not None:  # noqa: PLR2004
        # Having seen the saved text beside their own, they may hand theirs in over it.
        form.revision.data = str(page.own.revision)
    return _render_form(organization, page, form, conflict=status == 409), status  # noqa: PLR2004


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.ORGANIZATION_STATEMENT_WRITE)
def withdraw(organization: Scope, project: str, number: int) -> ResponseReturnValue:
    """Take the statement back."""
    scope = _project(project)
    with transaction():
        withdraw_statement(current_actor(), organization.id, scope.id, number, now=now())
    flash(_("The statement is withdrawn, and its words are deleted."), "good")
    return _to(organization, scope, number)


def opened_form(page: OwnConsultation) -> StatementForm:
    """The form as it opens: with the statement that stands, or empty."""
    form = StatementForm(formdata=None, pseudonym=page.last_pseudonym)
    if page.own is not None:
        if page.own.state is not StatementState.WITHDRAWN:
            form.show(page.own)
        form.revision.data = str(page.own.revision)
    return form


def _page(organization: Scope, project: Scope, number: int) -> OwnConsultation:
    return get_organization_consultation(organization.id, project.id, number, now=now())


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project


def _to(organization: Scope, project: Scope, number: int) -> ResponseReturnValue:
    url = f"/organizations/{organization.slug}/statements/{project.slug}/{number}"
    return redirect(url, 303)


def _render_form(
    organization: Scope, page: OwnConsultation, form: StatementForm, *, conflict: bool = False
) -> str:
    return render_template(
        "statements/edit.html",
        **organization_frame(organization),
        home=f"/organizations/{organization.slug}/statements/{page.project_slug}/{page.number}",
        speaker=organization.name,
        page=page,
        form=form,
        conflict=conflict,
        positions=POSITIONS,
        credits=STATEMENT_CREDITS,
        promise=SHOWN,
    )
