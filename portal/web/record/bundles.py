"""The bundle of a vote, to be taken away and checked offline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from portal.domain.record.program import pack_program
from portal.queries.projects.public_project import get_project_frame
from portal.queries.record.bundles import write_bundle
from portal.web.access import collaborators, public
from portal.web.row_numbers import asked_number

blueprint = Blueprint("bundles", __name__)

_PART = 1 << 16


@blueprint.get("/p/<project>/proposals/<int:number>/bundle")
@public
def bundle(project: str, number: int) -> ResponseReturnValue:
    """Rules, electorate, ballots, log, checkpoint, outcome, and the program that checks them."""
    frame = get_project_frame(project)
    world = collaborators()
    script = Path(str(current_app.template_folder)) / "record" / "verify.py"
    with ExitStack() as unsent:
        archive = unsent.enter_context(TemporaryFile())
        name = write_bundle(
            frame.id,
            frame.slug,
            number,
            vote_id=asked_number("vote"),
            program=pack_program(script.read_bytes()),
            base_url=world.settings.base_url,
            key=world.record_key,
            into=archive,
        )
        close = unsent.pop_all().close
    answer = Response(_parts(archive), mimetype="application/zip")
    answer.content_length = archive.tell()
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.zip")
    answer.call_on_close(close)
    return answer


def _parts(archive: IO[bytes]) -> Iterator[bytes]:
    """What was written, part by part; the file is gone once it is sent."""
    with archive:
        archive.seek(0)
        while part := archive.read(_PART):
            yield part
