"""Receipts: the elector's own page and file, and the page that checks a file for anybody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FileField

from portal.domain.errors import NotFound
from portal.domain.permissions import Permission
from portal.domain.record.notes import Checkpoint
from portal.domain.record.receipts import ReceiptWrong, check_receipt, write_receipt
from portal.queries.identity.actors import Scope
from portal.queries.projects.public_project import get_project_frame
from portal.queries.record.receipts import (
    ReceiptPage,
    get_organization_receipt,
    get_personal_receipt,
)
from portal.queries.record.record import Log, Proof, find_log, find_note, find_proof, list_keys
from portal.web.access import collaborators, current_actor, public, requires
from portal.web.contributor_frame import contributor_frame
from portal.web.desk_frame import desk_frame
from portal.web.forms import Form, LongTextField
from portal.web.identity.organization_frame import organization_frame
from portal.web.limits import limited

blueprint = Blueprint("receipts", __name__)

_OWN = "/organizations/<organization>/votes/<int:vote_id>/receipt"
_DESK = "/desk/<project>/votes/<int:vote_id>/receipt"
_CONTRIBUTOR = "/contributor/<project>/votes/<int:vote_id>/receipt"
_CHECK = "/p/<project>/record/check"
_MOST = 50_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a ballot's entry stands in the log: its proof, and the checkpoint it leads to."""

    log: Log
    proof: Proof | None
    note: str | None


@blueprint.get(_OWN)
@requires(Permission.ORGANIZATION_BALLOT_CAST)
def own(organization: Scope, vote_id: int) -> ResponseReturnValue:
    """Is my ballot in it? The organization's receipt, as a page or a file."""
    page = get_organization_receipt(organization.id, vote_id)
    return _answer(page, f"/organizations/{organization.slug}", organization_frame(organization))


@blueprint.get(_DESK)
@requires(Permission.PROJECT_BALLOT_CAST)
def desk(project: Scope, vote_id: int) -> ResponseReturnValue:
    """Is my ballot in it? A maintainer's receipt, as a page or a file."""
    page = get_personal_receipt(project.id, vote_id, current_actor().person_id)
    return _answer(page, f"/desk/{project.slug}", desk_frame(project))


@blueprint.get(_CONTRIBUTOR)
@requires(Permission.CONTRIBUTOR_BALLOT_CAST)
def contributor(project: Scope, vote_id: int) -> ResponseReturnValue:
    """Is my ballot in it? A contributor's receipt, as a page or a file."""
    page = get_personal_receipt(project.id, vote_id, current_actor().person_id)
    frame = contributor_frame(project)
    return _answer(page, frame.pop("root"), frame)


class CheckForm(Form):
    """A receipt, as a file or as its text."""

    file = FileField(_l("Receipt file"), description=_l("The file that ends in .json."))
    text = LongTextField(
        _l("Or its text"), max_length=_MOST, description=_l("Open the file and paste all of it.")
    )

    def read(self) -> str:
        """What was sent, or nothing."""
        sent = self.file.data.read(_MOST + 1).decode(errors="replace") if self.file.data else ""
        return sent or self.text.data


@blueprint.get(_CHECK)
@public
def check(project: str) -> ResponseReturnValue:
    """Where anybody who holds a receipt can have it checked."""
    return _render_check(project, CheckForm())


@blueprint.post(_CHECK)
@public
@limited("30 per minute")
def checked(project: str) -> ResponseReturnValue:
    """Check a receipt against the log and the keys; nothing of it is stored."""
    form = CheckForm()
    if not form.validate():
        return _render_check(project, form), 422
    try:
        found = _check(project, form.read())
    except ReceiptWrong as error:
        form.file.errors = [*form.file.errors, str(error)]
        return _render_check(project, form), 422
    flash(
        _(
            "The receipt holds: ballot and nonce make the commitment on record, the proof leads to"
            " the root of the log at %(size)s entries, a key of this portal signed it, and the log"
            " still has that root.",
            size=found.size,
        ),
        "good",
    )
    return redirect(f"/p/{project}/record/check", 303)


def _check(project: str, text: str) -> Checkpoint:
    """Check a receipt by itself, then that the log still has the root it was given for."""
    frame = get_project_frame(project)
    world = collaborators()
    now_log = find_log(frame.id, frame.slug, world.settings.base_url)
    found = check_receipt(text, list_keys(now_log.origin, world.record_key))
    try:
        then = find_log(frame.id, frame.slug, world.settings.base_url, size=found.size)
    except NotFound as error:
        raise ReceiptWrong(_("The log is shorter today than the receipt says it was.")) from error
    if then.root != found.root:
        raise ReceiptWrong(_("The log has another root today at that size."))
    return found


def _render_check(project: str, form: CheckForm) -> str:
    return render_template("record/check.html", project=get_project_frame(project), form=form)


def _answer(page: ReceiptPage, root: str, frame: dict[str, Any]) -> ResponseReturnValue:
    """The receipt as a page, or with ``?as=file`` as the file to keep."""
    place = _place(page)
    if request.args.get("as") == "file":
        return _file(page, place)
    back = f"{root}/votes/{page.vote_id}"
    return render_template(
        "record/receipt.html", **frame, page=page, place=place, root=root, back=back
    )


def _place(page: ReceiptPage) -> _Place:
    world = collaborators()
    log = find_log(page.project_id, page.project_slug, world.settings.base_url)
    if page.index is None:
        return _Place(log, None, None)
    return _Place(log, find_proof(log, page.index), find_note(log, world.record_key))


def _file(page: ReceiptPage, place: _Place) -> Response:
    if place.proof is None or page.opening is None:
        raise NotFound("receipt")
    receipt = write_receipt(page.reference, page.opening, place.proof.as_json(), place.note)
    return Response(
        json.dumps(receipt, indent=2, ensure_ascii=False) + "\n",
        mimetype="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="receipt-{page.reference}.json"',
            "Cache-Control": "no-store",
        },
    )
