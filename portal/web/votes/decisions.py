"""Decision records and roadmap updates."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.decisions import (
    DecisionKind,
    Hands,
    ReviewFinding,
    RoadmapAction,
    RoadmapOwner,
    RoadmapState,
    decision_obstacles,
    follows,
    open_actions,
)
from portal.domain.errors import Refusal
from portal.domain.outcomes import Verdict
from portal.domain.permissions import Permission
from portal.domain.proposals import ProposalState
from portal.queries.identity.actors import Scope
from portal.queries.projects.roadmap import RoadmapEntry, get_roadmap, get_roadmap_item
from portal.queries.votes.outcomes import OutcomePage, get_decision_desk
from portal.services.projects.roadmap import report_progress
from portal.services.sent_forms import take_form
from portal.services.votes.decisions import decide
from portal.services.votes.reviews import review_decision
from portal.web.access import current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.votes.decision_forms import (
    FINDINGS,
    KINDS,
    DecisionForm,
    ProgressForm,
    ReviewForm,
    name_owner,
)
from portal.web.votes.option_outcomes import name_chosen
from portal.web.votes.outcome_words import house_name
from portal.web.votes.public_charts import outcome_charts

blueprint = Blueprint("decisions", __name__)
blueprint.add_app_template_filter(name_owner, "owner_name")

_REVIEW = timedelta(days=182)
_DECISION = "/desk/<project>/proposals/<int:number>/decision"
_ITEM = "/desk/<project>/roadmap/<int:number>"


@blueprint.get(_DECISION)
@requires(Permission.PROJECT_DECISION_EDIT)
def prepare(project: Scope, number: int) -> ResponseReturnValue:
    """The outcome, and the form for the decision that is owed."""
    form = DecisionForm(review_on=(now() + _REVIEW).date(), responsible=current_actor().name)
    return _render(project, number, form)


@blueprint.post(_DECISION)
@requires(Permission.PROJECT_DECISION_EDIT)
def record(project: Scope, number: int) -> ResponseReturnValue:
    """Record the decision."""
    form = DecisionForm()
    if form.validate():
        try:
            with transaction():
                decide(
                    current_actor(),
                    project.id,
                    number,
                    kind=DecisionKind(form.kind.data),
                    reasons=form.reasons.data,
                    responsible=form.responsible.data,
                    review_on=form.review_on.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The decision is recorded and public."), "done")
            return redirect(f"/desk/{project.slug}/proposals/{number}/decision#content", 303)
    return _render(project, number, form), 422


@blueprint.post(f"{_DECISION}/review")
@requires(Permission.PROJECT_DECISION_EDIT)
def review(project: Scope, number: int) -> ResponseReturnValue:
    """Say what a look back at the decision found."""
    form = ReviewForm()
    if form.validate():
        try:
            with transaction():
                take_form(form.sent, now=now())
                review_decision(
                    current_actor(),
                    project.id,
                    number,
                    finding=ReviewFinding(form.finding.data),
                    text=form.text.data,
                    next_review_on=form.next_review_on.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The review is recorded and public."), "done")
            return redirect(f"/desk/{project.slug}/proposals/{number}/decision#content", 303)
    return _render(project, number, DecisionForm(formdata=None), form), 422


@blueprint.get("/desk/<project>/roadmap")
@requires(Permission.PROJECT_ROADMAP_EDIT)
def roadmap(project: Scope) -> ResponseReturnValue:
    """The board, as maintainers move it."""
    return render_template(
        "roadmap/board.html",
        **desk_frame(project),
        roadmap=get_roadmap(project.id),
        states=list(RoadmapState),
    )


@blueprint.get(_ITEM)
@requires(Permission.PROJECT_ROADMAP_EDIT)
def item(project: Scope, number: int) -> ResponseReturnValue:
    """One item with its reports, and the form for the next."""
    entry = get_roadmap_item(project.id, number)
    form = ProgressForm(owner=entry.owner.value, credit=entry.credit)
    return _render_item(project, entry, form)


@blueprint.post(_ITEM)
@requires(Permission.PROJECT_ROADMAP_EDIT)
def report(project: Scope, number: int) -> ResponseReturnValue:
    """Move an item, or note progress on it."""
    form = ProgressForm()
    # Every step is read; whether the item is ready for it is the rule book's to say.
    form.offer(list(RoadmapAction))
    if form.validate():
        try:
            with transaction():
                report_progress(
                    current_actor(),
                    project.id,
                    number,
                    action=RoadmapAction(form.action.data),
                    text=form.text.data,
                    hands=Hands(RoadmapOwner(form.owner.data), form.credit.data),
                    shipped_url=form.shipped_url.data,
                    now=now(),
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The roadmap is up to date."), "done")
            return redirect(f"/desk/{project.slug}/roadmap/{number}#content", 303)
    return _render_item(project, get_roadmap_item(project.id, number), form), 422


def _render(
    project: Scope, number: int, form: DecisionForm, reviewing: ReviewForm | None = None
) -> str:
    desk = get_decision_desk(project.id, number)
    return render_template(
        "decisions/desk.html",
        **desk_frame(project),
        page=desk.outcome,
        form=form,
        reviewing=reviewing or ReviewForm(formdata=None),
        findings=FINDINGS,
        today=now().date(),
        open=desk.state is ProposalState.CLOSED and desk.outcome.decision is None,
        pictures=outcome_charts(desk.outcome.figures),
        chosen=name_chosen(desk.outcome.figures),
        consequences=_consequences(desk.outcome),
        kinds=KINDS,
        house_name=house_name,
    )


def _consequences(outcome: OutcomePage) -> dict[str, str]:
    """What each kind of decision would be, said beside its choice."""
    carried = outcome.carried is True
    quorum = outcome.figures.verdict is not Verdict.NO_QUORUM
    moves = {
        DecisionKind.ACCEPTED: _("It goes onto the roadmap."),
        DecisionKind.DECLINED: _("The proposal ends here."),
        DecisionKind.DEFERRED: _("You can take it up again later."),
        DecisionKind.BACK_TO_WORK: _("It becomes a draft again; the outcome stays public."),
    }
    said = {}
    for kind, moved in moves.items():
        stance = follows(kind, carried=carried, quorum=quorum, mode=outcome.mode)
        words = {
            True: _("Follows the outcome."),
            False: _("Departs from the outcome."),
            None: _("Without quorum there is no advice to follow."),
        }[stance]
        blocked = decision_obstacles(
            kind,
            carried=carried,
            quorum=quorum,
            mode=outcome.mode,
            veto_allowed=outcome.veto_allowed,
            closed_at=outcome.closes_at,
            now=now(),
        )
        said[kind.value] = " ".join([words, *(each.message for each in blocked), moved])
    return said


def _render_item(project: Scope, entry: RoadmapEntry, form: ProgressForm) -> str:
    form.offer(open_actions(entry.state))
    return render_template("roadmap/item.html", **desk_frame(project), entry=entry, form=form)
