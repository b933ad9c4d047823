"""Conduct reports on a project's desk, for stewards who may handle them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.conduct import ReportEnding
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.conduct import get_conduct_desk, get_desk_report, list_holders
from portal.services.sent_forms import take_form
from portal.services.workshop.conduct import (
    close_report,
    keep_away,
    look_at,
    reopen_report,
    write_to_reporter,
)
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.workshop.conduct_forms import ENDINGS, EndingForm, NoteForm, PersonForm

blueprint = Blueprint("conduct_desk", __name__)

_DESK = "/desk/<project>/conduct"
_ONE = f"{_DESK}/<int:number>"


@blueprint.get(_DESK)
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def index(project: Scope) -> ResponseReturnValue:
    """The reports that this steward may handle."""
    desk = get_conduct_desk(project.id, current_actor().person_id)
    return render_template("conduct/desk.html", **desk_frame(project), desk=desk)


@blueprint.get(_ONE)
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """One report in full."""
    return _render(project, number)


@blueprint.post(f"{_ONE}/look")
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def look(project: Scope, number: int) -> ResponseReturnValue:
    """Say that somebody looks at it."""
    return _step(project, number, look_at, _("The reporter knows that you look at it."))


@blueprint.post(f"{_ONE}/reopen")
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def reopen(project: Scope, number: int) -> ResponseReturnValue:
    """Look at a closed report again."""
    return _step(project, number, reopen_report, _("It is open again."))


@blueprint.post(f"{_ONE}/close")
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def close(project: Scope, number: int) -> ResponseReturnValue:
    """Close it with what was done and why."""
    form = EndingForm()
    if form.validate():
        try:
            with transaction():
                close_report(
                    current_actor(),
                    project.id,
                    number,
                    ReportEnding(form.ending.data),
                    reason=form.reason.data,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Closed. The reporter gets a mail."), "done")
            return redirect(f"/desk/{project.slug}/conduct", 303)
    return _render(project, number, ending=form), 422


@blueprint.post(f"{_ONE}/notes")
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def write(project: Scope, number: int) -> ResponseReturnValue:
    """Write to the reporter."""
    form = NoteForm()
    if not form.validate():
        return _render(project, number, note=form), 422
    try:
        with transaction():
            take_form(form.sent, now=now())
            write_to_reporter(
                current_actor(),
                project.id,
                number,
                form.text.data,
                site=collaborators().settings.base_url,
                now=now(),
            )
    except Refusal as refusal:
        refused(form, refusal)
        return _render(project, number, note=form), 422
    flash(_("The reporter gets a mail that you wrote."), "good")
    return redirect(f"/desk/{project.slug}/conduct/{number}", 303)


@blueprint.post(f"{_ONE}/keep-away")
@requires(Permission.PROJECT_CONDUCT_HANDLE)
def keep(project: Scope, number: int) -> ResponseReturnValue:
    """Keep it away from another maintainer, or step aside."""
    form = PersonForm()
    form.offer(_choices(project))
    if not form.validate():
        return _render(project, number, person=form), 422
    with transaction():
        keep_away(current_actor(), project.id, number, form.person.data, now=now())
    flash(_("They see nothing of it from now on."), "good")
    return redirect(f"/desk/{project.slug}/conduct", 303)


def _step(project: Scope, number: int, verb: Callable[..., None], said: str) -> ResponseReturnValue:
    with transaction():
        site = collaborators().settings.base_url
        verb(current_actor(), project.id, number, site=site, now=now())
    flash(said, "good")
    return redirect(f"/desk/{project.slug}/conduct/{number}", 303)


def _choices(project: Scope) -> tuple[tuple[int, str], ...]:
    me = current_actor().person_id
    return tuple(
        (each.person_id, _("Me: I step aside") if each.person_id == me else each.name)
        for each in list_holders(project.id)
    )


def _render(project: Scope, number: int, **forms: Any) -> str:  # noqa: ANN401 - whichever form
    page = get_desk_report(project.id, number, current_actor().person_id)
    person = forms.get("person") or PersonForm(formdata=None)
    person.offer(_choices(project))
    return render_template(
        "conduct/desk_show.html",
        **desk_frame(project),
        page=page,
        ending=forms.get("ending") or EndingForm(formdata=None),
        note=forms.get("note") or NoteForm(formdata=None),
        person=person,
        endings=ENDINGS,
    )
