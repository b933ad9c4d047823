"""A contributor's own ballot, in whichever house the charter seated them."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.votes.votes import BallotPage, get_contributor_ballot_page
from portal.queries.votes.windows import find_window
from portal.services.votes.ballots import cast_contributor_ballot
from portal.web.access import current_actor, now, requires, this_moment
from portal.web.contributor_frame import contributor_frame
from portal.web.votes.ballot_pages import ballot_context, cast_posted, filled_form
from portal.web.votes.option_ballots import BallotForm

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
    refused_form = cast_posted(cast_contributor_ballot, project.id, vote_id)
    if refused_form is None:
        return redirect(f"/contributor/{project.slug}/votes/{vote_id}", 303)
    return _render(project, _page(project, vote_id, this_moment()), refused_form), 422


def _page(project: Scope, vote_id: int, at: datetime) -> BallotPage:
    return get_contributor_ballot_page(project.id, vote_id, current_actor().person_id or 0, now=at)


def _render(project: Scope, page: BallotPage, form: BallotForm) -> str:
    return render_template(
        "contributors/ballot.html",
        **contributor_frame(project),
        **ballot_context(page, form),
        window=find_window(page.id),
    )
