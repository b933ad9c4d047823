"""Needs on a project's desk: read what was let through, answer, decline, take up."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.needs import NeedAction
from portal.domain.permissions import Permission, may
from portal.queries.identity.actors import Scope
from portal.queries.workshop.needs import get_project_need, list_project_needs, list_takers
from portal.services.workshop.joining import join_needs
from portal.services.workshop.need_answers import answer_need, write_to_author
from portal.services.workshop.needs import TALKED_ABOUT
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.row_numbers import asked_number
from portal.web.workshop.need_forms import CREDITS, OFFERS, AnswerForm, TakeUpForm

blueprint = Blueprint("need_desk", __name__)

_ONE = "/desk/<project>/needs/<int:number>"


@blueprint.get("/desk/<project>/needs")
@requires(Permission.PROJECT_NEED_READ)
def index(project: Scope) -> ResponseReturnValue:
    """The needs that a steward let through."""
    lines, older = list_project_needs(project.id, before=asked_number("before"))
    return render_template(
        "needs/desk.html",
        **desk_frame(project),
        lines=lines,
        older=older,
        answers=may(current_actor(), Permission.PROJECT_NEED_ANSWER, project_id=project.id),
    )


@blueprint.get(_ONE)
@requires(Permission.PROJECT_NEED_READ)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """One need, the conversation about it, and what can become of it."""
    return _render(project, number, AnswerForm(), TakeUpForm())


@blueprint.post(_ONE)
@requires(Permission.PROJECT_NEED_ANSWER)
def answer(project: Scope, number: int) -> ResponseReturnValue:
    """Write to the author; answer, decline or open the need again."""
    form = AnswerForm()
    if form.validate():
        said = {
            "text": form.text.data,
            "as_project": form.as_project.data,
            "site": collaborators().settings.base_url,
            "now": now(),
        }
        try:
            with transaction():
                if form.action.data == "write":
                    write_to_author(current_actor(), project.id, number, **said)
                else:
                    action = NeedAction(form.action.data)
                    answer_need(current_actor(), project.id, number, action, **said)
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Done. The author gets a mail."), "done")
            return redirect(f"/desk/{project.slug}/needs/{number}", 303)
    return _render(project, number, form, TakeUpForm(formdata=None)), 422


@blueprint.post(f"{_ONE}/take-up")
@requires(Permission.PROJECT_NEED_ANSWER)
def take_up(project: Scope, number: int) -> ResponseReturnValue:
    """Let a proposal answer the need."""
    form = TakeUpForm()
    form.offer(list_takers(project.id))
    if form.validate():
        try:
            with transaction():
                join_needs(
                    current_actor(),
                    project.id,
                    [number],
                    form.proposal.data,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The proposal answers this need now. The author gets a mail."), "done")
            return redirect(f"/desk/{project.slug}/needs/{number}", 303)
    return _render(project, number, AnswerForm(formdata=None), form), 422


def _render(project: Scope, number: int, form: AnswerForm, taking: TakeUpForm) -> str:
    screens = may(current_actor(), Permission.PROJECT_SCREENING_DECIDE, project_id=project.id)
    page = get_project_need(project.id, number, screening=screens)
    taking.offer(list_takers(project.id))
    form.offer(page.state)
    return render_template(
        "needs/desk_show.html",
        **desk_frame(project),
        page=page,
        form=form,
        taking=taking,
        talks=page.state in TALKED_ABOUT,
        answers=may(current_actor(), Permission.PROJECT_NEED_ANSWER, project_id=project.id),
        credits=CREDITS,
        offers=OFFERS,
    )
