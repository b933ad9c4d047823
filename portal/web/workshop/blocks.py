"""Blocks: a steward's in a project's workshop, and a person's own of other people."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.blocks import (
    list_blockable,
    list_kept_apart,
    list_met,
    list_workshop_blocks,
)
from portal.services.workshop.blocks import (
    block_in_workshop,
    block_person,
    lift_block,
    unblock_person,
)
from portal.web.access import current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.row_numbers import asked_number
from portal.web.workshop.conduct_forms import BlockForm, PersonForm

blueprint = Blueprint("blocks", __name__)

_DESK = "/desk/<project>/blocks"
_OWN = "/account/blocks"


@blueprint.get(_DESK)
@requires(Permission.PROJECT_BLOCK_EDIT)
def desk(project: Scope) -> ResponseReturnValue:
    """Whose words are held back; ``?person=`` chooses somebody in the form."""
    return _render(project, BlockForm(formdata=None, data={"person": asked_number("person")}))


@blueprint.post(_DESK)
@requires(Permission.PROJECT_BLOCK_EDIT)
def block(project: Scope) -> ResponseReturnValue:
    """Block somebody in silence."""
    form = BlockForm()
    form.offer(list_blockable(project.id))
    if form.validate():
        try:
            with transaction():
                block_in_workshop(
                    current_actor(),
                    project.id,
                    form.person.data,
                    note=form.note.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Blocked. They are not told."), "good")
            return redirect(f"/desk/{project.slug}/blocks", 303)
    return _render(project, form), 422


@blueprint.post(f"{_DESK}/<int:person_id>/lift")
@requires(Permission.PROJECT_BLOCK_EDIT)
def lift(project: Scope, person_id: int) -> ResponseReturnValue:
    """End a block: what was held is in the queue."""
    with transaction():
        lift_block(current_actor(), project.id, person_id, now=now())
    flash(_("Lifted. What they wrote meanwhile waits at the screening desk."), "good")
    return redirect(f"/desk/{project.slug}/blocks", 303)


@blueprint.get(_OWN)
@requires(Permission.PERSON_ACCOUNT_EDIT)
def own() -> ResponseReturnValue:
    """Whom one has blocked."""
    return _render_own(PersonForm(formdata=None))


@blueprint.post(_OWN)
@requires(Permission.PERSON_ACCOUNT_EDIT)
def keep_apart() -> ResponseReturnValue:
    """Block somebody: no notification tells either of the other."""
    form = PersonForm()
    form.offer(list_met(current_actor()))
    if not form.validate():
        return _render_own(form), 422
    with transaction():
        block_person(current_actor(), form.person.data, now=now())
    flash(_("Done. They are not told."), "good")
    return redirect(_OWN, 303)


@blueprint.post(f"{_OWN}/<int:person_id>/lift")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def end(person_id: int) -> ResponseReturnValue:
    """End one's own block of somebody; harmless when repeated."""
    actor = current_actor()
    apart = {each.person_id for each in list_kept_apart(actor.person_id or 0)}
    if person_id not in apart and person_id not in dict(list_met(actor)):
        raise NotFound("person")
    with transaction():
        unblock_person(actor, person_id, now=now())
    flash(_("You are told about them again."), "good")
    return redirect(_OWN, 303)


def _render(project: Scope, form: BlockForm) -> str:
    people = list_blockable(project.id)
    form.offer(people)
    return render_template(
        "blocks/desk.html",
        **desk_frame(project),
        blocks=list_workshop_blocks(project.id),
        form=form,
        people=people,
    )


def _render_own(form: PersonForm) -> str:
    actor = current_actor()
    people = list_met(actor)
    form.offer(people)
    return render_template(
        "blocks/own.html", blocks=list_kept_apart(actor.person_id or 0), form=form, people=people
    )
