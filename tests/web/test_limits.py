"""How often one address may ask: which views have a limit."""

from __future__ import annotations

from flask import Flask
from flask_limiter.util import get_qualified_name

from portal.web.limits import limiter


def test_every_view_that_was_given_a_limit_is_known_to_have_one(app: Flask) -> None:
    known = {
        get_qualified_name(view)
        for view in app.view_functions.values()
        if getattr(view, "portal_limited", False)
    }
    assert known == limiter._marked_for_limiting
    assert len(known) > 5
