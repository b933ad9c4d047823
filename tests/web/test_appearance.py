"""The choice of light or dark: kept in a cookie, back to where one was, never to another site."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.web.appearance import blueprint


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint)
    return app.test_client()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_choice_is_kept_and_leads_back(client: FlaskClient, theme: str) -> None:
    answer = client.get(f"/appearance?theme={theme}&next=/p/lanternfish")
    assert (answer.status_code, answer.location) == (303, "/p/lanternfish")
    cookie = client.get_cookie("theme")
    assert cookie is not None
    assert cookie.value == theme
    assert cookie.http_only


@pytest.mark.parametrize("theme", ["auto", "", "<script>"])
def test_anything_else_is_the_systems_choice(client: FlaskClient, theme: str) -> None:
    client.get("/appearance?theme=dark")
    client.get("/appearance", query_string={"theme": theme})
    assert client.get_cookie("theme") is None


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"]
)
def test_it_never_leads_to_another_site(client: FlaskClient, address: str) -> None:
    answer = client.get("/appearance", query_string={"theme": "dark", "next": address})
    assert answer.location == "/"
