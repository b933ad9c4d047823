"""Statements that a contributor puts as a person, with a ballot of their own."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.charter import ContributorsVoice
from portal.domain.needs import Credit
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.contributors import get_own_part
from portal.queries.workshop.own_statements import (
    get_personal_consultation,
    list_own_consultations,
)
from portal.services.workshop.statements import put_own_statement, withdraw_own_statement
from portal.web.access import current_actor, now, requires
from portal.web.contributor_frame import contributor_frame
from portal.web.row_numbers import asked_number
from portal.web.workshop.statement_pages import Seat, save, show_form, show_statement, take_back

blueprint = Blueprint("contributor_statements", __name__)

_ALL = "/contributor/<project>/statements"
_ONE = f"{_ALL}/<int:number>"


@blueprint.get(_ALL)
@requires(Permission.CONTRIBUTOR_STATEMENT_WRITE)
def index(project: Scope) -> ResponseReturnValue:
    """What is in consultation, and what one said before."""
    lines, older = list_own_consultations(project.id, _me(), before=asked_number("before"))
    voice = get_own_part(project.id, _me()).voice
    return render_template(
        "contributors/statements.html",
        **contributor_frame(project),
        lines=lines,
        older=older,
        has_voice=voice is not ContributorsVoice.NONE,
    )


@blueprint.get(_ONE)
@requires(Permission.CONTRIBUTOR_STATEMENT_WRITE)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """One's own statement, and what others said."""
    return show_statement(_seat(project, number))


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.CONTRIBUTOR_STATEMENT_WRITE)
def edit(project: Scope, number: int) -> ResponseReturnValue:
    """The statement as a form."""
    return show_form(_seat(project, number))


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.CONTRIBUTOR_STATEMENT_WRITE)
def put(project: Scope, number: int) -> ResponseReturnValue:
    """Hand the statement in."""
    return save(_seat(project, number))


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.CONTRIBUTOR_STATEMENT_WRITE)
def withdraw(project: Scope, number: int) -> ResponseReturnValue:
    """Take the statement back."""
    return take_back(_seat(project, number))


def _me() -> int:
    return current_actor().person_id or 0


def _seat(project: Scope, number: int) -> Seat:
    """Unnamed in public, a contributor stays so in a statement unless they choose otherwise."""
    root, is_named = (
        f"/contributor/{project.slug}/statements",
        get_own_part(project.id, _me()).is_named,
    )
    return Seat(
        project=project,
        home=f"{root}/{number}",
        here=f"{root}/{number}/edit",
        listed=(_("Your statements"), root),
        speaker=_("In person, as a contributor"),
        frame=contributor_frame(project),
        read=partial(get_personal_consultation, project.id, number, _me(), now=now()),
        put=partial(put_own_statement, current_actor(), project.id, number),
        withdraw=partial(withdraw_own_statement, current_actor(), project.id, number),
        credit=Credit.PERSON if is_named else Credit.NONE,
        is_named=is_named,
    )
