"""When the database is gone: a page that says so, whoever asks, and no word of what broke."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from tests.conftest import make_settings

NOBODY_LISTENS = "postgresql+psycopg://127.0.0.1:1/none"


@pytest.fixture
def orphaned(caplog: pytest.LogCaptureFixture) -> Iterator[Flask]:
    """A portal as it is served, whose database does not answer."""
    app = create_app(make_settings(NOBODY_LISTENS))
    with caplog.at_level(logging.CRITICAL, app.logger.name):
        yield app


@pytest.fixture
def browser(orphaned: Flask) -> FlaskClient:
    """A browser that was signed in before."""
    client = orphaned.test_client()
    with client.session_transaction() as session:
        session.update({"_user_id": "token", "_fresh": True})
    return client


@pytest.mark.parametrize("path", ["/", "/desk", "/account", "/p/kiln", "/p/kiln/tiers"])
def test_whoever_asks_gets_a_page(orphaned: Flask, browser: FlaskClient, path: str) -> None:
    for client in (orphaned.test_client(), browser):
        answer = client.get(path)
        if client is not browser and answer.status_code == 302:
            continue  # a visitor is asked to sign in first
        assert answer.status_code == 500
        assert "Something broke" in answer.text
        assert "http.500" in answer.text
        assert "127.0.0.1" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_post_is_answered_too(orphaned: Flask, browser: FlaskClient) -> None:
    orphaned.config["WTF_CSRF_ENABLED"] = False
    for client in (orphaned.test_client(), browser):
        answer = client.post("/sign-in", data={"email": "ada@example.org"})
        assert answer.status_code == 500
        assert "Nothing was changed" in answer.text


def test_machines_are_told_which_part_is_gone(orphaned: Flask) -> None:
    client = orphaned.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["database"] is False
