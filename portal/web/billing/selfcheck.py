"""The treasurer's page of the self-check."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.domain.permissions import Permission
from portal.queries.billing.selfcheck import list_runs
from portal.queries.identity.actors import Scope
from portal.web.access import requires
from portal.web.desk_frame import desk_frame

blueprint = Blueprint("selfcheck", __name__)


@blueprint.get("/desk/<project>/self-check")
@requires(Permission.PROJECT_LEDGER_READ)
def show(project: Scope) -> ResponseReturnValue:
    """What the last runs found in this project."""
    return render_template(
        "desk/self_check.html", **desk_frame(project), runs=list_runs(project.id)
    )
