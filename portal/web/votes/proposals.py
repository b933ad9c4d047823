"""Drafting, previewing and publishing proposals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.needs import JOINABLE
from portal.domain.permissions import Permission, may
from portal.domain.proposals import ProposalAction, obstacles
from portal.queries.identity.actors import Scope
from portal.queries.votes.proposals import DeskProposal, get_desk_proposal, list_desk_proposals
from portal.queries.workshop.joined_needs import list_joinable, list_joined
from portal.services.sent_forms import take_form
from portal.services.votes.proposals import (
    date_consultation,
    draft_proposal,
    edit_proposal,
    publish_proposal,
    take_up_proposal,
    withdraw_proposal,
)
from portal.services.workshop.joining import join_needs
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.errors import status_of
from portal.web.forms import refused
from portal.web.row_numbers import asked_number
from portal.web.votes.proposal_forms import ConsultationForm, ProposalForm, WithdrawForm
from portal.web.workshop.need_forms import CREDITS, OFFERS

blueprint = Blueprint("proposals", __name__)

_ONE = "/desk/<project>/proposals/<int:number>"


@blueprint.get("/desk/<project>/proposals")
@requires(Permission.PROJECT_DESK_READ)
def index(project: Scope) -> ResponseReturnValue:
    """All proposals of the project, drafts included."""
    found = list_desk_proposals(project.id, now=now(), before=asked_number("before"))
    return render_template("proposals/index.html", **desk_frame(project), found=found)


@blueprint.get("/desk/<project>/proposals/new")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def new(project: Scope) -> ResponseReturnValue:
    """An empty proposal; an address may tick the needs that it is to answer."""
    return _render_form(project, ProposalForm(request.args or None))


@blueprint.post("/desk/<project>/proposals/new")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def draft(project: Scope) -> ResponseReturnValue:
    """Preview a new proposal, or keep it as a draft."""
    form = ProposalForm()
    form.offer(list_joinable(project.id))
    if not form.validate():
        return _render_form(project, form), 422
    if request.form.get("step") == "preview":
        return _render_form(project, form, preview=True)
    try:
        with transaction():
            take_form(form.sent, now=now())
            number = draft_proposal(
                current_actor(),
                project.id,
                title=form.title.data,
                summary=form.summary.data,
                body=form.body.data,
                now=now(),
            )
            if form.needs.data:
                join_needs(
                    current_actor(),
                    project.id,
                    form.needs.data,
                    number,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
    except Refusal as refusal:
        refused(form, refusal)
        return _render_form(project, form), 422
    flash(_("Draft %(number)s is saved. Nobody outside the desk sees it.", number=number), "good")
    return _to(project, number)


@blueprint.get(_ONE)
@requires(Permission.PROJECT_DESK_READ)
def show(project: Scope, number: int) -> ResponseReturnValue:
    """A proposal as maintainers work on it."""
    return _render(project, get_desk_proposal(project.id, number, now=now()), WithdrawForm())


@blueprint.get(f"{_ONE}/edit")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def edit(project: Scope, number: int) -> ResponseReturnValue:
    """The text of a proposal, as a form."""
    page = get_desk_proposal(project.id, number, now=now())
    return _render_form(project, ProposalForm(obj=page), page)


@blueprint.post(f"{_ONE}/edit")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def change(project: Scope, number: int) -> ResponseReturnValue:
    """Preview a changed text, or save it; never over somebody else's newer one."""
    form = ProposalForm()
    form.offer(())
    if not form.validate() or request.form.get("step") == "preview":
        page = get_desk_proposal(project.id, number, now=now())
        shown = _render_form(project, form, page, preview=not form.errors)
        return shown, 422 if form.errors else 200
    try:
        with transaction():
            edit_proposal(
                current_actor(),
                project.id,
                number,
                title=form.title.data,
                summary=form.summary.data,
                body=form.body.data,
                revision=form.seen_revision,
                now=now(),
            )
    except (Conflict, Refusal) as error:
        page = get_desk_proposal(project.id, number, now=now())
        refused(form, error)
        conflict = isinstance(error, Conflict)
        if conflict:
            # Having seen the saved text beside their own, they may save over it.
            form.revision.data = str(page.revision)
        return _render_form(project, form, page, conflict=conflict), 409 if conflict else 422
    flash(_("Saved."), "good")
    return _to(project, number)


@blueprint.post(f"{_ONE}/publish")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def publish(project: Scope, number: int) -> ResponseReturnValue:
    """Show a draft to everybody, for consultation, until a day if one is named."""
    form = ConsultationForm()
    verb = partial(publish_proposal, revision=form.seen_revision)
    return _date(form, verb, project, number, _("The proposal is public and in consultation."))


@blueprint.post(f"{_ONE}/consultation")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def date(project: Scope, number: int) -> ResponseReturnValue:
    """Say until when statements are taken, or that it is until a vote opens."""
    return _date(ConsultationForm(), date_consultation, project, number, _("Saved."))


def _date(
    form: ConsultationForm, verb: Callable[..., None], project: Scope, number: int, said: str
) -> ResponseReturnValue:
    status = 422
    if form.validate():
        try:
            with transaction():
                verb(current_actor(), project.id, number, until=form.until_instant, now=now())
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = status_of(error)
        else:
            flash(said, "done")
            return _to(project, number)
    page = get_desk_proposal(project.id, number, now=now())
    form.revision.data = str(page.revision)  # the text that the answer shows
    return _render(project, page, WithdrawForm(formdata=None), form), status


@blueprint.post(f"{_ONE}/take-up")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def take_up(project: Scope, number: int) -> ResponseReturnValue:
    """Bring a deferred proposal back into consultation."""
    try:
        with transaction():
            take_up_proposal(current_actor(), project.id, number, now=now())
    except Refusal as refusal:
        return _render_refused(project, number, refusal)
    flash(_("The proposal is in consultation again."), "good")
    return _to(project, number)


@blueprint.post(f"{_ONE}/withdraw")
@requires(Permission.PROJECT_PROPOSAL_EDIT)
def withdraw(project: Scope, number: int) -> ResponseReturnValue:
    """End a proposal for good, with a reason."""
    form = WithdrawForm()
    if form.validate():
        try:
            with transaction():
                withdraw_proposal(
                    current_actor(), project.id, number, reason=form.reason.data, now=now()
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("The proposal is withdrawn."), "done")
            return _to(project, number)
    return _render(project, get_desk_proposal(project.id, number, now=now()), form), 422


def _to(project: Scope, number: int) -> ResponseReturnValue:
    return redirect(f"/desk/{project.slug}/proposals/{number}", 303)


def _render(
    project: Scope,
    page: DeskProposal,
    form: WithdrawForm,
    dating: ConsultationForm | None = None,
) -> str:
    why_not = {action.value: obstacles(page.state, action) for action in ProposalAction}
    return render_template(
        "proposals/show.html",
        **desk_frame(project),
        page=page,
        form=form,
        dating=dating
        or ConsultationForm(formdata=None, until=page.consulted_until, revision=page.revision),
        dates=may(current_actor(), Permission.PROJECT_PROPOSAL_EDIT, project_id=project.id),
        now=now(),
        why_not=why_not,
        joined=list_joined(project.id, page.number)
        if may(current_actor(), Permission.PROJECT_NEED_READ, project_id=project.id)
        else (),
        joins=may(current_actor(), Permission.PROJECT_NEED_ANSWER, project_id=project.id),
        joinable=page.state in JOINABLE,
        offers=OFFERS,
        credits=CREDITS,
        reads_statements=may(
            current_actor(), Permission.PROJECT_STATEMENT_READ, project_id=project.id
        ),
    )


def _render_refused(project: Scope, number: int, refusal: Refusal) -> ResponseReturnValue:
    form = WithdrawForm(formdata=None)
    form.form_errors.append(refusal.message)
    return _render(project, get_desk_proposal(project.id, number, now=now()), form), 422


def _render_form(
    project: Scope,
    form: ProposalForm,
    page: DeskProposal | None = None,
    *,
    preview: bool = False,
    conflict: bool = False,
) -> str:
    joinable = () if page else list_joinable(project.id)
    form.offer(joinable)
    return render_template(
        "proposals/edit.html",
        **desk_frame(project),
        form=form,
        page=page,
        preview=preview,
        conflict=conflict,
        joinable=joinable,
        joined=list_joined(project.id, page.number) if page else (),
        offers=OFFERS,
        credits=CREDITS,
        closed=[] if page is None else obstacles(page.state, ProposalAction.EDIT),
    )
