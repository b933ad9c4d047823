"""The pages of a need's author, wherever that side has its desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.queries.identity.actors import Scope
from portal.queries.workshop.needs import NeedPage, Stake
from portal.services.sent_forms import take_form
from portal.services.workshop.needs import (
    TALKED_ABOUT,
    draft_need,
    edit_need,
    submit_need,
    withdraw_need,
    write_to_maintainers,
)
from portal.web.access import current_actor, now
from portal.web.forms import refused
from portal.web.workshop.need_forms import CREDITS, OFFERS, MessageForm, NeedForm


@dataclass(frozen=True)
class Place:
    """Where an author's side writes: an organization's desk, or a contributor's (no organization).

    ``needs`` is the address of its list, ``new`` that of a new one, below which stands the project
    where it can be several; ``read`` finds one of its needs, ``kept`` says who sees a draft.
    """

    organization_id: int | None
    name: str
    needs: str
    new: str
    kept: str
    writes: bool
    frame: Mapping[str, Any]
    read: Callable[[int], NeedPage]
    new_form: Callable[[], NeedForm]

    def address(self, need_id: int) -> str:
        """Where one need is read."""
        return f"{self.needs}/{need_id}"

    @property
    def context(self) -> dict[str, Any]:
        """What every template of a need is given."""
        return {
            **self.frame,
            "needs": self.needs,
            "side": self.name,
            "kept": self.kept,
            "writes": self.writes,
        }


def show_new(place: Place, project: Scope) -> ResponseReturnValue:
    """An empty need."""
    return _render_form(place, place.new_form(), project, _new(place, project))


def save_new(place: Place, project: Scope) -> ResponseReturnValue:
    """Keep a new need as a draft, and hand it in if that was asked for."""
    form, here = place.new_form(), _new(place, project)
    if not form.validate():
        return _render_form(place, form, project, here), 422
    try:
        with transaction():
            take_form(form.sent, now=now())
            need_id = draft_need(
                current_actor(), place.organization_id, project.id, form.read(), now=now()
            )
    except Refusal as refusal:
        refused(form, refusal)
        return _render_form(place, form, project, here), 422
    return _after_saving(place, need_id)


def _new(place: Place, project: Scope) -> str:
    return place.new if place.organization_id is None else f"{place.new}/{project.slug}"


def show_need(place: Place, need_id: int) -> ResponseReturnValue:
    """A need: where it stands, what was said about it."""
    return _render(place, place.read(need_id), MessageForm())


def show_form(place: Place, need_id: int) -> ResponseReturnValue:
    """The text of a need, as a form."""
    page, form = place.read(need_id), place.new_form()
    form.show(page)
    return _render_saved(place, form, page)


def save_changes(place: Place, need_id: int) -> ResponseReturnValue:
    """Save a changed text, and hand it in if that was asked for."""
    form = place.new_form()
    if not form.validate():
        return _render_saved(place, form, place.read(need_id)), 422
    try:
        with transaction():
            edit_need(
                current_actor(),
                place.organization_id,
                need_id,
                form.read(),
                revision=form.seen_revision,
                now=now(),
            )
    except (Conflict, Refusal) as error:
        page = place.read(need_id)
        refused(form, error)
        conflict = isinstance(error, Conflict)
        if conflict:
            # Having seen the saved text beside their own, they may save over it.
            form.revision.data = str(page.revision)
        return _render_saved(place, form, page, conflict=conflict), 409 if conflict else 422
    return _after_saving(place, need_id)


def take_back(place: Place, need_id: int) -> ResponseReturnValue:
    """Withdraw a need."""
    with transaction():
        withdraw_need(current_actor(), place.organization_id, need_id, now=now())
    flash(_("The need is withdrawn."), "good")
    return redirect(place.needs, 303)


def send_message(place: Place, need_id: int) -> ResponseReturnValue:
    """Write to the maintainers about a need."""
    form = MessageForm()
    if form.validate():
        try:
            with transaction():
                take_form(form.sent, now=now())
                write_to_maintainers(
                    current_actor(), place.organization_id, need_id, form.text.data, now=now()
                )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            flash(_("Your message is on its way."), "good")
            return redirect(place.address(need_id), 303)
    return _render(place, place.read(need_id), form), 422


def _after_saving(place: Place, need_id: int) -> ResponseReturnValue:
    """The text is saved: hand it in, or say that it stays a draft."""
    if request.form.get("step") != "submit":
        flash(_("Saved as a draft. %(kept)s", kept=place.kept), "good")
        return redirect(place.address(need_id), 303)
    try:
        with transaction():
            submit_need(current_actor(), place.organization_id, need_id, now=now())
    except Refusal as refusal:
        page, form = place.read(need_id), place.new_form()
        form.process(formdata=None)
        form.show(page)
        refused(form, refusal)
        return _render_saved(place, form, page), 422
    flash(_("Handed in. You get a mail when a steward has read it."), "good")
    return redirect(place.address(need_id), 303)


def _render(place: Place, page: NeedPage, form: MessageForm) -> str:
    return render_template(
        "needs/show.html",
        **place.context,
        page=page,
        form=form,
        talks=page.state in TALKED_ABOUT,
        credits=CREDITS,
        offers=OFFERS,
    )


def _render_saved(place: Place, form: NeedForm, page: NeedPage, *, conflict: bool = False) -> str:
    here = f"{place.address(page.id)}/edit"
    return _render_form(place, form, page.project, here, page, conflict=conflict)


def _render_form(
    place: Place,
    form: NeedForm,
    project: Scope | Stake,
    here: str,
    page: NeedPage | None = None,
    *,
    conflict: bool = False,
) -> str:
    return render_template(
        "needs/edit.html",
        **{**place.context, "project": project},
        form=form,
        here=here,
        page=page,
        conflict=conflict,
        credits=CREDITS,
        offers=OFFERS,
    )
