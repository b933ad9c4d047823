"""How often one network address may ask for something that costs others time or mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from portal.web.access import View

# When the storage that all processes share is gone, each process counts for itself.
limiter = Limiter(
    get_remote_address, default_limits=[], headers_enabled=True, in_memory_fallback_enabled=True
)


def limited_questions(limits: str) -> Callable[[View], View]:
    """Answer GETs that ask something, by a query, with 429 beyond ``limits``."""
    return _limited(
        limits,
        "GET",
        lambda: not (request.args and current_app.config["RATELIMIT_ENABLED"]),
    )


def limited(limits: str) -> Callable[[View], View]:
    """Answer POSTs to a view with 429 beyond ``limits`` (``10 per minute; 60 per hour``)."""
    return _limited(limits, "POST", lambda: not current_app.config["RATELIMIT_ENABLED"])


def _limited(limits: str, method: str, exempt: Callable[[], bool]) -> Callable[[View], View]:
    limit = limiter.limit(limits, methods=[method], exempt_when=exempt)

    def decorate(view: View) -> View:
        view.portal_limited = True  # type: ignore[attr-defined]
        return cast("View", limit(view))

    return decorate


@limiter.request_filter
def _is_unlimited() -> bool:
    """Most views have no limit, and the limiter need not look for one."""
    view = current_app.view_functions.get(request.endpoint or "")
    return not getattr(view, "portal_limited", False)
