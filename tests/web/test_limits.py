"""How often one address may ask: which views have a limit."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_limiter.util import get_qualified_name

from portal.app import create_app
from portal.database import db
from portal.web.limits import limiter
from tests.conftest import make_settings


def test_every_view_that_was_given_a_limit_is_known_to_have_one(app: Flask) -> None:
    known = {
        get_qualified_name(view)
        for view in app.view_functions.values()
        if getattr(view, "portal_limited", False)
    }
    assert known == limiter._marked_for_limiting
    assert len(known) > 5


def test_without_the_shared_storage_each_process_counts_for_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    app = create_app(make_settings(url, RATE_LIMIT_STORAGE="redis://127.0.0.1:1/0"))
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        db.create_all()
    answers = [
        app.test_client().post("/sign-in", data={"email": "ada@example.org"}).status_code
        for _ in range(12)
    ]
    assert answers[:9] == [303] * 9
    assert answers[-1] == 429
    with app.app_context():
        db.engine.dispose()
