"""A contributor's own ballot, in whichever house the charter seated them."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.votes.votes import BallotPage, get_contributor_ballot_page
from portal.queries.votes.windows import find_window
from portal.services.votes.ballots import cast_contributor_ballot
from portal.web.access import collaborators, current_actor, now, requires, this_moment
from portal.web.contributor_frame import contributor_frame
from portal.web.votes.ballot_pages import ballot_context, filled_form, say_cast
from portal.web.votes.option_ballots import BallotForm, posted_form, read_posted

blueprint = Blueprint("contributor_ballots", __name__)

_OWN = "/contributor/<project>/votes/<int:vote_id>"


@blueprint.get(_OWN)
@requires(Permission.CONTRIBUTOR_BALLOT_CAST)
def ballot(project: Scope, vote_id: int) -> ResponseReturnValue:
    """The one ballot of a contributor in a vote."""
    page = _page(project, vote_id, now())
    return _render(project, page, filled_form(page))


@blueprint.post(_OWN)
@requires(Permission.CONTRIBUTOR_BALLOT_CAST)
def cast(project: Scope, vote_id: int) -> ResponseReturnValue:
    """Cast or replace it."""
    form = posted_form(request.form)
    if form.validate():
        try:
            with transaction():
                receipt = cast_contributor_ballot(
                    current_actor(),
                    project.id,
                    vote_id,
                    read_posted(request.form),
                    reason=form.reason.data,
                    conflict=form.conflict.data,
                    site=collaborators().settings.base_url,
                    now=this_moment(),
                )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            say_cast(receipt.reference)
            return redirect(f"/contributor/{project.slug}/votes/{vote_id}", 303)
    return _render(project, _page(project, vote_id, this_moment()), form), 422


def _page(project: Scope, vote_id: int, at: datetime) -> BallotPage:
    return get_contributor_ballot_page(project.id, vote_id, current_actor().person_id or 0, now=at)


def _render(project: Scope, page: BallotPage, form: BallotForm) -> str:
    return render_template(
        "contributors/ballot.html",
        **contributor_frame(project),
        **ballot_context(page, form),
        window=find_window(page.id),
    )
