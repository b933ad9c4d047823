"""Conduct reports: the page about how they are handled, and a reporter's own reports."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.conduct import read_place
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope, find_project
from portal.queries.projects.public_project import get_project_frame
from portal.queries.workshop.conduct import (
    ReportPage,
    get_own_report,
    is_in_room,
    list_holders,
    list_own_reports,
)
from portal.services.sent_forms import take_form
from portal.services.workshop.conduct import NOT_IN_ROOM, report_conduct, write_to_stewards
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.forms import refused
from portal.web.page_cache import public_page
from portal.web.workshop.conduct_forms import ENDINGS, NoteForm, ReportForm

blueprint = Blueprint("conduct", __name__)


@blueprint.get("/p/<project>/conduct")
@public_page
def how(project: str) -> ResponseReturnValue:
    """How conduct reports are handled, and by whom."""
    frame = get_project_frame(project)
    stewards = list_holders(frame.id, stewards=True)
    return render_template("public/conduct.html", project=frame, stewards=stewards, now=now())


@blueprint.get("/conduct")
@requires(Permission.PERSON_CONDUCT_REPORT)
def mine() -> ResponseReturnValue:
    """One's own reports."""
    reports = list_own_reports(current_actor().person_id)
    return render_template("conduct/mine.html", reports=reports)


@blueprint.get("/conduct/to/<project>")
@requires(Permission.PERSON_CONDUCT_REPORT)
def new(project: str) -> ResponseReturnValue:
    """An empty report to a project's stewards; ``?page=`` says where it happened."""
    form = ReportForm(data={"page": request.args.get("page", "")[:300]})
    return _render_form(_project(project), form)


@blueprint.post("/conduct/to/<project>")
@requires(Permission.PERSON_CONDUCT_REPORT)
def report(project: str) -> ResponseReturnValue:
    """Hand a report to the stewards."""
    scope, form = _project(project), ReportForm()
    form.offer(list_holders(scope.id))
    if form.validate():
        site = collaborators().settings.base_url
        try:
            with transaction():
                take_form(form.sent, now=now())
                report_id = report_conduct(
                    current_actor(),
                    scope.id,
                    what=form.what.data,
                    who=form.who.data,
                    page=read_place(form.page.data, base_url=site),
                    kept_away=form.kept_away.data or (),
                    site=site,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Thank you. Your report has arrived, and a mail confirms it."), "good")
            return redirect(f"/conduct/{report_id}", 303)
    return _render_form(scope, form), 422


@blueprint.get("/conduct/<int:report_id>")
@requires(Permission.PERSON_CONDUCT_REPORT)
def show(report_id: int) -> ResponseReturnValue:
    """One's own report: where it stands, what was done, the notes."""
    return _render(get_own_report(report_id, current_actor().person_id), NoteForm())


@blueprint.post("/conduct/<int:report_id>/notes")
@requires(Permission.PERSON_CONDUCT_REPORT)
def write(report_id: int) -> ResponseReturnValue:
    """Write to the stewards about one's own report."""
    page, form = get_own_report(report_id, current_actor().person_id), NoteForm()
    if not form.validate():
        return _render(page, form), 422
    try:
        with transaction():
            take_form(form.sent, now=now())
            write_to_stewards(
                current_actor(),
                report_id,
                form.text.data,
                site=collaborators().settings.base_url,
                now=now(),
            )
    except Refusal as refusal:
        refused(form, refusal)
        return _render(page, form), 422
    flash(_("Your note is with the stewards."), "good")
    return redirect(f"/conduct/{report_id}", 303)


def _project(slug: str) -> Scope:
    project = find_project(slug)
    if project is None:
        raise NotFound("project")
    return project


def _render_form(project: Scope, form: ReportForm) -> str:
    form.offer(list_holders(project.id))
    stewards = list_holders(project.id, stewards=True)
    obstacle = None if is_in_room(current_actor(), project.id) else NOT_IN_ROOM.message
    return render_template(
        "conduct/new.html", project=project, form=form, stewards=stewards, obstacle=obstacle
    )


def _render(page: ReportPage, form: NoteForm) -> str:
    return render_template("conduct/show.html", page=page, form=form, endings=ENDINGS)
