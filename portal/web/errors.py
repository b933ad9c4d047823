"""One table maps refusals to HTTP; every error page says what happened and what to do."""

from __future__ import annotations

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from portal.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    NotFound,
    ProcessorUnavailable,
    Refusal,
)

STATUS: dict[type[DomainError], int] = {
    Refusal: 422,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    ProcessorUnavailable: 503,
}


def status_of(error: DomainError) -> int:
    """HTTP status of a refusal."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)


def init_errors(app: Flask) -> None:
    """Answer refusals and HTTP errors with a page of the portal."""

    def page(status: int, code: str, message: str) -> ResponseReturnValue:
        body = render_template(
            "layout/error.html", status=status, code=code, message=message, path=request.path
        )
        return body, status, {"Cache-Control": "no-store"}

    @app.errorhandler(DomainError)
    def refused(error: DomainError) -> ResponseReturnValue:
        app.logger.info("refused %s %s: %s", request.method, request.path, error.code)
        return page(status_of(error), error.code, error.message)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if 300 <= status < 400:  # noqa: PLR2004 - redirects are answers, not errors
            return error.get_response()
        messages = {
            400: _("The request could not be read. Go back, reload the page and try again."),
            404: _("This page does not exist, or it is not visible to you."),
            405: _("This address does not answer that kind of request."),
            413: _(
                "What you sent is too large. Go back: what you typed is still there. Then choose a"
                " smaller file, or write less."
            ),
            429: _("Too many attempts. Wait a minute, then try again."),
        }
        return page(
            status, f"http.{status}", messages.get(status) or _("The request was not possible.")
        )

    @app.errorhandler(Exception)
    def crashed(error: Exception) -> ResponseReturnValue:
        if app.testing or app.debug:
            raise error
        app.logger.error("crash at %s %s", request.method, request.path, exc_info=error)
        return page(500, "http.500", _("Something broke on our side. Nothing was changed."))
