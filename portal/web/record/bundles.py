"""The bundle of a vote, to be taken away and checked offline."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from portal.domain.record.program import pack_program
from portal.queries.projects.public_project import get_project_frame
from portal.queries.record.bundles import build_bundle
from portal.web.access import collaborators, public
from portal.web.row_numbers import asked_number

blueprint = Blueprint("bundles", __name__)


@blueprint.get("/p/<project>/proposals/<int:number>/bundle")
@public
def bundle(project: str, number: int) -> ResponseReturnValue:
    """Rules, electorate, ballots, log, checkpoint, outcome, and the program that checks them."""
    frame = get_project_frame(project)
    world = collaborators()
    script = Path(str(current_app.template_folder)) / "record" / "verify.py"
    name, archive = build_bundle(
        frame.id,
        frame.slug,
        number,
        vote_id=asked_number("vote"),
        program=pack_program(script.read_bytes()),
        base_url=world.settings.base_url,
        key=world.record_key,
    )
    return Response(
        archive,
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"'},
    )
