"""A contributor's own place in a project: their votes, how they are shown, and leaving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.charter import ContributorsVoice
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.votes.vote_lists import list_own_votes
from portal.queries.workshop.contributors import get_own_part
from portal.queries.workshop.own_statements import list_own_consultations
from portal.services.workshop.contributors import leave_project, show_name
from portal.web.access import current_actor, now, requires
from portal.web.contributor_frame import contributor_frame
from portal.web.projects.charter_rules import describe_voice
from portal.web.row_numbers import asked_number
from portal.web.workshop.contributor_forms import NameForm

blueprint = Blueprint("contributors", __name__)

_OWN = "/contributor/<project>"


@blueprint.get(_OWN)
@requires(Permission.CONTRIBUTOR_DESK_READ)
def show(project: Scope) -> ResponseReturnValue:
    """What one was invited for, one's votes, and how one is shown."""
    person_id = current_actor().person_id or 0
    part = get_own_part(project.id, person_id)
    lines, _older = list_own_consultations(project.id, person_id)
    return render_template(
        "contributors/show.html",
        **contributor_frame(project),
        part=part,
        found=list_own_votes(project.id, person_id, now=now(), before=asked_number("before")),
        consultations=lines if part.voice is not ContributorsVoice.NONE else (),
        voice=describe_voice(part.voice),
        form=NameForm(formdata=None, is_named=part.is_named),
        now=now(),
    )


@blueprint.post(f"{_OWN}/name")
@requires(Permission.CONTRIBUTOR_NAME_EDIT)
def name(project: Scope) -> ResponseReturnValue:
    """Be named in public, or stay unnamed."""
    named = bool(NameForm().is_named.data)
    with transaction():
        show_name(current_actor(), project.id, is_named=named, now=now())
    if named:
        flash(_("Public pages name you and your work now."), "good")
    else:
        flash(_("No public page names you now. What was published before stays as it was."), "good")
    return redirect(f"/contributor/{project.slug}", 303)


@blueprint.post(f"{_OWN}/leave")
@requires(Permission.CONTRIBUTOR_PART_END)
def leave(project: Scope) -> ResponseReturnValue:
    """End one's own part."""
    with transaction():
        leave_project(current_actor(), project.id, now=now())
    flash(_("You have left %(project)s. Thank you for your work.", project=project.name), "good")
    return redirect("/desk", 303)
