"""The tier editor: list and order, versions with a preview, taking off sale."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.database import transaction
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Permission
from portal.domain.tiers import TierTerms
from portal.queries.identity.actors import Scope
from portal.queries.projects.project_desk import get_currency
from portal.queries.sponsorship.tiers import (
    TierHistory,
    find_newcomers,
    find_tier,
    list_tiers_in_editor,
)
from portal.services.sent_forms import take_form
from portal.services.sponsorship.price_notices import announce_price
from portal.services.sponsorship.tiers import (
    add_tier,
    archive_tier,
    change_tier,
    move_tier,
    restore_tier,
)
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.billing.document_characters import warn_of_unshown
from portal.web.desk_frame import desk_frame
from portal.web.formats import format_share
from portal.web.forms import refused
from portal.web.sponsorship.benefits import describe_benefit
from portal.web.sponsorship.sponsorship_forms import NoticeForm
from portal.web.sponsorship.tier_forms import TierForm
from portal.web.votes.power_words import describe_power

blueprint = Blueprint("tiers", __name__)


@blueprint.get("/desk/<project>/tiers")
@requires(Permission.PROJECT_TIERS_EDIT)
def index(project: Scope) -> ResponseReturnValue:
    """All tiers, with what runs on them."""
    tiers = list_tiers_in_editor(project.id, now=now())
    return render_template(
        "desk/tiers.html", **desk_frame(project), tiers=tiers, describe=describe_benefit
    )


@blueprint.get("/desk/<project>/tiers/new")
@requires(Permission.PROJECT_TIERS_EDIT)
def new(project: Scope) -> ResponseReturnValue:
    """The form of a new tier."""
    return _render(project, _form(project), None)


@blueprint.post("/desk/<project>/tiers/new")
@requires(Permission.PROJECT_TIERS_EDIT)
def add(project: Scope) -> ResponseReturnValue:
    """Preview a new tier, or put it on sale."""
    return _handle(
        project,
        None,
        lambda _form, terms: add_tier(current_actor(), project.id, terms, now=now()),
    )


@blueprint.get("/desk/<project>/tiers/<tier>")
@requires(Permission.PROJECT_TIERS_EDIT)
def edit(project: Scope, tier: str) -> ResponseReturnValue:
    """A tier's newest version, as a form."""
    return _render_tier(project, tier, NoticeForm(formdata=None))


@blueprint.post("/desk/<project>/tiers/<tier>")
@requires(Permission.PROJECT_TIERS_EDIT)
def change(project: Scope, tier: str) -> ResponseReturnValue:
    """Preview a change of a tier, or make it a new version."""
    return _handle(
        project,
        _find(project, tier),
        lambda form, terms: change_tier(
            current_actor(), project.id, tier, terms, seen_number=form.seen_number, now=now()
        ),
    )


@blueprint.post("/desk/<project>/tiers/<tier>/notice")
@requires(Permission.PROJECT_TIERS_EDIT)
def announce(project: Scope, tier: str) -> ResponseReturnValue:
    """Announce the version on sale to those who pay an older one."""
    notice = NoticeForm()
    if not notice.validate() or notice.notice_days.number is None:
        return _render_tier(project, tier, notice), 422
    try:
        with transaction():
            told = announce_price(
                current_actor(),
                project.id,
                tier,
                notice_days=notice.notice_days.number,
                site=collaborators().settings.base_url,
                now=now(),
            )
    except Refusal as refusal:
        refused(notice, refusal)
        return _render_tier(project, tier, notice), 422
    flash(ngettext("%(num)s sponsor is told.", "%(num)s sponsors are told.", told), "good")
    return redirect(f"/desk/{project.slug}/tiers/{tier}", 303)


@blueprint.post("/desk/<project>/tiers/<tier>/move")
@requires(Permission.PROJECT_TIERS_EDIT)
def move(project: Scope, tier: str) -> ResponseReturnValue:
    """Show a tier one place earlier or later."""
    up = request.form.get("direction") == "up"
    return _apply(project, tier, partial(move_tier, up=up), _("The order is changed."))


@blueprint.post("/desk/<project>/tiers/<tier>/archive")
@requires(Permission.PROJECT_TIERS_EDIT)
def archive(project: Scope, tier: str) -> ResponseReturnValue:
    """Take a tier off sale."""
    return _apply(project, tier, archive_tier, _("The tier is off sale; what runs goes on."))


@blueprint.post("/desk/<project>/tiers/<tier>/restore")
@requires(Permission.PROJECT_TIERS_EDIT)
def restore(project: Scope, tier: str) -> ResponseReturnValue:
    """Put a tier back on sale."""
    return _apply(project, tier, restore_tier, _("The tier is back on sale."))


def _apply(project: Scope, tier: str, verb: Callable[..., None], said: str) -> ResponseReturnValue:
    with transaction():
        verb(current_actor(), project.id, tier, now=now())
    flash(said, "good")
    return redirect(f"/desk/{project.slug}/tiers", 303)


def _handle(
    project: Scope, history: TierHistory | None, verb: Callable[[TierForm, TierTerms], object]
) -> ResponseReturnValue:
    """Read the form, then preview or save; a refusal stands at its field, with all typed text."""
    form = _form(project)
    if not form.validate():
        return _render(project, form, history), 422
    try:
        terms = form.read()
        if request.form.get("step") != "save":
            return _render(project, form, history, terms)
        with transaction():
            if history is None:
                take_form(form.sent, now=now())
            changed = verb(form, terms)
    except Conflict as conflict:
        newer = None if history is None else _find(project, history.slug)
        form.number.data = "" if newer is None else str(newer.newest.number)
        refused(form, conflict)
        return _render(project, form, newer), 409
    except Refusal as refusal:
        refused(form, refusal)
        return _render(project, form, history), 422
    flash(_("Saved.") if changed else _("Nothing was changed."), "good" if changed else "info")
    warn_of_unshown(terms.name)
    return redirect(f"/desk/{project.slug}/tiers", 303)


def _find(project: Scope, slug: str) -> TierHistory:
    history = find_tier(project.id, slug)
    if history is None:
        raise NotFound("tier")
    return history


def _render_tier(project: Scope, tier: str, notice: NoticeForm) -> str:
    """The tier as it is on sale, beside a notice that may just have been refused."""
    history = _find(project, tier)
    form = TierForm(formdata=None)
    form.price.currency = get_currency(project.id)
    form.show(history.newest.terms, history.newest.number)
    return _render(project, form, history, notice=notice)


def _form(project: Scope) -> TierForm:
    form = TierForm()
    form.price.currency = get_currency(project.id)
    return form


def _render(
    project: Scope,
    form: TierForm,
    history: TierHistory | None,
    terms: TierTerms | None = None,
    *,
    notice: NoticeForm | None = None,
) -> str:
    return render_template(
        "desk/tier.html",
        **desk_frame(project),
        form=form,
        history=history,
        terms=terms,
        changed=history is None or terms != history.newest.terms,
        preview=_preview(project, history, terms) if terms else (),
        describe=describe_benefit,
        notice=notice or NoticeForm(formdata=None),
    )


def _preview(
    project: Scope, history: TierHistory | None, terms: TierTerms
) -> list[tuple[str, str | None, str]]:
    """What a buyer would get, today and with these terms: (label, now, then)."""
    before = None if history is None else history.newest.terms
    offers = [terms] if before is None else [terms, before]
    then, *today = find_newcomers(project.id, offers, now=now())
    return [
        (
            _("Share of the vote it would give one new sponsor today"),
            format_share(today[0][0]) if today else None,
            format_share(then[0]),
        ),
        (
            _("Power that share would have"),
            describe_power(today[0][1]) if today else None,
            describe_power(then[1]),
        ),
        (
            _("Voting weight"),
            None if before is None else str(before.voting_weight),
            str(terms.voting_weight),
        ),
    ]
