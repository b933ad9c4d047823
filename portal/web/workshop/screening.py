"""The screening desk: what waits for a steward, one step each; trust, pause and quiet time."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.needs import NeedAction
from portal.domain.permissions import Permission
from portal.domain.statements import StatementAction
from portal.queries.identity.actors import Scope
from portal.queries.workshop.blocks import find_blockable
from portal.queries.workshop.screening import IntakeState, find_intake, get_screening_desk
from portal.services.workshop.screening import (
    grant_trust,
    screen_message,
    screen_need,
    set_intake,
    withdraw_trust,
)
from portal.services.workshop.statement_screening import recall_statement, screen_statement
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.workshop.need_forms import CREDITS, OFFERS, IntakeForm, ScreeningForm
from portal.web.workshop.statement_forms import POSITIONS

blueprint = Blueprint("screening", __name__)

_DESK = "/desk/<project>/screening"


@blueprint.get(_DESK)
@requires(Permission.PROJECT_SCREENING_DECIDE)
def desk(project: Scope) -> ResponseReturnValue:
    """What waits, the oldest first."""
    return _render(project)


@blueprint.post(f"{_DESK}/needs/<int:number>")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def decide_need(project: Scope, number: int) -> ResponseReturnValue:
    """Release a need, keep it private, ask for other words, or refuse it."""
    form = ScreeningForm()
    if form.validate():
        try:
            with transaction():
                screen_need(
                    current_actor(),
                    project.id,
                    number,
                    NeedAction(form.action.data),
                    reason=form.said,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Done. The author gets a mail."), "done")
            return _back(project)
    return _render(project, form=form, wrong=number), 422


@blueprint.post(f"{_DESK}/messages/<int:message_id>")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def decide_message(project: Scope, message_id: int) -> ResponseReturnValue:
    """Release a message to the maintainers, or refuse it."""
    form = ScreeningForm()
    if form.validate():
        try:
            with transaction():
                screen_message(
                    current_actor(),
                    project.id,
                    message_id,
                    released=form.action.data == NeedAction.RELEASE,
                    reason=form.said,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Done."), "done")
            return _back(project)
    return _render(project, form=form, wrong=-message_id), 422


@blueprint.post(f"{_DESK}/statements/<int:statement_id>/<int:revision>")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def decide_statement(project: Scope, statement_id: int, revision: int) -> ResponseReturnValue:
    """Release a statement as it was read, keep it private, ask for other words, or refuse it."""
    form = ScreeningForm()
    if form.validate():
        try:
            with transaction():
                screen_statement(
                    current_actor(),
                    project.id,
                    statement_id,
                    StatementAction(form.action.data),
                    seen=revision,
                    reason=form.said,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
        else:
            flash(_("Done. The author gets a mail."), "done")
            return _back(project)
    return _render(project, form=form, wrong_statement=statement_id), 422


@blueprint.post(f"{_DESK}/statements/<int:statement_id>/recall")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def recall(project: Scope, statement_id: int) -> ResponseReturnValue:
    """Put a statement that others can read back on this desk."""
    with transaction():
        recall_statement(current_actor(), project.id, statement_id, now=now())
    flash(_("It is back on this desk; nobody else reads it until you release it."), "good")
    return _back(project)


@blueprint.post(f"{_DESK}/trust/<int:person_id>")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def trust(project: Scope, person_id: int) -> ResponseReturnValue:
    """Let somebody's words skip the screening."""
    with transaction():
        grant_trust(current_actor(), project.id, person_id, now=now())
    flash(_("Trusted: what they write skips this desk from now on."), "good")
    return _back(project)


@blueprint.post(f"{_DESK}/distrust/<int:person_id>")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def distrust(project: Scope, person_id: int) -> ResponseReturnValue:
    """Screen somebody's words again."""
    with transaction():
        withdraw_trust(current_actor(), project.id, person_id, now=now())
    flash(_("What they write comes to this desk again."), "good")
    return _back(project)


@blueprint.post(f"{_DESK}/intake")
@requires(Permission.PROJECT_SCREENING_DECIDE)
def intake(project: Scope) -> ResponseReturnValue:
    """Pause the intake, keep a quiet time, or open it again."""
    form = IntakeForm()
    if form.validate():
        try:
            with transaction():
                set_intake(
                    current_actor(),
                    project.id,
                    paused=form.paused.data,
                    pause_note=form.pause_note.data,
                    quiet_until=form.quiet_until_instant,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Saved."), "good")
            return _back(project)
    return _render(project, intake_form=form), 422


def _render(
    project: Scope,
    *,
    form: ScreeningForm | None = None,
    wrong: int | None = None,
    wrong_statement: int | None = None,
    intake_form: IntakeForm | None = None,
) -> str:
    """The desk; ``wrong`` is the number of the need, or minus the id of the message, in error."""
    desk = get_screening_desk(project.id, now=now())
    waiting = {each.number for each in desk.needs} | {-each.id for each in desk.messages}
    shown = wrong in waiting or wrong_statement in {each.id for each in desk.statements}
    return render_template(
        "screening/desk.html",
        **desk_frame(project),
        desk=desk,
        blank=ScreeningForm(formdata=None),
        form=form,
        stray=None if shown else form,
        wrong=wrong,
        wrong_statement=wrong_statement,
        positions=POSITIONS,
        intake=intake_form or _intake_form(find_intake(project.id)),
        credits=CREDITS,
        offers=OFFERS,
        blockable=find_blockable(current_actor(), project.id),
    )


def _back(project: Scope) -> Response:
    """To the queue: what is said of the step stands there, right above what is next."""
    return redirect(f"/desk/{project.slug}/screening#queue", 303)


def _intake_form(state: IntakeState) -> IntakeForm:
    quiet = state.quiet_until
    return IntakeForm(
        formdata=None,
        paused=state.paused,
        pause_note=state.pause_note,
        quiet_until=quiet.date() if quiet and quiet > now() else None,
    )
