"""A consultation on its project's desk: the statements, a maintainer's own, and the summary."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.needs import Credit
from portal.domain.permissions import Permission, may
from portal.domain.proposals import ProposalState
from portal.queries.identity.actors import Scope
from portal.queries.weights.electorate import get_charter
from portal.queries.workshop.own_statements import OwnConsultation, get_personal_consultation
from portal.queries.workshop.statements import Consultation, get_consultation
from portal.services.workshop.statements import put_own_statement, withdraw_own_statement
from portal.services.workshop.summaries import write_summary
from portal.web.access import current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.workshop.statement_forms import POSITIONS, SHOWN, STATEMENT_CREDITS, SummaryForm
from portal.web.workshop.statement_pages import Seat, save, show_form, take_back

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
    return show_form(_seat(project, number))


@blueprint.post(f"{_ONE}/own")
@requires(Permission.PROJECT_STATEMENT_WRITE)
def put(project: Scope, number: int) -> ResponseReturnValue:
    """Hand in one's own statement."""
    return save(_seat(project, number))


@blueprint.post(f"{_ONE}/own/withdraw")
@requires(Permission.PROJECT_STATEMENT_WRITE)
def withdraw(project: Scope, number: int) -> ResponseReturnValue:
    """Take one's own statement back."""
    return take_back(_seat(project, number))


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
            return redirect(_home(project, number), 303)
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


def _home(project: Scope, number: int) -> str:
    return f"/desk/{project.slug}/proposals/{number}/statements"


def _seat(project: Scope, number: int) -> Seat:
    home = _home(project, number)
    return Seat(
        project=project,
        home=home,
        here=f"{home}/own",
        speaker=_("In person, as a maintainer"),
        frame=desk_frame(project),
        read=partial(_own, project, number),
        put=partial(put_own_statement, current_actor(), project.id, number),
        withdraw=partial(withdraw_own_statement, current_actor(), project.id, number),
        credit=Credit.PERSON,
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
