"""The operator's pages: all projects, and a new one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.projects.project_desk import list_projects
from portal.services.projects.projects import create_project
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.forms import refused
from portal.web.projects.project_forms import NewProjectForm

blueprint = Blueprint("operator", __name__)


@blueprint.get("/operator/projects")
@requires(Permission.PORTAL_PROJECT_CREATE)
def projects() -> ResponseReturnValue:
    """All projects of this portal."""
    return render_template("operator/projects.html", projects=list_projects())


@blueprint.get("/operator/projects/new")
@requires(Permission.PORTAL_PROJECT_CREATE)
def new_project() -> ResponseReturnValue:
    """The form of a new project."""
    return render_template("operator/new_project.html", form=NewProjectForm())


@blueprint.post("/operator/projects/new")
@requires(Permission.PORTAL_PROJECT_CREATE)
def add_project() -> ResponseReturnValue:
    """Create a project with its first lead."""
    form = NewProjectForm()
    if not form.validate():
        return render_template("operator/new_project.html", form=form), 422
    try:
        with transaction():
            create_project(
                current_actor(),
                slug=form.slug.data,
                name=form.name.data,
                currency=form.currency.data,
                lead_email=form.lead_email.data,
                desk_url=f"{collaborators().settings.base_url}/desk/{form.slug.data}",
                now=now(),
            )
    except Refusal as refusal:
        refused(form, refusal)
        return render_template("operator/new_project.html", form=form), 422
    flash(_("%(name)s is created, and its lead has mail.", name=form.name.data), "good")
    return redirect("/operator/projects", 303)
