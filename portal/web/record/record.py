"""The public record: the log, its entries and proofs, checkpoints, keys, and the feed."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from portal.domain.errors import NotFound
from portal.domain.record.entries import BALLOT_TYPES
from portal.queries.projects.public_project import ProjectFrame, get_project_frame
from portal.queries.record.feed import LIMIT, list_fed_outcomes
from portal.queries.record.record import (
    Log,
    find_consistency,
    find_log,
    find_note,
    find_proof,
    get_entry,
    get_log_page,
    list_checkpoints,
    list_keys,
)
from portal.web.access import collaborators
from portal.web.page_cache import record_page
from portal.web.record.record_words import describe_entry, outcome_sentence
from portal.web.row_numbers import asked_number

blueprint = Blueprint("record", __name__)
blueprint.add_app_template_filter(describe_entry, "entry_name")

_ROOT = "/p/<project>/record"


@blueprint.get(_ROOT)
@record_page
def log(project: str) -> ResponseReturnValue:
    """The log, the newest entries first, with its checkpoint."""
    frame, found = _log(project)
    page = get_log_page(frame.id, before=asked_number("before"))
    note = find_note(found, collaborators().record_key)
    return render_template("record/log.html", project=frame, log=found, page=page, note=note)


@blueprint.get(f"{_ROOT}/<int:index>")
@record_page
def entry(project: str, index: int) -> ResponseReturnValue:
    """One entry, the proof that it is in the log, and the ballot behind it once it is opened."""
    frame, found = _log(project)
    page = get_entry(found, index)
    note = find_note(found, collaborators().record_key)
    opening = None if page.opening is None else _pretty(page.opening)
    return render_template(
        "record/entry.html",
        project=frame,
        log=found,
        page=page,
        note=note,
        body=_pretty(dict(page.body)),
        opening=opening,
        sealed=page.type in BALLOT_TYPES,
    )


@blueprint.get(f"{_ROOT}/<int:index>/proof")
@record_page
def proof(project: str, index: int) -> ResponseReturnValue:
    """The inclusion proof of an entry (RFC 9162, 2.1.3), with the checkpoint it leads to."""
    _frame, found = _log(project)
    shown = find_proof(found, index).as_json()
    return _json(shown | {"checkpoint": find_note(found, collaborators().record_key)})


@blueprint.get(f"{_ROOT}/consistency/<int:first>/<int:second>")
@record_page
def consistency(project: str, first: int, second: int) -> ResponseReturnValue:
    """The proof that the log of one size grew into that of another (RFC 9162, 2.1.4)."""
    frame = get_project_frame(project)
    hashes = find_consistency(frame.id, first, second)
    return _json({"first": first, "second": second, "hashes": [each.hex() for each in hashes]})


@blueprint.get(f"{_ROOT}/checkpoint")
@record_page
def checkpoint(project: str) -> ResponseReturnValue:
    """The newest checkpoint, as a signed note."""
    return _note(_log(project)[1])


@blueprint.get(f"{_ROOT}/checkpoint/<int:size>")
@record_page
def earlier_checkpoint(project: str, size: int) -> ResponseReturnValue:
    """The checkpoint of the log at one size."""
    return _note(_log(project, size=size)[1])


@blueprint.get(f"{_ROOT}/key")
@record_page
def key(project: str) -> ResponseReturnValue:
    """The keys that sign or signed checkpoints, one a line, the one in use first."""
    _frame, found = _log(project)
    keys = list_keys(found.origin, collaborators().record_key)
    return _text("".join(f"{each}\n" for each in keys))


@blueprint.get("/p/<project>/feed.atom")
@record_page
def feed(project: str) -> ResponseReturnValue:
    """Outcomes, decisions and checkpoints as an Atom feed."""
    frame = get_project_frame(project)
    body = render_template(
        "record/feed.xml",
        project=frame,
        site=collaborators().settings.base_url,
        outcomes=list_fed_outcomes(frame.id),
        checkpoints=list_checkpoints(frame.id, limit=LIMIT),
        outcome_sentence=outcome_sentence,
    )
    return Response(body, mimetype="application/atom+xml")


def _log(project: str, *, size: int | None = None) -> tuple[ProjectFrame, Log]:
    frame = get_project_frame(project)
    base_url = collaborators().settings.base_url
    return frame, find_log(frame.id, frame.slug, base_url, size=size)


def _note(found: Log) -> Response:
    note = find_note(found, collaborators().record_key)
    if note is None:
        raise NotFound("checkpoint")
    return _text(note)


def _text(body: str) -> Response:
    return Response(body, mimetype="text/plain")


def _json(value: object) -> Response:
    return Response(_pretty(value) + "\n", mimetype="application/json")


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
