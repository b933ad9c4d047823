"""The charter editor: form, preview of what a change does to today's shares, and saving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.charter import Charter, changed_fields
from portal.domain.electorate_changes import compare
from portal.domain.errors import Conflict, NotFound, Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.actors import Scope
from portal.queries.projects.charters import CharterPage, find_charter, find_charter_preview
from portal.services.projects.charters import change_charter
from portal.web.access import current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import refused
from portal.web.projects.charter_figures import beside, compare_figures, compare_people
from portal.web.projects.charter_forms import CharterForm
from portal.web.projects.charter_rules import describe_charter
from portal.web.votes.power_words import explain_power
from portal.web.votes.public_charts import weights_chart

blueprint = Blueprint("charters", __name__)

_LISTED = 60


@blueprint.get("/desk/<project>/charter")
@requires(Permission.PROJECT_CHARTER_EDIT)
def edit(project: Scope) -> ResponseReturnValue:
    """The charter in force, as a form."""
    page = _page(project)
    form = CharterForm()
    form.show(page.charter, page.number)
    return _render(project, page, form)


@blueprint.post("/desk/<project>/charter")
@requires(Permission.PROJECT_CHARTER_EDIT)
def change(project: Scope) -> ResponseReturnValue:
    """Preview a charter, or put it into force."""
    page = _page(project)
    form = CharterForm()
    if not form.validate():
        return _render(project, page, form), 422
    try:
        charter = form.read()
        if request.form.get("step") != "save":
            return _render(project, page, form, charter)
        with transaction():
            number = change_charter(
                current_actor(),
                project.id,
                charter,
                seen_number=form.seen_number,
                note=form.note.data,
                now=now(),
            )
    except Conflict as conflict:
        # What was typed is kept and may be previewed against the newer version, then saved.
        page = _page(project)
        form.number.data = str(page.number)
        refused(form, conflict)
        return _render(project, page, form), 409
    except Refusal as refusal:
        refused(form, refusal)
        return _render(project, page, form), 422
    flash(_("Version %(number)s is in force and holds from the next vote.", number=number), "good")
    return redirect(f"/desk/{project.slug}/charter", 303)


def _page(project: Scope) -> CharterPage:
    page = find_charter(project.id)
    if page is None:
        raise NotFound("charter")
    return page


def _render(
    project: Scope, page: CharterPage, form: CharterForm, charter: Charter | None = None
) -> str:
    preview = None if charter is None else _preview(project, page, charter)
    return render_template(
        "desk/charter.html",
        **desk_frame(project),
        page=page,
        form=form,
        rules=describe_charter(page.charter),
        preview=preview,
    )


def _preview(project: Scope, page: CharterPage, charter: Charter) -> dict[str, object]:
    """What a charter would do to today's electorate, ready for the template."""
    today, then = find_charter_preview(project.id, charter, now=now())
    changes = compare(today.sponsors, then.sponsors)
    pictures = [
        weights_chart(each.sponsors, each.charter.cap, to_insiders=True) for each in (today, then)
    ]
    before = dict(zip(describe_charter(page.charter), describe_charter(charter), strict=True))
    return {
        "rules": [(now_.title, now_.sentence, then_.sentence)
                  for now_, then_ in before.items() if now_ != then_],
        "changed": changed_fields(page.charter, charter),
        "changes": changes[:_LISTED],
        "hidden": max(0, len(changes) - _LISTED),
        "figures": [*compare_figures(today, then), *compare_people(today, then)],
        "charts": [(_("Today"), beside(*pictures)), (_("Then"), beside(*reversed(pictures)))],
        "warnings": explain_power(then.sponsors, to_insiders=True),
        "left_out": then.left_out,
        "power_known": then.sponsors.powers is not None,
    }  # fmt: skip
