"""The page on which a person chooses how to get each kind of mail."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from portal.database import transaction
from portal.domain.notifications import MailKind, Way
from portal.domain.permissions import Permission
from portal.queries.notifications.choices import ChoicesPage, get_choices
from portal.services.notifications.choices import choose_ways
from portal.web.access import current_actor, now, requires
from portal.web.forms import Form
from portal.web.notifications.kind_words import GROUPS, KINDS, NECESSARY, WAYS

blueprint = Blueprint("notifications", __name__)


@blueprint.get("/account/notifications")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def show() -> ResponseReturnValue:
    """Every kind that may concern the person, with the way it comes."""
    page = get_choices(current_actor())
    return _render(page, _form(page))


@blueprint.post("/account/notifications")
@requires(Permission.PERSON_ACCOUNT_EDIT)
def choose() -> ResponseReturnValue:
    """Keep the ways."""
    page = get_choices(current_actor())
    form = _form(page)
    if not form.validate():
        return _render(page, form), 422
    with transaction():
        choose_ways(
            current_actor(), {kind: Way(form[kind.value].data) for kind in page.ways}, now=now()
        )
    flash(_("Saved. What waits for a digest follows your choice."), "good")
    return redirect(url_for("notifications.show"), 303)


def _form(page: ChoicesPage) -> Form:
    """A row of buttons for each kind that the page shows."""
    ways = [SelectChoice(way.value, label) for way, label in WAYS.items()]
    fields = {
        kind.value: RadioField(KINDS[kind][0], choices=ways, default=way.value)
        for kind, way in page.ways.items()
    }
    return cast("Form", type("ChoicesForm", (Form,), fields)())


def _render(page: ChoicesPage, form: Form) -> str:
    groups = [
        (title, [(kind, *KINDS[kind], form[kind.value]) for kind in kinds if kind in page.ways])
        for title, kinds in GROUPS.items()
    ]
    return render_template(
        "notifications/choices.html",
        page=page,
        now=now(),
        form=form,
        groups=[(title, rows) for title, rows in groups if rows],
        columns=[(label, "") for label in WAYS.values()],
        necessary=tuple(NECESSARY.values()),
    )


def kind_label(kind: MailKind) -> str:
    """What a kind of mail is called on pages."""
    return KINDS[kind][0]


def kind_note(kind: MailKind) -> str:
    """What mail of a kind says, in one sentence."""
    return KINDS[kind][1]


blueprint.add_app_template_filter(kind_label)
blueprint.add_app_template_filter(kind_note)
