"""Composition root: settings, adapters, application, blueprints; the one file that sees all."""

from __future__ import annotations

import os
from pathlib import Path

import click
from babel import Locale
from flask import Flask
from flask.cli import ScriptInfo
from flask_babel import Babel
from flask_wtf import CSRFProtect
from sqlalchemy.engine import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

import portal.models  # noqa: F401 - every row must be known before the first query
from portal.adapters.choice import build_collaborators
from portal.cli import commands
from portal.database import db
from portal.domain.identity import SESSION_LIFETIME
from portal.jobs import init_jobs
from portal.ports.collaborators import Collaborators
from portal.settings import Settings, SettingsIncomplete, read_settings
from portal.web import BLUEPRINTS
from portal.web.access import init_access
from portal.web.application import Application
from portal.web.billing.webhooks import receive_event
from portal.web.charts import init_charts
from portal.web.errors import init_errors
from portal.web.formats import init_formats
from portal.web.headers import init_headers
from portal.web.limits import limiter
from portal.web.markdown import init_markdown
from portal.web.notifications.stopping import resume, stop
from portal.web.page_cache import init_page_cache
from portal.web.row_numbers import init_row_numbers
from portal.web.static_files import init_static
from portal.web.texts import init_texts

# Each field has its own, smaller limit and says so beside it; what is larger than this is not read.
_MOST_BYTES = 24 * 1024 * 1024

_LANGUAGE = Locale("en")  # of every page; read once, not at each request

babel = Babel()
csrf = CSRFProtect()


def find_folder(name: str) -> Path:
    """A folder that lies beside the package in a checkout and inside it once installed."""
    package = Path(__file__).resolve().parent
    beside = package.parent / name
    return beside if beside.is_dir() else package / name


def create_app(
    settings: Settings | None = None, collaborators: Collaborators | None = None
) -> Flask:
    """Build the portal from its settings.

    Tests may hand in other collaborators; the periodic work is then theirs to run.
    Refuses incomplete settings by ``SettingsIncomplete``, naming every missing key.
    """
    settings = settings or read_settings(os.environ)
    app = Application(
        "portal",
        template_folder=str(find_folder("templates")),
        static_folder=str(find_folder("static")),
        static_url_path="/static",
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=_MOST_BYTES,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        # An answer still on its way when somebody signs out must not bring the cookie back.
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_NAME="stakehold",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_ENABLED=True,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        MIGRATIONS=str(find_folder("migrations")),
        BABEL_DEFAULT_LOCALE=str(_LANGUAGE),
        BABEL_DEFAULT_TIMEZONE="UTC",
    )
    app.jinja_env.globals.update(site_name=settings.site_name, demonstration=settings.demonstration)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["stakehold"] = collaborators or build_collaborators(settings)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    db.init_app(app)
    babel.init_app(app, locale_selector=lambda: _LANGUAGE)
    csrf.init_app(app)
    for signed in (receive_event, stop, resume):
        csrf.exempt(signed)
    limiter.init_app(app)
    installs = (
        init_row_numbers,
        init_access,
        init_charts,
        init_errors,
        init_formats,
        init_headers,
        init_markdown,
        init_page_cache,
        init_static,
        init_texts,
    )
    for install in installs:
        install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if collaborators is None:
        init_jobs(app)
    return app


def _engine_options(database_url: str) -> dict[str, object]:
    """Connections are checked before use where a server may have gone away.

    Statements never bring their values into messages and logs: a sealed ballot is among them.
    """
    quiet: dict[str, object] = {"hide_parameters": True}
    if make_url(database_url).get_backend_name() == "sqlite":
        return quiet
    return quiet | {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}


def main() -> None:
    """Run the ``portal`` command."""
    commands(obj=ScriptInfo(create_app=_load))


def _load() -> Flask:
    """Build the portal for a command; missing settings are a message, not a traceback."""
    try:
        return create_app()
    except SettingsIncomplete as error:
        raise click.ClickException(str(error)) from error
