"""Support on a project's desk: the queue, one request, what was closed, the gaps it showed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission, may
from portal.domain.support import RUNNING, SupportAction
from portal.queries.identity.actors import Scope
from portal.queries.workshop.blocks import find_blockable
from portal.queries.workshop.support_desk import (
    get_desk_request,
    get_support_desk,
    list_closed_support,
    list_gaps,
)
from portal.services.sent_forms import take_form
from portal.services.workshop.documentation_gaps import write_off_gap
from portal.services.workshop.support_answers import answer_support, close_support
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.row_numbers import asked_number
from portal.web.workshop.support_forms import GapForm, SupportAnswerForm

blueprint = Blueprint("support_desk", __name__)

_DESK = "/desk/<project>/support"
_ONE = f"{_DESK}/<int:number>"


@blueprint.get(_DESK)
@requires(Permission.PROJECT_SUPPORT_READ)
def desk(project: Scope) -> ResponseReturnValue:
    """What waits, the oldest first."""
    return render_template(
        "support/desk.html",
        **desk_frame(project),
        desk=get_support_desk(project.id, now=now()),
        answers=_answers(project),
        today=now().date(),
    )


@blueprint.get(f"{_DESK}/closed")
@requires(Permission.PROJECT_SUPPORT_READ)
def closed(project: Scope) -> ResponseReturnValue:
    """What was closed, the newest first."""
    lines, older = list_closed_support(project.id, before=asked_number("before"))
    return render_template("support/closed.html", **desk_frame(project), lines=lines, older=older)


@blueprint.get(_ONE)
@requires(Permission.PROJECT_SUPPORT_READ)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """One request, the conversation about it, and what can become of it."""
    return _render(project, number, SupportAnswerForm())


@blueprint.post(_ONE)
@requires(Permission.PROJECT_SUPPORT_ANSWER)
def answer(project: Scope, number: int) -> ResponseReturnValue:
    """Answer a request, or close it as what it was, with last words or without."""
    form = SupportAnswerForm()
    if form.validate():
        try:
            with transaction():
                take_form(form.sent, now=now())
                _act(project, number, SupportAction(form.action.data), form)
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Done. Those who asked get a mail."), "done")
            return redirect(f"/desk/{project.slug}/support#queue", 303)
    return _render(project, number, form), 422


@blueprint.post(f"{_ONE}/close")
@requires(Permission.PROJECT_SUPPORT_ANSWER)
def close(project: Scope, number: int) -> ResponseReturnValue:
    """Close a request from the desk, with one click and no more words."""
    form = SupportAnswerForm()
    try:
        with transaction():
            _act(project, number, _closing(request.form.get("action", "")), form, silent=True)
    except Refusal as refusal:
        flash(refusal.message, "bad")
    else:
        flash(_("Closed. Those who asked get a mail."), "done")
    return redirect(f"/desk/{project.slug}/support#queue", 303)


@blueprint.get(f"{_DESK}/gaps")
@requires(Permission.PROJECT_SUPPORT_READ)
def gaps(project: Scope) -> ResponseReturnValue:
    """Gaps in the documentation that requests found."""
    return _render_gaps(project)


@blueprint.post(f"{_DESK}/gaps/<int:number>")
@requires(Permission.PROJECT_SUPPORT_ANSWER)
def write_off(project: Scope, number: int) -> ResponseReturnValue:
    """Say that a gap is written, and where."""
    form = GapForm()
    if not form.validate():
        return _render_gaps(project, form=form, wrong=number), 422
    with transaction():
        write_off_gap(
            current_actor(), project.id, number, url=form.url.data, site=_site(), now=now()
        )
    flash(_("Written. Those who asked get a mail."), "good")
    return redirect(f"/desk/{project.slug}/support/gaps", 303)


def _closing(typed: str) -> SupportAction:
    try:
        return SupportAction(typed)
    except ValueError:
        raise Refusal("support.action", "Choose what the request was.", field="action") from None


def _act(
    project: Scope,
    number: int,
    action: SupportAction,
    form: SupportAnswerForm,
    *,
    silent: bool = False,
) -> None:
    actor, text = current_actor(), "" if silent else form.text.data
    as_project, site = form.as_project.data, _site()
    if action is SupportAction.ANSWER:
        answer_support(
            actor, project.id, number, text=text, as_project=as_project, site=site, now=now()
        )
    else:
        close_support(
            actor, project.id, number, action,
            text=text, as_project=as_project, site=site, now=now(),
        )  # fmt: skip


def _answers(project: Scope) -> bool:
    return may(current_actor(), Permission.PROJECT_SUPPORT_ANSWER, project_id=project.id)


def _site() -> str:
    return collaborators().settings.base_url


def _render(project: Scope, number: int, form: SupportAnswerForm) -> str:
    page = get_desk_request(project.id, number)
    return render_template(
        "support/desk_show.html",
        **desk_frame(project),
        page=page,
        form=form,
        answers=_answers(project) and page.state in RUNNING,
        reads_needs=may(current_actor(), Permission.PROJECT_NEED_READ, project_id=project.id),
        blockable=find_blockable(current_actor(), project.id),
        today=now().date(),
    )


def _render_gaps(project: Scope, *, form: GapForm | None = None, wrong: int | None = None) -> str:
    open_, written = list_gaps(project.id)
    return render_template(
        "support/gaps.html",
        **desk_frame(project),
        open=open_,
        written=written,
        answers=_answers(project),
        form=form or GapForm(formdata=None),
        wrong=wrong,
    )
