"""The choice between light, dark and what the system says; works without a script."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, request
from flask.typing import ResponseReturnValue

from portal.web.access import public
from portal.web.page_cache import THEMES

blueprint = Blueprint("appearance", __name__)

_YEAR_SECONDS = 365 * 24 * 3600


@blueprint.get("/appearance")
@public
def choose() -> ResponseReturnValue:
    """Remember the choice in a cookie and go back; anything but a theme means the system's.

    A GET, so that shared pages can hold the form: they carry no token, and this changes nothing
    but how pages look in this browser.
    """
    response = redirect(_local(request.args.get("next", "/")), code=303)
    theme = request.args.get("theme")
    if theme in THEMES:
        response.set_cookie(
            "theme",
            theme,
            max_age=_YEAR_SECONDS,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie("theme")
    return response


def _local(address: str) -> str:
    """The address if it is a path of this portal, else the start page."""
    # Browsers read a backslash as a slash, and two slashes as another host.
    path = address.replace("\\", "/")
    return path if path.startswith("/") and not path.startswith("//") else "/"
