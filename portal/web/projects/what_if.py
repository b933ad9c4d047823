"""The public page that shows what another cap, damping or threshold would do today."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.domain.charter import Charter
from portal.domain.electorate import Electorate
from portal.domain.errors import Refusal
from portal.queries.projects.public_project import ProjectFrame, get_project_frame
from portal.queries.projects.what_if import find_what_if
from portal.queries.weights.electorate import get_charter
from portal.web.access import now
from portal.web.forms import refused
from portal.web.limits import limited_questions
from portal.web.page_cache import public_page
from portal.web.projects.charter_figures import beside, compare_figures
from portal.web.projects.charter_forms import WhatIfForm
from portal.web.votes.power_words import explain_power
from portal.web.votes.public_charts import weights_chart

blueprint = Blueprint("what_if", __name__)


@blueprint.get("/p/<project>/charter/what-if")
@limited_questions("30 per minute; 300 per hour")
@public_page
def show(project: str) -> ResponseReturnValue:
    """Turn cap, damping and threshold, and see today's shares and power; nothing is changed."""
    frame = get_project_frame(project)
    charter = get_charter(frame.id)
    if not request.args:
        form = WhatIfForm(formdata=None)
        form.show(charter)
        return _render(frame, form, charter, charter)
    form = WhatIfForm(formdata=request.args)
    if not form.validate():
        return _render(frame, form, charter, None), 422
    try:
        wished = form.read(charter)
    except Refusal as refusal:
        refused(form, refusal)
        return _render(frame, form, charter, None), 422
    return _render(frame, form, charter, wished)


def _render(frame: ProjectFrame, form: WhatIfForm, charter: Charter, wished: Charter | None) -> str:
    asked = wished is not None and wished != charter
    charters = (charter, wished) if wished is not None and asked else (charter,)
    found = find_what_if(frame.id, charters, now=now()) if wished is not None else ()
    return render_template(
        "public/what_if.html",
        project=frame,
        form=form,
        asked=asked,
        crowded=found is None,
        empty=found is not None and not any(each.sponsors.electors for each in found),
        now=now(),
        **_shown(found or ()),
    )


def _shown(found: tuple[Electorate, ...]) -> dict[str, object]:
    """Pictures and figures of public names alone; those who are unnamed stay together."""
    pictures = [weights_chart(each.sponsors, each.charter.cap) for each in found]
    if len(found) < 2:  # noqa: PLR2004 - today alone
        charts = [(_("Today"), picture) for picture in pictures]
    else:
        charts = [(_("Today"), beside(*pictures)), (_("Then"), beside(*reversed(pictures)))]
    return {
        "charts": [(title, chart) for title, chart in charts if chart is not None],
        "figures": compare_figures(found[0], found[-1]) if found else [],
        "warnings": explain_power(found[-1].sponsors) if found else [],
    }
