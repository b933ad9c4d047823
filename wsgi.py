"""The WSGI entry point: ``gunicorn wsgi:app``."""

from __future__ import annotations

from portal.app import serve

app = serve()
