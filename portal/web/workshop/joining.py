"""Several needs in one proposal: ticked on the list of needs, or beside the proposal."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.workshop.joined_needs import list_joinable
from portal.queries.workshop.needs import list_takers
from portal.services.workshop.joining import join_needs, put_back_need
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.workshop.need_forms import CREDITS, OFFERS, JoinForm

blueprint = Blueprint("joining", __name__)

_PAGE = "/desk/<project>/needs/join"


@blueprint.get(_PAGE)
@requires(Permission.PROJECT_NEED_ANSWER)
def ask(project: Scope) -> ResponseReturnValue:
    """The needs that wait for a proposal, to tick."""
    return _render(project, JoinForm(_asked()))


@blueprint.post(_PAGE)
@requires(Permission.PROJECT_NEED_ANSWER)
def join(project: Scope) -> ResponseReturnValue:
    """Let one proposal answer all that are ticked; or go on to a new draft with them."""
    form = JoinForm()
    form.offer(list_joinable(project.id), list_takers(project.id))
    if form.validate():
        if not form.proposal.data:
            chosen = "&".join(f"needs={number}" for number in form.needs.data)
            return redirect(f"/desk/{project.slug}/proposals/new?{chosen}", 303)
        try:
            with transaction():
                join_needs(
                    current_actor(),
                    project.id,
                    form.needs.data,
                    form.proposal.data,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            count = len(form.needs.data)
            flash(
                ngettext(
                    "The proposal answers this need now. The author gets a mail.",
                    "The proposal answers these %(num)s needs now. Each author gets a mail.",
                    count,
                ),
                "done",
            )
            return redirect(f"/desk/{project.slug}/proposals/{form.proposal.data}#needs", 303)
    return _render(project, form), 422


@blueprint.post("/desk/<project>/needs/<int:number>/put-back")
@requires(Permission.PROJECT_NEED_ANSWER)
def put_back(project: Scope, number: int) -> ResponseReturnValue:
    """Take a need out of its proposal."""
    try:
        with transaction():
            put_back_need(
                current_actor(),
                project.id,
                number,
                site=collaborators().settings.base_url,
                now=now(),
            )
    except Refusal as refusal:
        flash(refusal.message, "bad")
    else:
        flash(_("The need is with you again. The author gets a mail."), "good")
    return redirect(f"/desk/{project.slug}/needs/{number}", 303)


def _asked() -> MultiDict[str, str] | None:
    """What an address ticks: needs, and the proposal that they are to join."""
    return request.args or None


def _render(project: Scope, form: JoinForm) -> str:
    needs = list_joinable(project.id)
    form.offer(needs, list_takers(project.id))
    return render_template(
        "needs/join.html",
        **desk_frame(project),
        form=form,
        needs=needs,
        whose={each.number: each.organization or _("a contributor") for each in needs},
        offers=OFFERS,
        credits=CREDITS,
    )
