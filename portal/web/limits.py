"""How often one network address may ask for something that costs others time or mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from portal.web.access import View

limiter = Limiter(get_remote_address, default_limits=[], headers_enabled=True)


def limited_questions(limits: str) -> Callable[[View], View]:
    """Answer GETs that ask something, by a query, with 429 beyond ``limits``."""
    return cast(
        "Callable[[View], View]",
        limiter.limit(
            limits,
            methods=["GET"],
            exempt_when=lambda: not (request.args and current_app.config["RATELIMIT_ENABLED"]),
        ),
    )


def limited(limits: str) -> Callable[[View], View]:
    """Answer POSTs to a view with 429 beyond ``limits`` (``10 per minute; 60 per hour``)."""
    return cast(
        "Callable[[View], View]",
        limiter.limit(
            limits,
            methods=["POST"],
            exempt_when=lambda: not current_app.config["RATELIMIT_ENABLED"],
        ),
    )
