"""An invitation's page: what is offered, by whom, and the button to accept it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.domain.permissions import Permission
from portal.queries.identity.organizations import get_invitation
from portal.services.identity.invitations import accept_invitation
from portal.web.access import current_actor, now, public, requires

blueprint = Blueprint("invitations", __name__)


@blueprint.get("/invitations/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """What is offered; only the invited person can accept it."""
    return _page(token)


@blueprint.post("/invitations/<token>")
@requires(Permission.PERSON_INVITATION_ACCEPT)
def accept(token: str) -> ResponseReturnValue:
    """Take the offered role."""
    try:
        with transaction():
            joined = accept_invitation(current_actor(), token, now=now())
    except Refusal as refusal:
        return _page(token, refusal.message), 422
    flash(_("Welcome to %(name)s.", name=joined.name), "good")
    if joined.is_contributor:
        return redirect(f"/contributor/{joined.slug}", 303)
    if joined.is_project:
        return redirect(f"/desk/{joined.slug}", 303)
    return redirect(url_for("organizations.show", organization=joined.slug), 303)


def _page(token: str, problem: str = "") -> str:
    invitation = get_invitation(token, person_id=current_actor().person_id, now=now())
    return render_template(
        "organizations/invitation.html",
        invitation=invitation,
        token=token,
        problem=problem or invitation.problem,
        signed_in=current_actor().person_id is not None,
    )
