"""Extending the window of a vote: form, preview, and the step itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from portal.database import transaction
from portal.domain.errors import Conflict, Refusal
from portal.domain.permissions import Permission
from portal.domain.votes import check_extension
from portal.queries.identity.actors import Scope
from portal.queries.votes.windows import WindowDesk, get_window_desk
from portal.services.votes.windows import extend_window
from portal.web.access import collaborators, current_actor, now, requires
from portal.web.desk_frame import desk_frame
from portal.web.forms import Form, TextField, refused
from portal.web.votes.vote_forms import InstantField

blueprint = Blueprint("windows", __name__)

_EXTEND = "/desk/<project>/votes/<int:vote_id>/extend"
_USUAL = timedelta(days=7)


class ExtensionForm(Form):
    """A later close, and why."""

    seal = HiddenField()
    closes_at = InstantField(
        _l("New close (UTC)"),
        description=_l("After the present close, at most 90 days after the opening."),
    )
    reason = TextField(
        _l("Reason"),
        max_length=500,
        required=True,
        description=_l("Published on the pages of the vote, and in the mail to all electors."),
    )

    def read_close(self) -> datetime:
        """The close that was typed; refuses an empty field."""
        if self.closes_at.data is None:
            raise Refusal(
                "vote.close_missing", _("Say when the vote shall close."), field="closes_at"
            )
        return self.closes_at.data

    def read_seen(self) -> datetime:
        """The close that this form was opened on; a made-up one is simply not the present one."""
        try:
            return datetime.fromisoformat(self.seal.data or "")
        except ValueError:
            raise Conflict(
                "vote.window_changed", _("Reload this page: it lost track of the close.")
            ) from None


@blueprint.get(_EXTEND)
@requires(Permission.PROJECT_VOTE_OPEN)
def prepare(project: Scope, vote_id: int) -> ResponseReturnValue:
    """The window as it is, and the form for a later close."""
    desk = get_window_desk(project.id, vote_id, now=now())
    return _render(project, desk, ExtensionForm(closes_at=desk.closes_at + _USUAL))


@blueprint.post(_EXTEND)
@requires(Permission.PROJECT_VOTE_OPEN)
def extend(project: Scope, vote_id: int) -> ResponseReturnValue:
    """Preview the later close, or set it."""
    form = ExtensionForm()
    status = 422
    if form.validate():
        try:
            closes_at = form.read_close()
            if request.form.get("step") != "save":
                desk = get_window_desk(project.id, vote_id, now=now())
                check_extension(desk.opens_at, desk.closes_at, closes_at)
                return _render(project, desk, form, closes_at)
            with transaction():
                extend_window(
                    current_actor(),
                    project.id,
                    vote_id,
                    closes_at=closes_at,
                    seen_close=form.read_seen(),
                    reason=form.reason.data,
                    site=collaborators().settings.base_url,
                    now=now(),
                )
        except (Conflict, Refusal) as error:
            refused(form, error)
            status = 409 if isinstance(error, Conflict) else 422
        else:
            flash(_("The window is extended, and everybody entitled gets a mail."), "good")
            return redirect(f"/desk/{project.slug}/votes/{vote_id}", 303)
    return _render(project, get_window_desk(project.id, vote_id, now=now()), form), status


def _render(
    project: Scope, desk: WindowDesk, form: ExtensionForm, closes_at: datetime | None = None
) -> str:
    form.seal.data = desk.closes_at.isoformat()
    return render_template(
        "windows/extend.html",
        **desk_frame(project),
        page=desk,
        form=form,
        closes_at=closes_at,
        now=now(),
    )
