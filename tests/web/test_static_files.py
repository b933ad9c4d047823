"""Static files: hashed addresses, a year's cache, one stylesheet and one script, small enough."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.web.static_files import SCRIPTS, STYLES, StaticFiles, init_static

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "static"
FIRST_VIEW = (
    "app.css",
    "app.js",
    "vendor/brygada-1918-latin-wght-normal.woff2",
    "vendor/hanken-grotesk-latin-wght-normal.woff2",
)
FIRST_VIEW_BYTES = 100_000
PAGE_BYTES = 10_000  # room kept for the page itself, compressed


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__, static_folder=str(FOLDER), static_url_path="/static")
    init_static(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def url(app: Flask, name: str) -> str:
    address = app.jinja_env.globals["static_url"](name)  # type: ignore[operator]
    return str(address)


def test_a_name_leads_to_an_address_with_the_hash_of_its_content(
    app: Flask, client: FlaskClient
) -> None:
    address = url(app, "app.css")
    body = client.get(address).data
    assert re.fullmatch(r"/static/app\.[0-9a-f]{12}\.css", address)
    assert hashlib.sha256(body).hexdigest()[:12] in address


def test_a_hashed_file_may_be_kept_for_a_year(app: Flask, client: FlaskClient) -> None:
    answer = client.get(url(app, "app.js"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/app.000000000000.css",
        "/static/app.css",
        "/static/css/tokens.css",
        "/static/vendor/VENDOR.md",
        "/static/../pyproject.toml",
        "/static/%2e%2e/pyproject.toml",
    ],
)
def test_only_a_known_hash_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_unknown_name_in_a_template_is_an_error(app: Flask) -> None:
    with pytest.raises(KeyError):
        url(app, "mark/nothing.svg")


def test_the_stylesheet_holds_every_source_and_points_at_hashed_fonts(
    app: Flask, client: FlaskClient
) -> None:
    sheet = client.get(url(app, "app.css")).text
    assert "../" not in sheet
    assert "/*" not in sheet
    addresses = re.findall(r"url\(([^)]+)\)", sheet)
    assert len(addresses) == 4
    for address in addresses:
        assert client.get(f"/static/{address}").status_code == 200
    assert {path.name for path in (FOLDER / "css").iterdir()} == {Path(s).name for s in STYLES}


def test_the_script_holds_every_source(app: Flask, client: FlaskClient) -> None:
    script = client.get(url(app, "app.js")).data
    for name in SCRIPTS:
        assert (FOLDER / name).read_bytes() in script


def test_what_compresses_goes_compressed_to_whoever_asks(app: Flask, client: FlaskClient) -> None:
    address = url(app, "app.css")
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == refused.data
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_fonts_are_not_compressed_twice(app: Flask, client: FlaskClient) -> None:
    answer = client.get(url(app, FIRST_VIEW[2]), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.content_type == "font/woff2"


def test_the_favicon_answers_where_browsers_ask_for_it(client: FlaskClient) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 200
    assert answer.data[:4] == b"\x00\x00\x01\x00"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_the_first_view_stays_within_its_budget() -> None:
    files = StaticFiles(FOLDER)
    sent = sum(len(files.named(name).gzipped or files.named(name).body) for name in FIRST_VIEW)
    assert sent + PAGE_BYTES < FIRST_VIEW_BYTES


def test_no_style_or_script_needs_what_the_content_policy_refuses(
    app: Flask, client: FlaskClient
) -> None:
    sheet = client.get(url(app, "app.css")).text
    assert "data:" not in sheet
    assert "@import" not in sheet
    assert "://" not in sheet


def test_vendored_files_are_the_ones_their_list_names() -> None:
    listed = dict(
        re.findall(
            r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$",
            (FOLDER / "vendor/VENDOR.md").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    vendored = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (FOLDER / "vendor").iterdir()
        if file.suffix not in {".md", ".txt"}
    }
    assert listed == vendored


def test_an_application_without_a_static_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="static folder"):
        init_static(Flask(__name__, static_folder=None))
