"""Contributors on a project's desk: invite them for their work, list them, end a part."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.contributors import get_contributor, get_contributors_desk
from portal.services.workshop.contributors import (
    change_work,
    invite_contributor,
    withdraw_contributor,
    withdraw_contributor_invitation,
)
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.projects.charter_rules import describe_voice
from portal.web.workshop.contributor_forms import EndForm, InviteForm, WorkForm

blueprint = Blueprint("contributor_desk", __name__)

_DESK = "/desk/<project>/contributors"
_ONE = f"{_DESK}/<int:contributor_id>"


@blueprint.get(_DESK)
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def index(project: Scope) -> ResponseReturnValue:
    """Who contributes, and who is invited to."""
    return _render(project, InviteForm())


@blueprint.post(_DESK)
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def invite(project: Scope) -> ResponseReturnValue:
    """Invite somebody by mail, for their work."""
    form = InviteForm()
    base = collaborators().settings.base_url
    if form.validate():
        try:
            with transaction():
                invite_contributor(
                    current_actor(),
                    project.id,
                    email=form.email.data,
                    work=form.work.data,
                    link_url=lambda token: f"{base}/invitations/{token}",
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The invitation is on its way to %(email)s.", email=form.email.data), "good")
            return redirect(f"/desk/{project.slug}/contributors", 303)
    return _render(project, form), 422


@blueprint.post(f"{_DESK}/invitations/<int:invitation_id>/withdraw")
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def withdraw_invitation(project: Scope, invitation_id: int) -> ResponseReturnValue:
    """Make an invitation worthless."""
    with transaction():
        withdraw_contributor_invitation(current_actor(), project.id, invitation_id, now=now())
    flash(_("The invitation is withdrawn."), "good")
    return redirect(f"/desk/{project.slug}/contributors", 303)


@blueprint.get(_ONE)
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def show(project: Scope, contributor_id: int) -> ResponseReturnValue:
    """One contributor, and the form that ends their part."""
    return _render_one(project, contributor_id, EndForm())


@blueprint.post(f"{_ONE}/work")
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def work(project: Scope, contributor_id: int) -> ResponseReturnValue:
    """Say anew what somebody was invited for."""
    form = WorkForm()
    if form.validate():
        with transaction():
            changed = change_work(
                current_actor(), project.id, contributor_id, work=form.work.data, now=now()
            )
        if changed:
            flash(_("Saved. The person gets a mail."), "good")
        else:
            flash(_("Nothing was changed."), "info")
        return redirect(f"/desk/{project.slug}/contributors/{contributor_id}", 303)
    return _render_one(project, contributor_id, EndForm(formdata=None), form), 422


@blueprint.post(_ONE)
@requires(Permission.PROJECT_CONTRIBUTORS_EDIT)
def end(project: Scope, contributor_id: int) -> ResponseReturnValue:
    """End somebody's part, with the reason."""
    form = EndForm()
    if form.validate():
        try:
            with transaction():
                withdraw_contributor(
                    current_actor(), project.id, contributor_id, reason=form.reason.data, now=now()
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Done. The person gets a mail with the reason."), "good")
            return redirect(f"/desk/{project.slug}/contributors", 303)
    return _render_one(project, contributor_id, form), 422


def _render(project: Scope, form: InviteForm) -> str:
    desk = get_contributors_desk(project.id, now=now())
    return render_template(
        "contributors/desk.html",
        **desk_frame(project),
        desk=desk,
        voice=describe_voice(desk.voice),
        form=form,
    )


def _render_one(
    project: Scope, contributor_id: int, form: EndForm, working: WorkForm | None = None
) -> str:
    line = get_contributor(project.id, contributor_id)
    return render_template(
        "contributors/desk_show.html",
        **desk_frame(project),
        line=line,
        form=form,
        working=working or WorkForm(formdata=None, work=line.work),
    )
