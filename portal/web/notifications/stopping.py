"""Stop mail from a link in it, without signing in; and let it come again."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.database import transaction
from portal.domain.errors import Refusal
from portal.queries.notifications.choices import StopPage, get_stop_page
from portal.services.notifications.choices import stop_by_link, take_back
from portal.web.access import collaborators, current_actor, now, public

blueprint = Blueprint("stopping", __name__)


@blueprint.get("/notifications/stop/<token>")
@public
def ask(token: str) -> ResponseReturnValue:
    """Say what would be stopped; looking stops nothing, since mail scanners follow links."""
    return render_template("notifications/stop.html", page=_own(token), token=token)


@blueprint.post("/notifications/stop/<token>")
@public
def stop(token: str) -> ResponseReturnValue:
    """Stop it, for a person or for a mail program that posts on its own (RFC 8058).

    The signature in the address stands for the right, so no form token is asked for. The answer is
    the page itself: mail programs follow no redirects.
    """
    _own(token)
    with transaction():
        stop_by_link(token, secret=_secret(), now=now())
    return render_template("notifications/stop.html", page=_own(token), token=token, done="stopped")


@blueprint.post("/notifications/resume/<token>")
@public
def resume(token: str) -> ResponseReturnValue:
    """Take it back: the mail comes again as it came before."""
    _own(token)
    with transaction():
        take_back(token, secret=_secret(), now=now())
    return render_template("notifications/stop.html", page=_own(token), token=token, done="resumed")


def _own(token: str) -> StopPage:
    """What the link is about; refuses somebody who is signed in and whose mail it is not."""
    page = get_stop_page(token, secret=_secret(), today=now().date())
    if current_actor().person_id not in {None, page.person_id}:
        raise Refusal(
            "notifications.link_of_another",
            "This link is in a mail to somebody else. You are signed in, so choose on your own "
            "account page; or sign out and open the link again if the mail was yours.",
        )
    return page


def _secret() -> str:
    return collaborators().settings.secret_key
