"""The maintainers' desk: overview, project profile, maintainers, audit."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Permission, ProjectRole, may
from portal.domain.tasks import Desk, count_waiting
from portal.queries.billing.selfcheck import find_last_run
from portal.queries.desks.desks import find_my_desks, get_overview
from portal.queries.identity.actors import Scope
from portal.queries.identity.audit import list_project_audit
from portal.queries.projects.project_desk import MaintainerLine, find_people, get_profile
from portal.services.projects.maintainers import (
    change_roles,
    invite_maintainer,
    withdraw_invitation,
)
from portal.services.projects.projects import edit_profile
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.projects.project_forms import ROLES, InvitationForm, ProfileForm, RolesForm
from portal.web.projects.task_words import list_tasks

blueprint = Blueprint("desk", __name__)


@blueprint.get("/desk")
@requires(Permission.PERSON_DESK_READ)
def mine() -> ResponseReturnValue:
    """Everything the reader has roles in, and what waits there."""
    actor = current_actor()
    desks = find_my_desks(actor, now=now())
    places = (
        (Desk.PROJECT, "/desk", desks.projects),
        (Desk.ORGANIZATION, "/organizations", desks.organizations),
        (Desk.CONTRIBUTOR, "/contributor", desks.contributions),
    )
    roots = {
        (desk, each.id): (f"{root}/{each.slug}", each.name)
        for desk, root, found in places
        for each in found
    }
    return render_template(
        "desk/mine.html",
        desks=desks,
        actor=actor,
        tasks=list_tasks(desks.tasks, roots, now=now()),
    )


@blueprint.get("/desk/<project>")
@requires(Permission.PROJECT_DESK_READ)
def overview(project: Scope) -> ResponseReturnValue:
    """What needs the reader on this desk."""
    actor = current_actor()
    found = get_overview(project.id, actor, now=now())
    roots = {(Desk.PROJECT, project.id): (f"/desk/{project.slug}", "")}
    return render_template(
        "desk/overview.html",
        **desk_frame(project),
        overview=found,
        tasks=list_tasks(found.tasks, roots, now=now()),
        count=count_waiting(found.tasks, now=now()),
        drafts=may(actor, Permission.PROJECT_PROPOSAL_EDIT, project_id=project.id),
        last_run=find_last_run(project.id),
        may_see_run=may(actor, Permission.PROJECT_LEDGER_READ, project_id=project.id),
    )


@blueprint.get("/desk/<project>/profile")
@requires(Permission.PROJECT_PROFILE_EDIT)
def profile(project: Scope) -> ResponseReturnValue:
    """What the project says about itself, as a form."""
    form = ProfileForm(obj=get_profile(project.id))
    return render_template("desk/profile.html", **desk_frame(project), form=form)


@blueprint.post("/desk/<project>/profile")
@requires(Permission.PROJECT_PROFILE_EDIT)
def save_profile(project: Scope) -> ResponseReturnValue:
    """Change what the project says about itself."""
    form = ProfileForm()
    if not form.validate():
        return render_template("desk/profile.html", **desk_frame(project), form=form), 422
    with transaction():
        changed = edit_profile(current_actor(), project.id, form.read(), now=now())
    flash(_("Saved.") if changed else _("Nothing was changed."), "good" if changed else "info")
    return redirect(f"/desk/{project.slug}/profile", 303)


@blueprint.get("/desk/<project>/maintainers")
@requires(Permission.PROJECT_MAINTAINERS_EDIT)
def maintainers(project: Scope) -> ResponseReturnValue:
    """Who maintains the project, and who is invited to."""
    return _maintainers(project, InvitationForm())


@blueprint.post("/desk/<project>/maintainers")
@requires(Permission.PROJECT_MAINTAINERS_EDIT)
def invite(project: Scope) -> ResponseReturnValue:
    """Offer somebody a role by mail."""
    form = InvitationForm()
    if not form.validate():
        return _maintainers(project, form), 422
    base = collaborators().settings.base_url
    try:
        with transaction():
            invite_maintainer(
                current_actor(),
                project.id,
                email=form.email.data,
                role=ProjectRole(form.role.data),
                link_url=lambda token: f"{base}/invitations/{token}",
                now=now(),
            )
    except Refusal as refusal:
        refused(form, refusal)
        return _maintainers(project, form), 422
    flash(_("The invitation is on its way to %(email)s.", email=form.email.data), "good")
    return redirect(f"/desk/{project.slug}/maintainers", 303)


def _maintainers(project: Scope, form: InvitationForm) -> str:
    people = find_people(project.id, now=now())
    return render_template(
        "desk/maintainers.html", **desk_frame(project), people=people, form=form, role_names=ROLES
    )


@blueprint.post("/desk/<project>/maintainers/invitations/<int:invitation_id>/withdraw")
@requires(Permission.PROJECT_MAINTAINERS_EDIT)
def withdraw(project: Scope, invitation_id: int) -> ResponseReturnValue:
    """Make an invitation worthless."""
    with transaction():
        withdraw_invitation(current_actor(), project.id, invitation_id, now=now())
    flash(_("The invitation is withdrawn."), "good")
    return redirect(f"/desk/{project.slug}/maintainers", 303)


@blueprint.get("/desk/<project>/maintainers/<int:person_id>")
@requires(Permission.PROJECT_MAINTAINERS_EDIT)
def maintainer(project: Scope, person_id: int) -> ResponseReturnValue:
    """One maintainer's roles, as a form."""
    line = _find_maintainer(project, person_id)
    form = RolesForm(roles=[role.value for role in line.roles])
    return _maintainer(project, line, form)


@blueprint.post("/desk/<project>/maintainers/<int:person_id>")
@requires(Permission.PROJECT_MAINTAINERS_EDIT)
def save_roles(project: Scope, person_id: int) -> ResponseReturnValue:
    """Change a maintainer's roles, or remove the maintainer."""
    line = _find_maintainer(project, person_id)
    form = RolesForm()
    removing = request.form.get("step") == "remove"
    if not removing and not form.validate():
        return _maintainer(project, line, form), 422
    roles = frozenset() if removing else form.read()
    try:
        with transaction():
            change_roles(current_actor(), project.id, person_id, roles, now=now())
    except Refusal as refusal:
        refused(form, refusal)
        return _maintainer(project, line, form), 422
    flash(_("%(name)s was removed.", name=line.name) if removing else _("Saved."), "good")
    own = person_id == current_actor().person_id
    return redirect("/desk" if own else f"/desk/{project.slug}/maintainers", 303)


def _find_maintainer(project: Scope, person_id: int) -> MaintainerLine:
    people = find_people(project.id, now=now())
    line = next((each for each in people.maintainers if each.person_id == person_id), None)
    if line is None:
        raise NotFound("maintainer")
    return line


def _maintainer(project: Scope, line: MaintainerLine, form: RolesForm) -> str:
    return render_template("desk/maintainer.html", **desk_frame(project), line=line, form=form)


@blueprint.get("/desk/<project>/audit")
@requires(Permission.PROJECT_AUDIT_READ)
def audit(project: Scope) -> ResponseReturnValue:
    """Every change, the newest first."""
    typed = request.args.get("before", "")
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 10):  # noqa: PLR2004
        abort(404)
    page = list_project_audit(project.id, before=int(typed) if typed else None)
    return render_template("desk/audit.html", **desk_frame(project), page=page, before=typed)
