"""Opening votes, casting ballots, and an organization's list of votes."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.chambers import Chamber
from portal.domain.charter import HEADCOUNT, Charter
from portal.domain.errors import Conflict, Refusal
from portal.domain.papers import HAS_NOT_NOW, HAS_SEATS, BallotPaper, print_paper
from portal.domain.permissions import Permission, may
from portal.domain.rules import choose_tie, voting_chambers
from portal.domain.votes import Method
from portal.queries.identity.actors import Scope
from portal.queries.votes.openings import Opening, get_opening
from portal.queries.votes.vote_lists import list_organization_votes
from portal.queries.votes.votes import BallotPage, get_ballot_page, get_maintainer_ballot_page
from portal.queries.votes.windows import find_window
from portal.queries.weights.electorate import find_standing
from portal.services.votes.ballots import cast_ballot, cast_maintainer_ballot
from portal.services.votes.votes import open_vote
from portal.web.access import collaborators, current_actor, now, requires, this_moment
from portal.web.charts import Weights
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.identity.organization_frame import organization_frame
from portal.web.row_numbers import asked_number
from portal.web.votes.ballot_pages import ballot_context, cast_posted, filled_form
from portal.web.votes.method_words import (
    explain_ballot,
    explain_count,
    method_names,
)
from portal.web.votes.option_ballots import (
    BallotForm,
    choice_name,
)
from portal.web.votes.outcome_words import house_name, unnamed_elector
from portal.web.votes.power_words import explain_frozen_power
from portal.web.votes.public_charts import power_chart, weights_chart, window_chart
from portal.web.votes.vote_forms import OpenVoteForm

blueprint = Blueprint("votes", __name__)

_OPEN = "/desk/<project>/proposals/<int:number>/open-vote"
_OWN = "/organizations/<organization>/votes/<int:vote_id>"
_DESK = "/desk/<project>/votes/<int:vote_id>"


@blueprint.get(_OPEN)
@requires(Permission.PROJECT_VOTE_OPEN)
def prepare(project: Scope, number: int) -> ResponseReturnValue:
    """Everything that opening a vote now would freeze; the method is chosen by a link."""
    merged = request.args.get("merged", "")
    opening = get_opening(project.id, number, now=now(), merged=bool(merged))
    asked = request.args.get("method", "")
    method = Method(asked) if asked in set(Method) else Method.YES_NO
    form = OpenVoteForm(
        seal=opening.seal,
        closes_at=_default_close(opening),
        method=method.value,
        merged="y" if merged else "",
    )
    form.offer(opening.offered, fresh=True)
    return _render_opening(project, opening, form)


@blueprint.post(_OPEN)
@requires(Permission.PROJECT_VOTE_OPEN)
def open_(project: Scope, number: int) -> ResponseReturnValue:
    """Open the vote that was previewed, or show what it would be, or what has changed since."""
    form = OpenVoteForm()
    step = request.form.get("step", "")
    merged = bool(form.merged.data)
    opening = get_opening(project.id, number, now=now(), merged=merged)
    form.offer(opening.offered, fresh=False)
    if step == "more":
        form.more_options()
        return _render_opening(project, opening, form)
    status, printed = 422, None
    if form.validate():
        try:
            paper = form.read_paper(opening.currency)
            printed = print_paper(paper)
            if step == "preview":
                return _render_opening(project, opening, form, printed)
            with transaction():
                vote_id = open_vote(
                    current_actor(),
                    project.id,
                    number,
                    question=form.question.data,
                    closes_at=form.read_close(),
                    seal=form.seal.data or "",
                    read_standing=partial(find_standing, project.id, now=now(), merged=merged),
                    paper=paper,
                    merged=merged,
                    revisions=form.read_revisions(number),
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = 409 if isinstance(error, Conflict) else 422
        else:
            flash(_("The vote is open, and everything about it is frozen."), "done")
            return redirect(f"/desk/{project.slug}/votes/{vote_id}", 303)
    opening = get_opening(project.id, number, now=now(), merged=merged)
    form.seal.data = opening.seal
    form.offer(opening.offered, fresh=True)
    return _render_opening(project, opening, form, printed), status


@blueprint.get("/organizations/<organization>/votes")
@requires(Permission.ORGANIZATION_DESK_READ)
def index(organization: Scope) -> ResponseReturnValue:
    """The votes in which the organization has a ballot."""
    found = list_organization_votes(organization.id, now=now(), before=asked_number("before"))
    casts = may(
        current_actor(), Permission.ORGANIZATION_BALLOT_CAST, organization_id=organization.id
    )
    return render_template(
        "votes/index.html", **organization_frame(organization), found=found, casts=casts, now=now()
    )


@blueprint.get(_OWN)
@requires(Permission.ORGANIZATION_BALLOT_CAST)
def ballot(organization: Scope, vote_id: int) -> ResponseReturnValue:
    """The organization's one ballot in a vote."""
    page = get_ballot_page(organization.id, vote_id, now=now())
    return _render_own(organization, page, filled_form(page))


@blueprint.post(_OWN)
@requires(Permission.ORGANIZATION_BALLOT_CAST)
def cast(organization: Scope, vote_id: int) -> ResponseReturnValue:
    """Cast or replace the organization's ballot."""
    refused_form = cast_posted(cast_ballot, vote_id, organization.id)
    if refused_form is None:
        return redirect(f"/organizations/{organization.slug}/votes/{vote_id}", 303)
    page = get_ballot_page(organization.id, vote_id, now=this_moment())
    return _render_own(organization, page, refused_form), 422


@blueprint.get(_DESK)
@requires(Permission.PROJECT_BALLOT_CAST)
def desk_ballot(project: Scope, vote_id: int) -> ResponseReturnValue:
    """A vote on its project's desk, with the maintainer's own ballot where there is one."""
    page = _desk_page(project, vote_id, now())
    return _render_desk(project, page, filled_form(page))


@blueprint.post(_DESK)
@requires(Permission.PROJECT_BALLOT_CAST)
def desk_cast(project: Scope, vote_id: int) -> ResponseReturnValue:
    """Cast or replace a maintainer's own ballot."""
    refused_form = cast_posted(cast_maintainer_ballot, project.id, vote_id)
    if refused_form is None:
        return redirect(f"/desk/{project.slug}/votes/{vote_id}", 303)
    return _render_desk(project, _desk_page(project, vote_id, this_moment()), refused_form), 422


def _desk_page(project: Scope, vote_id: int, at: datetime) -> BallotPage:
    return get_maintainer_ballot_page(project.id, vote_id, current_actor().person_id or 0, now=at)


def _default_close(opening: Opening) -> datetime:
    """The charter's window, up to the next full hour."""
    end = opening.electorate.record_at + timedelta(days=opening.electorate.charter.window_days)
    return (end + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)


def _render_opening(
    project: Scope, opening: Opening, form: OpenVoteForm, printed: BallotPaper | None = None
) -> str:
    """The form, the paper as electors would see it once it can be printed, and the electorate."""
    chambers = voting_chambers(opening.electorate)
    asked = form.method.data
    shown = printed if printed and printed.options else None
    return render_template(
        "votes/open.html",
        **desk_frame(project),
        opening=opening,
        now=now(),
        form=form,
        method=Method(asked) if asked in set(Method) else Method.YES_NO,
        has_seats=asked in HAS_SEATS,
        has_not_now=asked in HAS_NOT_NOW,
        paper=shown,
        paper_form=BallotForm(),
        choice=choice_name(shown) if shown else "",
        how_to_fill=explain_ballot(shown) if shown else [],
        how_counted=explain_count(shown, choose_tie(shown, opening.electorate.charter.mode))
        if shown
        else [],
        method_names=method_names(),
        chambers=chambers,
        charts=[_chart(each, opening.electorate.charter) for each in chambers],
        house_name=house_name,
    )


def _chart(chamber: Chamber, charter: Charter) -> Weights | None:
    """Weight and power of a house; where people are counted they weigh the same, without a cap."""
    cap = Fraction(1) if chamber.house in HEADCOUNT else charter.cap
    return weights_chart(chamber, cap)


def _render_own(organization: Scope, page: BallotPage, form: BallotForm) -> str:
    frame = organization_frame(organization)
    window = find_window(page.id)
    return render_template(
        "votes/ballot.html", **frame, **ballot_context(page, form), window=window
    )


def _render_desk(project: Scope, page: BallotPage, form: BallotForm) -> str:
    window = find_window(page.id)
    return render_template(
        "votes/desk.html",
        **desk_frame(project),
        **ballot_context(page, form),
        window=window,
        turnout=window_chart(window.turnouts),
        unnamed_elector=unnamed_elector,
        explain_power=explain_frozen_power,
        power_chart=partial(power_chart, cap=Fraction(page.rules["charter"]["cap"])),
    )
