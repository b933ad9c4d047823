"""What gunicorn serves while it is measured: the portal, and the limits beside it."""

from __future__ import annotations

import os

from flask import Flask, render_template_string
from sqlalchemy import create_engine, select

from portal.app import create_app
from portal.models.organizations import Organization, Picture
from portal.models.sponsorship import Sponsorship
from tests.bench.durable import durable, grouped

__all__ = ["bare", "computed", "durable", "grouped", "portal"]

_ROWS = """<!DOCTYPE html><html lang="en"><title>Sponsors</title><h1>Sponsors</h1><ul>
{% for row in rows %}<li><a href="{{ row.approved_website }}" rel="sponsored nofollow noopener">
<img src="/pictures/{{ row.sha256 }}.webp" alt="">{{ row.approved_name }}</a>
<small>since {{ row.active_since.year }}</small> <a href="/o/{{ row.slug }}">more</a></li>
{% endfor %}</ul></html>"""


def portal() -> Flask:
    """The portal as it runs."""
    return create_app()


def computed() -> Flask:
    """The portal without kept pages: every request renders."""
    app = portal()
    app.config["PAGE_CACHE_BYTES"] = 0
    return app


def bare() -> Flask:
    """Limits: a fixed page as long as the portal's, and a bare Core query rendered by Jinja."""
    app = Flask(__name__)
    page = "x" * int(os.environ["BENCH_PAGE_BYTES"])
    engine = create_engine(os.environ["STAKEHOLD_DATABASE_URL"])
    query = (
        select(
            Sponsorship.approved_name,
            Sponsorship.approved_website,
            Sponsorship.active_since,
            Organization.slug,
            Picture.sha256,
        )
        .join(Organization, Organization.id == Sponsorship.organization_id)
        .outerjoin(Picture, Picture.id == Sponsorship.approved_picture_id)
        .where(Sponsorship.project_id == 1)
        .limit(200)
    )

    @app.get("/")
    def fixed() -> str:
        return page

    @app.get("/sponsors")
    def sponsors() -> str:
        with engine.connect() as connection:
            return render_template_string(_ROWS, rows=connection.execute(query).all())

    return app
