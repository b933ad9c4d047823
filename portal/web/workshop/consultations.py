"""A consultation on its project's desk: the statements, a maintainer's own, and the summary."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Permission, may
from portal.domain.proposals import ProposalState
from portal.queries.identity.actors import Scope
from portal.queries.weights.electorate import find_standing, get_charter
from portal.queries.workshop.own_statements import OwnConsultation, get_personal_consultation
from portal.queries.workshop.statements import Consultation, get_consultation
from portal.services.workshop.statements import put_own_statement, withdraw_own_statement
from portal.services.workshop.summaries import write_summary
from portal.web.access import current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.workshop.statement_forms import (
    POSITIONS,
    SHOWN,
    STATEMENT_CREDITS,
    StatementForm,
    SummaryForm,
)
from portal.web.workshop.statements import opened_form

blueprint = Blueprint("consultations", __name__)

_ONE = "/desk/<project>/proposals/<int:number>/statements"
_SUMMARY = "/desk/<project>/proposals/<int:number>/summary"


@blueprint.get(_ONE)
@requires(Permission.PROJECT_STATEMENT_READ)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """What was released, side by side, and what is kept among maintainers."""
    actor = current_actor()
    screens = may(actor, Permission.PROJECT_SCREENING_DECIDE, project_id=project.id)
    page = get_consultation(project.id, number, private=True, handles=screens)
    writes = may(actor, Permission.PROJECT_STATEMENT_WRITE, project_id=project.id)
    return render_template(
        "statements/desk.html",
        **desk_frame(project),
        page=page,
        seat=_own(project, number) if writes else None,
        screens=screens,
        summarizes=_summarizes(project, page),
        positions=POSITIONS,
        credits=STATEMENT_CREDITS,
        promise=SHOWN,
    )


@blueprint.get(f"{_ONE}/own")
@requires(Permission.PROJECT_STATEMENT_WRITE)
def edit(project: Scope, number: int) -> ResponseReturnValue:
    """A maintainer's own statement, as a form."""
    page = _own(project, number)
    return _render_form(project, page, opened_form(page))


@blueprint.post(f"{_ONE}/own")
@requires(Permission.PROJECT_STATEMENT_WRITE)
def put(project: Scope, number: int) -> ResponseReturnValue:
    """Hand in one's own statement."""
    form, status = StatementForm(), 422
    form.speak_in_person()
    if form.validate():
        try:
            with transaction():
                put_own_statement(
                    current_actor(),
                    project.id,
                    number,
                    form.read(),
                    seen=form.seen,
                    read_standing=partial(find_standing, project.id, now=now()),
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = 409 if isinstance(error, Conflict) else 422
        else:
            flash(_("Your statement is handed in."), "good")
            return _to(project, number)
    page = _own(project, number)
    if status == 409 and page.own is not None:  # noqa: PLR2004
        form.revision.data = str(page.own.revision)
    return _render_form(project, page, form, conflict=status == 409), status  # noqa: PLR2004


@blueprint.post(f"{_ONE}/own/withdraw")
@requires(Permission.PROJECT_STATEMENT_WRITE)
def withdraw(project: Scope, number: int) -> ResponseReturnValue:
    """Take one's own statement back."""
    with transaction():
        withdraw_own_statement(current_actor(), project.id, number, now=now())
    flash(_("The statement is withdrawn, and its words are deleted."), "good")
    return _to(project, number)


@blueprint.get(_SUMMARY)
@requires(Permission.PROJECT_SUMMARY_EDIT)
def edit_summary(project: Scope, number: int) -> ResponseReturnValue:
    """The summary as a form."""
    page = get_consultation(project.id, number, private=True)
    form = SummaryForm(text=page.summary, revision=str(page.summary_revision))
    return _render_summary(project, page, form)


@blueprint.post(_SUMMARY)
@requires(Permission.PROJECT_SUMMARY_EDIT)
def save_summary(project: Scope, number: int) -> ResponseReturnValue:
    """Save the summary; never over somebody else's newer one."""
    form, status = SummaryForm(), 422
    if form.validate():
        try:
            with transaction():
                write_summary(
                    current_actor(),
                    project.id,
                    number,
                    form.text.data,
                    seen=form.seen,
                    shown=get_charter(project.id).statements_shown,
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = 409 if isinstance(error, Conflict) else 422
        else:
            flash(_("The summary is saved."), "good")
            return _to(project, number)
    page = get_consultation(project.id, number, private=True)
    conflict = status == 409  # noqa: PLR2004
    if conflict:
        form.revision.data = str(page.summary_revision)
    return _render_summary(project, page, form, conflict=conflict), status


def _own(project: Scope, number: int) -> OwnConsultation:
    person_id = current_actor().person_id or 0
    return get_personal_consultation(project.id, number, person_id, now=now())


def _summarizes(project: Scope, page: Consultation) -> bool:
    writes = may(current_actor(), Permission.PROJECT_SUMMARY_EDIT, project_id=project.id)
    return writes and page.state is ProposalState.CONSULTATION


def _to(project: Scope, number: int) -> ResponseReturnValue:
    return redirect(f"/desk/{project.slug}/proposals/{number}/statements", 303)


def _render_form(
    project: Scope, page: OwnConsultation, form: StatementForm, *, conflict: bool = False
) -> str:
    form.speak_in_person()
    home = f"/desk/{project.slug}/proposals/{page.number}/statements"
    return render_template(
        "statements/edit.html",
        **desk_frame(project),
        home=home,
        here=f"{home}/own",
        speaker=_("In person, as a maintainer"),
        page=page,
        form=form,
        conflict=conflict,
        positions=POSITIONS,
        credits=STATEMENT_CREDITS,
        promise=SHOWN,
    )


def _render_summary(
    project: Scope, page: Consultation, form: SummaryForm, *, conflict: bool = False
) -> str:
    return render_template(
        "statements/summary.html",
        **desk_frame(project),
        page=page,
        form=form,
        conflict=conflict,
        positions=POSITIONS,
    )
